// The order's page while something may still change: asks how the order stands, and when it stands otherwise brings
// the page anew, without a reload that would lose the reader's place.
import { ask } from '../shared/api.js';
import { countdown } from '../shared/countdown.js';
import { t } from '../shared/words.js';

const aloud = document.getElementById('aloud');
let order = document.getElementById('order');
let stop = () => {};
let timer = 0;

// A private link has done its work; its token need not stand in the address bar.
if (location.hash) history.replaceState(null, '', location.pathname + location.search);
settle();
document.addEventListener('visibilitychange', () => { if (!document.hidden) look(); });

// settle starts what the page as it is now needs.
function settle() {
  stop();
  const clock = document.getElementById('clock');
  if (clock) {
    const left = clock.querySelector('.left'), swap = order.dataset.state === 'swap-offered';
    stop = countdown(Date.parse(clock.dataset.until), {
      tick: (text) => { left.textContent = t('js.left', { time: text }); },
      minute: () => {
        clock.classList.add('last');
        aloud.textContent = swap ? t('js.minute.swap') : t('js.minute');
      },
      end: () => { aloud.textContent = swap ? t('js.over.swap') : t('js.over'); },
    });
  }
  later();
}

function later() {
  clearTimeout(timer);
  if (Number(order.dataset.wait) > 0) timer = setTimeout(look, Number(order.dataset.wait) < 30 ? 2000 + 1000 * Math.random() : 1000 * Number(order.dataset.wait));
}

// look asks once, unless nobody is looking; what could not be asked is asked again.
async function look() {
  clearTimeout(timer);
  if (document.hidden || !(Number(order.dataset.wait) > 0)) return;
  try {
    const answer = await ask('GET', `/api/v1/orders/${order.dataset.id}`);
    if (differs(answer)) await renew(answer);
  } catch { /* offline or busy: the page still says what was last known */ }
  later();
}

// differs tells whether the answer says more than the page. While payments are down, or an answer of the bank is missing,
// nothing in it tells when that is over: then the page itself is asked for.
function differs({ status, payment, mail, swap, listed, expires_at: expires }) {
  const shown = order.dataset;
  const dearer = swap ? `${swap.status} ${swap.payment?.url ?? ''}` : '';
  return shown.state === 'outage' || shown.state === 'checking' || status !== shown.status || mail.status !== shown.mail || dearer !== shown.swap || (listed?.length ?? 0) !== Number(shown.listed) ||
    (status === 'pending' && (payment?.url ?? '') !== shown.url) || Date.parse(expires) !== Date.parse(shown.until);
}

// renew puts the page as the server writes it now in place of the old, and goes on to the bank if that was the way.
async function renew(answer) {
  const going = 'go' in order.dataset;
  const pay = answer.status === 'pending' ? answer.payment : answer.swap?.status === 'pending' && answer.swap.payment;
  if (going && pay?.url) return location.replace(pay.url);
  const response = await fetch(location.pathname + (order.dataset.state === 'checking' ? '?back=1' : ''), { headers: { Accept: 'text/html' } });
  if (!response.ok) return undefined;
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  const fresh = page.getElementById('order');
  if (!fresh) return undefined;
  if (going && (fresh.dataset.state === 'asking' || fresh.dataset.swap === 'pending ')) fresh.dataset.go = '';
  if (JSON.stringify(fresh.dataset) === JSON.stringify(order.dataset)) return undefined;
  const moved = fresh.dataset.state !== order.dataset.state;
  const focus = order.contains(document.activeElement) ? document.activeElement.id : '';
  order.replaceWith(fresh);
  order = fresh;
  document.title = page.title;
  if (focus) (document.getElementById(focus) ?? document.getElementById('said')).focus({ preventScroll: !moved });
  if (moved) aloud.textContent = document.getElementById('said').textContent;
  settle();
  return undefined;
}
