// The few things that lie over the seats: mine, asked for, in focus, just changed, and the names of sections. Elements,
// not pixels: each is moved by one transform a frame, and CSS says how it looks.
import { freeBy } from './state.js';

const most = 40; // pulses at once; more would be noise

/** makeMarks draws into a layer. kinds: mine, asking, lost, focus, hover. */
export function makeMarks(layer, scene, words) {
  const { plan } = scene;
  const marks = new Map(); // `${kind} ${n}` → {element, n}
  const names = plan.zones.map((zone, i) => ({ i, element: null, ...place(scene, zone) })).filter((zone) => zone.size > 0);
  let still = matchMedia('(prefers-reduced-motion: reduce)').matches;

  const add = (kind, n) => {
    const element = document.createElement('div');
    element.className = `mark mark-${kind}`;
    if (kind === 'mine') element.append(Object.assign(document.createElement('i'), { className: 'mark-pin' }));
    layer.append(element);
    marks.set(`${kind} ${n}`, { element, n });
    return element;
  };
  const remove = (key) => {
    marks.get(key)?.element.remove();
    marks.delete(key);
  };

  const label = (zone) => {
    const free = freeBy(scene.states, (n) => plan.rows[plan.row[n]].zone, plan.zones.length)[zone.i];
    zone.element.replaceChildren(Object.assign(document.createElement('b'), { textContent: plan.zones[zone.i].name, dir: 'auto' }), words.free(free));
    zone.width = zone.element.offsetWidth;
  };
  for (const zone of names) {
    if (!plan.zones[zone.i].name || plan.zones.length > 200) continue;
    zone.element = document.createElement('div');
    zone.element.className = 'map-zone';
    layer.append(zone.element);
  }
  const named = names.filter((zone) => zone.element).sort((a, b) => b.size - a.size);

  return {
    /** set makes exactly these seats marked as kind. */
    set: (kind, seats) => {
      const wanted = new Set(seats.map((n) => `${kind} ${n}`));
      for (const key of [...marks.keys()]) if (key.startsWith(`${kind} `) && !wanted.has(key)) remove(key);
      for (const n of seats) if (!marks.has(`${kind} ${n}`)) add(kind, n);
    },
    /** has tells whether a seat is marked as kind. */
    has: (kind, n) => marks.has(`${kind} ${n}`),
    /** pulse shows once, softly, that seats have changed. */
    pulse: (seats) => {
      if (still || document.hidden) return;
      for (const n of seats.slice(0, most)) {
        if (marks.has(`pulse ${n}`)) continue;
        add('pulse', n).addEventListener('animationend', () => remove(`pulse ${n}`), { once: true });
      }
    },
    /** count writes the sections' names and how much is free in each. */
    count: () => named.forEach(label),
    frame: (camera) => {
      const side = Math.max(4, 0.8 * camera.p);
      layer.style.setProperty('--seat', `${side}px`);
      // Near, the seat itself is larger than its pin, which would hide the neighbour one may want next.
      layer.classList.toggle('marks-near', camera.p >= 22);
      for (const { element, n } of marks.values()) {
        element.style.transform = `translate(${plan.x[n] * camera.scale + camera.x}px,${plan.y[n] * camera.scale + camera.y}px)`;
      }
      names.length && placeNames(named, camera);
    },
    destroy: () => layer.replaceChildren(),
  };
}

/** placeNames shows names while seats are small, the larger sections first, none over another. */
function placeNames(named, camera) {
  const taken = [];
  for (const zone of named) {
    const x = zone.x * camera.scale + camera.x, y = zone.y * camera.scale + camera.y, half = (zone.width ?? 0) / 2 + 4;
    const fits = camera.p < zone.until && zone.span * camera.scale > zone.width * 1.6
      && !taken.some((t) => Math.abs(t.x - x) < t.half + half && Math.abs(t.y - y) < 44);
    zone.element.hidden = !fits;
    if (!fits) continue;
    taken.push({ x, y, half });
    zone.element.style.transform = `translate(${x}px,${y}px) translate(-50%,-50%)`;
  }
}

/** place finds where a section's name stands: in its middle. */
function place({ plan, grid }, zone) {
  let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity, size = 0;
  for (let r = zone.from; r < zone.to; r++) {
    for (let n = plan.rows[r].first, end = n + plan.rows[r].size; n < end; n++, size++) {
      left = Math.min(left, plan.x[n]); right = Math.max(right, plan.x[n]);
      top = Math.min(top, plan.y[n]); bottom = Math.max(bottom, plan.y[n]);
    }
  }
  const x = (left + right) / 2, y = (top + bottom) / 2;
  // Where no seat is hidden by it, as in a ring, a name may stand longer.
  const until = grid.nearest(x, y, 3 * plan.pitch) < 0 ? 14 : 3.5;
  return { x, y, span: right - left, size, until };
}
