// What is said: on the sheet for all, aloud for those who listen, at the mouse for those who point.
const $ = (id) => document.getElementById(id);

/** announce says a sentence aloud, politely, also when it is the same as before. */
export function announce(text) {
  $('said').textContent = '';
  setTimeout(() => { $('said').textContent = text; }, 50);
}

/** note shows a sentence on the sheet, with at most one thing to do about it; it stays until closed or replaced. */
export function note(text, { label, act, href, kind = '' } = {}) {
  const button = $('note-act');
  $('note-text').textContent = text;
  $('note').className = `note ${kind}`;
  $('note').hidden = !text;
  button.hidden = !label;
  button.textContent = label ?? '';
  button.onclick = () => {
    note('');
    if (href) location.assign(href);
    else act?.();
  };
  if (text) announce(text);
}

/** closable lets the note be closed. */
export function closable() {
  $('note-close').addEventListener('click', () => note(''));
}

/** tip shows a sentence at a spot of the map, or hides it. */
export function tip(text, x, y) {
  const box = $('tip');
  box.hidden = !text;
  if (!text) return;
  box.textContent = text;
  const right = box.parentElement.clientWidth - box.offsetWidth - 8;
  box.style.transform = `translate(${Math.max(8, Math.min(right, x + 14))}px,${y + 18}px)`;
}
