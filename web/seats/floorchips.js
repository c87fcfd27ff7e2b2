// Which floor of the house is looked at, where it has several: chips over the map.
import { floors } from './floors.js';

/**
 * makeFloors shows the chips in bar, if there is anything to choose; whole is the name of all floors together; show(zone
 * index | null) is called after every press. to(n) shows the floor of seat n, if another one is shown.
 */
export function makeFloors(bar, plan, whole, show) {
  const all = floors(plan);
  let shown = null;
  if (!all.length) return { to: () => {} };
  const chips = [{ zone: null, name: whole }, ...all].map(({ zone, name }) => {
    const chip = Object.assign(document.createElement('button'), { type: 'button', className: 'chip' });
    chip.append(Object.assign(document.createElement('bdi'), { textContent: name }));
    chip.setAttribute('aria-pressed', String(zone === null));
    chip.addEventListener('click', () => {
      for (const other of chips) other.setAttribute('aria-pressed', String(other === chip));
      shown = zone;
      show(zone);
    });
    return chip;
  });
  bar.append(...chips);
  bar.hidden = false;
  return {
    to: (n) => {
      const zone = plan.zoneOf(n);
      if (shown !== null && shown !== zone) chips[1 + all.findIndex((floor) => floor.zone === zone)].click();
    },
  };
}
