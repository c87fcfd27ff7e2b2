// Which floor of the house is looked at, where it has several: chips over the map.
import { t } from '../shared/words.js';
import { floors } from './floors.js';

/** makeFloors shows the chips, if there is anything to choose; show(zone index | null) is called after every press. */
export function makeFloors(plan, show) {
  const bar = document.getElementById('floors'), all = floors(plan);
  if (!all.length) return;
  const chips = [{ zone: null, name: t('js.all-floors') }, ...all].map(({ zone, name }) => {
    const chip = Object.assign(document.createElement('button'), { type: 'button', className: 'chip' });
    chip.append(Object.assign(document.createElement('bdi'), { textContent: name }));
    chip.setAttribute('aria-pressed', String(zone === null));
    chip.addEventListener('click', () => {
      for (const other of chips) other.setAttribute('aria-pressed', String(other === chip));
      show(zone);
    });
    return chip;
  });
  bar.append(...chips);
  bar.hidden = false;
}
