// The waiting room as drawn: what say.js gives is written where it differs, and said aloud where it matters.
import { link } from '../shared/place.js';
import { t } from '../shared/words.js';
import { view } from './say.js';
import { at, write } from './write.js';

const aloudEvery = 60_000; // figures are read out that often at most; a change of state at once

// makeDrawing gives draw(state), for a state as say.js reads it.
export function makeDrawing(event, { sound }) {
  const title = document.title;
  let kind = '', said = 0, state = null;

  function draw(next) {
    state = next;
    const v = view(state), { big, under, lead, more, reason } = v;
    Object.entries({ big, under, lead, more, reason, message: state.now.message }).forEach(([id, text]) => write(at(id), text));
    at('bar').hidden = v.share === undefined;
    at('bar').ariaValueNow = Math.round(100 * (v.share ?? 0));
    at('bar').firstElementChild.style.width = `${100 * (v.share ?? 0)}%`;
    write(at('go'), v.go);
    at('orders').hidden = !v.orders;
    at('kept').hidden = ['ended', 'done'].includes(v.kind);
    at('check').hidden = state.now.draw?.size == null;
    document.body.classList.toggle('turn', v.kind === 'turn');
    document.title = v.title ? `${v.title} · ${title}` : title;
    if (kind !== v.kind || Date.now() - said > aloudEvery) {
      at('said').textContent = v.aloud ?? `${v.big} ${v.lead ?? ''}`;
      said = Date.now();
    }
    if (kind !== v.kind) {
      kind = v.kind;
      if (kind === 'turn' || (kind === 'next' && document.hidden)) sound();
      if (kind === 'turn' || kind === 'again') at('main').scrollIntoView();
    }
  }

  at('copy').textContent = t(navigator.share ? 'js.share' : 'js.copy');
  at('copy').addEventListener('click', () => hand(link(event, state.place.place)));
  at('check').addEventListener('toggle', async function open() {
    const module = await import('./check.js').catch(() => null); // no connection: opened again, it is tried again
    if (!module) return;
    at('check').removeEventListener('toggle', open);
    module.check(at('proof'), event, state);
  });
  return draw;
}

// hand gives the private link away by whatever way this browser has: its own sheet, the clipboard, or to be copied by hand.
async function hand(address) {
  const button = at('copy'), field = at('link');
  try {
    if (navigator.share) return await navigator.share({ url: address });
    await navigator.clipboard.writeText(address);
    button.textContent = t('js.copied');
  } catch (error) {
    if (error.name === 'AbortError') return undefined;
    Object.assign(field, { hidden: false, value: address });
    field.select();
  }
  return undefined;
}
