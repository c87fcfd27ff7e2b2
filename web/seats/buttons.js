// What stands on the map to press: closer, further away, the whole.

/** makeButtons puts them into an element and gives what they stand in; words names them, on is {zoomIn, zoomOut, fit}. */
export function makeButtons(element, words, on) {
  const buttons = document.createElement('div');
  buttons.className = 'map-buttons';
  for (const [name, sign] of [['zoomIn', '+'], ['zoomOut', '−'], ['fit', '⤢']]) {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: sign });
    button.setAttribute('aria-label', words[name]);
    button.addEventListener('click', on[name]);
    button.addEventListener('pointerdown', (e) => e.stopPropagation());
    buttons.append(button);
  }
  element.append(buttons);
  return buttons;
}
