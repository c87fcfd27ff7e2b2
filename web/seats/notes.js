// What is said: on the sheet for all, aloud for those who listen, at the mouse for those who point.
import { upper } from './say.js';

const $ = (id) => document.getElementById(id);
let closed = null, before = null; // what to do when the note goes without an answer; who had the focus before it

/** announce says a sentence aloud, politely, also when it is the same as before. */
export function announce(text) {
  $('said').textContent = '';
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => { $('said').textContent = upper(text); }, 50);
}

/** home is where somebody goes on whose button went: on with the seats, for more of them, or back to the list. */
export const home = () => ['go', 'best', 'view'].map($).find(seen);
const seen = (element) => element.isConnected && element.getClientRects().length > 0;

/**
 * note shows a sentence on the sheet, with what can be done about it; it stays until answered, closed or replaced. "" takes
 * it away. acts: [{label, act | href}], the first being the likely one; shut(byHand) is called when it is closed or replaced.
 * What somebody's own act led to comes into sight, the first answer in focus, and they are taken back afterwards; what came
 * by itself (own: false) is said and moves nobody.
 */
export function note(text, { acts = [], kind = '', shut = null, own = true } = {}) {
  const open = acts.filter(Boolean), was = closed;
  closed = null;
  was?.(false);
  closed = text ? shut : null;
  const from = document.activeElement, within = $('note').contains(from), asks = Boolean(text && own && open.length);
  if (asks && !within) before = from;
  $('note-text').textContent = upper(text);
  $('note').className = `note ${kind} ${asks ? 'asks' : ''}`;
  $('note').hidden = !text;
  $('note-acts').hidden = !open.length;
  $('note-acts').replaceChildren(...open.map(({ label, act, href }, i) => {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: label, className: i ? 'quiet' : '' });
    button.addEventListener('click', () => {
      closed = null; // answered, not left
      note('');
      if (href) location.assign(href);
      else act?.();
    });
    return button;
  }));
  if (text) announce(text);
  if (text && own) $('note').scrollIntoView({ block: 'nearest' });
  if (asks) $('note-acts').firstElementChild.focus({ preventScroll: true });
  else if (within) {
    (before && before !== document.body && seen(before) ? before : home())?.focus({ preventScroll: true });
    before = null;
  }
}

/** unsay takes a sentence away that is no longer true, if it still stands there. */
export function unsay(text) {
  if ($('note-text').textContent === upper(text)) note('');
}

/** closable lets the note be closed, by its cross or by Escape. */
export function closable() {
  const close = () => {
    const was = closed;
    closed = null;
    note('');
    was?.(true);
  };
  $('note-close').addEventListener('click', close);
  const box = $('note'), area = $('area');
  document.addEventListener('keydown', (e) => { if (e.key === 'Escape' && !box.hidden && !area.contains(e.target)) close(); });
}

/** tip shows a sentence at a spot of the map, or hides it. */
export function tip(text, x, y) {
  const box = $('tip');
  box.hidden = !text;
  if (!text) return;
  box.textContent = upper(text);
  const right = box.parentElement.clientWidth - box.offsetWidth - 8;
  box.style.transform = `translate(${Math.max(8, Math.min(right, x + 14))}px,${y + 18}px)`;
}
