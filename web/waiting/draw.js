// The waiting room as drawn: what say.js gives is written where it differs, and said aloud where it matters.
import { makeHand } from './hand.js';
import { view } from './say.js';
import { at, write } from './write.js';

const aloudEvery = 60_000; // figures are read out that often at most; a change of state at once

// makeDrawing gives draw(state), for a state as say.js reads it. call() is made when the turn comes: once, and once more
// each time that a seat comes back after there was none.
export function makeDrawing(event, call) {
  const title = document.title;
  const hand = makeHand(event);
  let kind = '', said = 0, called = false;

  return function draw(state) {
    const v = view(state), { big, under, lead, more, reason, grace } = v;
    const texts = { big, under, lead, more, reason, grace, outlook: v.outlook, message: state.now.message };
    Object.entries(texts).forEach(([id, text]) => write(at(id), text));
    v.prices.forEach(([id, text]) => {
      const cell = document.querySelector(`[data-chance="${CSS.escape(id)}"]`);
      if (cell) write(cell, text);
    });
    at('bar').hidden = v.share === undefined;
    at('bar').ariaValueNow = Math.round(100 * (v.share ?? 0));
    at('bar').firstElementChild.style.width = `${100 * (v.share ?? 0)}%`;
    write(at('go'), v.go);
    at('orders').hidden = !v.orders;
    at('kept').hidden = ['ended', 'done'].includes(v.kind);
    at('calling').hidden = ['turn', 'none-left', 'again', 'elsewhere'].includes(v.kind);
    hand(v.kind, state.place);
    at('check').hidden = state.now.draw?.size == null;
    document.body.classList.toggle('turn', v.kind === 'turn');
    document.title = v.title ? `${v.title} · ${title}` : title;
    if (kind !== v.kind || Date.now() - said > aloudEvery) {
      at('said').textContent = v.aloud ?? [big, lead, reason, grace, v.outlook].filter(Boolean).join(' ');
      said = Date.now();
    }
    if (kind !== v.kind) {
      const back = kind === 'sold-out' && v.kind === 'again';
      kind = v.kind;
      if (kind === 'sold-out' || kind === 'none-left') called = false;
      if (!called && (back || kind === 'turn' || (kind === 'next' && document.hidden))) {
        called = true;
        call();
      }
      if (['turn', 'again', 'elsewhere'].includes(kind)) at('main').scrollIntoView();
    }
  };
}
