// The names of sections and of areas on sale, with what is free in each and from which price, as elements over the map.
// Where the whole does not fit its section only the name is shown; where that does not fit either, of an area how much is
// free, and else nothing. No area's hides a seat.
import { boundsOf, boxOf } from './floors.js';
import { FREE, freeBy, freeIn } from './state.js';

const most = 400; // sections with names; a plan with more has rows for sections

/** middleOf is where a label stands on the screen: of an area that is larger than the view, in what one sees of it. */
function middleOf({ area, x, y, wide, high }, camera) {
  const side = (at, size, offset, view) => {
    const middle = at * camera.scale + offset, half = size * camera.scale / 2;
    return area && half < Infinity ? (Math.max(middle - half, Math.min(0, middle + half)) + Math.min(middle + half, Math.max(view, middle - half))) / 2 : middle;
  };
  return [side(x, wide, camera.x, camera.width), side(y, high, camera.y, camera.height)];
}

/** makeLabels puts them into a layer. words is {free(count), from(price, only)}; it gives {count, frame(camera)}. */
export function makeLabels(layer, scene, words) {
  const { plan } = scene, labels = [];
  const add = (name, kind, place) => {
    if (!name) return;
    const element = document.createElement('div');
    element.className = `map-zone ${kind}`;
    element.append(Object.assign(document.createElement('b'), { textContent: name, dir: 'auto' }), document.createElement('span'), Object.assign(document.createElement('span'), { className: 'map-price' }));
    element.hidden = true;
    layer.append(element);
    labels.push({ element, said: null, ...place });
  };
  for (const area of plan.areas) {
    const [left, top, right, bottom] = boxOf(area), text = area.shape === 'text'; // a text has no sides to fit into
    add(area.label || area.text?.text || area.name, 'map-area', { area, zone: area.zone, x: (left + right) / 2, y: (top + bottom) / 2, wide: text ? Infinity : right - left, high: text ? Infinity : bottom - top, until: Infinity });
  }
  if (plan.zones.length <= most) {
    const zones = plan.zones.map((zone, i) => ({ zone: i, ...boundsOf({ ...plan, areas: [] }, i) })).filter(({ size }) => size > 0).sort((a, b) => b.size - a.size);
    for (const { zone, x, y, left, top, right, bottom } of zones) {
      // Where no seat is hidden by it, as in a ring, a name may stand longer.
      const until = scene.grid.nearest(x, y, 3 * plan.pitch) < 0 ? 14 : 3.5;
      add(plan.zones[zone].name, '', { zone, x, y, wide: right - left, high: bottom - top, until });
    }
  }

  // Free seats by zone and category, kept as they change: to count a hundred thousand anew every second would be felt.
  const columns = plan.categories.length, keyOf = (n) => plan.rows[plan.row[n]].zone * columns + plan.category[n];
  let counts = null;
  const figures = ({ area, zone }) => {
    if (area) return [freeIn(scene.states, area), scene.prices[area.category], true];
    let free = 0, least = null, only = true;
    for (let category = 0; category < columns; category++) {
      const here = counts[zone * columns + category], price = scene.prices[category];
      free += here;
      if (!here || price === null) continue;
      only &&= least === null || price === least;
      if (least === null || price < least) least = price;
    }
    return [free, least, only];
  };

  return {
    /** moved is told of every drawn seat that changes. */
    moved: (n, was, is) => {
      if (counts && n < plan.seats) counts[keyOf(n)] += (is === FREE) - (was === FREE);
    },
    /** recount begins to count anew. */
    recount: () => { counts = null; },
    /** count writes how much is free, and from which price. All is written before anything is measured. */
    count: () => {
      counts ??= freeBy(scene.states, keyOf, plan.zones.length * columns, plan.seats);
      const grown = labels.filter((label) => {
        const [free, price, only] = figures(label), left = words.free(free), cost = free && words.from && price !== null ? words.from(price, only) : '', said = left + cost;
        if (said === label.said) return false;
        const same = said.length === label.said?.length; // nearly as wide: that is not worth a layout
        label.said = said;
        [label.element.children[1].textContent, label.element.lastElementChild.textContent] = [left, cost];
        if (same) return false;
        label.element.hidden = false;
        label.element.classList.remove('map-name', 'map-count');
        return true;
      });
      for (const label of grown) [label.width, label.height] = [label.element.offsetWidth, label.element.offsetHeight];
      for (const label of grown) label.element.classList.add('map-name');
      for (const label of grown) [label.nameWidth, label.nameHeight] = [label.element.offsetWidth, label.element.offsetHeight];
      for (const { element } of grown) element.classList.replace('map-name', 'map-count');
      for (const label of grown) [label.countWidth, label.countHeight] = [label.element.offsetWidth, label.element.offsetHeight];
    },
    /** frame shows them while seats are small, areas and the larger sections first, none over another. */
    frame: (camera) => {
      const taken = [], seat = 0.4 * camera.p;
      for (const label of labels) {
        const [x, middle] = middleOf(label, camera), wide = label.wide * camera.scale, high = label.high * camera.scale;
        const clear = (y, width, height) => !taken.some((t) => Math.abs(t.x - x) < (t.width + width) / 2 + 4 && Math.abs(t.y - y) < (t.height + height) / 2 + 4);
        // Floors over one another have their middles at one spot: there one name stands below the other.
        let y = middle;
        const bare = (at, width, height) => !label.area || !scene.grid.any(...camera.toPlan(x - width / 2 - seat, at - height / 2 - seat), ...camera.toPlan(x + width / 2 + seat, at + height / 2 + seat));
        const fits = (width, height) => {
          y = [middle, middle + height + 6, middle - height - 6].find((at) => Math.abs(at - middle) <= (high - height) / 2 && clear(at, width, height) && bare(at, width, height));
          return wide > width * 1.1 && high > height && y !== undefined;
        };
        const seen = camera.p < label.until && scene.shown[label.zone] === 0 && x > -80 && middle > -40 && x < camera.width + 80 && middle < camera.height + 40;
        const full = seen && fits(label.width, label.height), name = seen && !full && fits(label.nameWidth, label.nameHeight);
        const count = seen && !full && !name && label.area !== undefined && fits(label.countWidth, label.countHeight), none = !full && !name && !count;
        if (label.element.hidden !== none) label.element.hidden = none;
        if (none) continue;
        label.element.classList.toggle('map-name', name);
        label.element.classList.toggle('map-count', count);
        const [width, height] = full ? [label.width, label.height] : name ? [label.nameWidth, label.nameHeight] : [label.countWidth, label.countHeight];
        taken.push({ x, y, width, height });
        label.element.style.transform = `translate(${x}px,${y}px) translate(-50%,-50%)`;
      }
    },
  };
}
