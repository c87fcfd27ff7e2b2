// The sheet's three heights on a phone: 0 how many, 1 seats and price, 2 details. Beside the map it is simply all there.
import { t } from '../shared/words.js';

const far = 24; // px a finger moves before it is a pull

/** makeSheet gives {height(), setHeight(h)}; the grip is a button that goes up and then down again. */
export function makeSheet(sheet, grip) {
  let height = 0, from = null, pulled = false;
  const setHeight = (h) => {
    height = Math.max(0, Math.min(2, h));
    sheet.dataset.height = height;
    grip.setAttribute('aria-expanded', String(height > 0));
    grip.setAttribute('aria-label', t(height < 2 ? 'js.sheet-more' : 'js.sheet-less'));
  };
  grip.addEventListener('pointerdown', (e) => {
    [from, pulled] = [e.clientY, false];
    try { grip.setPointerCapture(e.pointerId); } catch { /* a pointer made by a script */ }
  });
  grip.addEventListener('pointermove', (e) => {
    if (from === null || Math.abs(e.clientY - from) < far) return;
    setHeight(height + (e.clientY < from ? 1 : -1));
    [from, pulled] = [e.clientY, true];
  });
  grip.addEventListener('pointerup', () => { from = null; });
  grip.addEventListener('pointercancel', () => { from = null; });
  grip.addEventListener('click', () => {
    if (!pulled) setHeight(height < 2 ? height + 1 : 0);
    pulled = false;
  });
  setHeight(0);
  return { height: () => height, setHeight };
}
