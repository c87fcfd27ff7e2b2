// The checkout: its clock, one order a click, and where the seats are changed when there is a map to change them on.
import { api, ask } from '../shared/api.js';
import { now } from '../shared/clock.js';
import { countdown } from '../shared/countdown.js';
import { t } from '../shared/words.js';

const clock = document.getElementById('clock');
const aloud = document.getElementById('aloud');
const form = document.querySelector('form.who');

for (const link of document.querySelectorAll('a[data-map]')) link.href = link.dataset.map;

// A refused form is the answer to a POST, which a browser would not fetch again on the way back from paying. Taking its
// own address for a plain visit makes it one: going back asks anew, and an open order leads on to itself.
history.replaceState(history.state, '', location.href);

if (clock) run(Date.parse(clock.dataset.until));

function run(deadline) {
  const left = clock.querySelector('.left');
  countdown(deadline, {
    tick: (text) => { left.textContent = t('js.left', { time: text }); },
    minute: () => {
      clock.classList.add('last');
      aloud.textContent = t('js.minute');
    },
    end: over,
  });
}

// over says what happened and leaves one thing to do; what was typed stays on the screen above. An outage may have moved
// the deadline: the server knows.
async function over() {
  const basket = await ask('GET', api(location.pathname.split('/')[2], '/holds')).catch(() => null);
  const until = basket?.seats.length ? Date.parse(basket.expires_at) : 0;
  if (until > now()) return run(until);
  const notice = document.getElementById('over');
  form.querySelector('.paybar').hidden = true;
  notice.hidden = false;
  notice.focus();
  return undefined;
}

// A second click would only ask for the same order; the button says that the first one counts. The page may come back
// from the browser's memory, then the button must work again.
form?.addEventListener('submit', (event) => {
  if (event.submitter?.name === 'apply') return undefined; // a code is tried, nothing is ordered
  const button = document.getElementById('pay');
  if (button.getAttribute('aria-disabled') === 'true') return event.preventDefault();
  button.dataset.text = button.textContent;
  button.setAttribute('aria-disabled', 'true');
  button.textContent = t('js.paying');
  return undefined;
});
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload();
});
