// The few things that lie over the seats: mine, asked for, in focus, just changed. Elements, not pixels: each is moved by
// one transform a frame, and CSS says how it looks.

import { boxOf } from './floors.js';
import { drawSign } from './glyphs.js';

const most = 40; // pulses at once; more would be noise

/** makeMarks draws into a layer. kinds: mine, asking, lost, focus, hover. What is mine of an area is one pin in its middle. */
export function makeMarks(layer, scene) {
  const { plan } = scene;
  const marks = new Map(); // `${kind} ${n}` → {element, n, x, y}
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;

  /** sign is the wheelchair, which the mark would hide, in white. */
  const sign = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 64 });
    drawSign(canvas.getContext('2d'), 0, 0, 64, '#fff');
    return canvas;
  };
  const add = (kind, n) => {
    const element = document.createElement('div');
    element.className = `mark mark-${kind}`;
    if (kind === 'mine') element.append(Object.assign(document.createElement('i'), { className: 'mark-pin' }));
    if (kind === 'mine' && plan.accessible.has(n)) {
      element.classList.add('mark-sign');
      element.prepend(sign());
    }
    const area = n < plan.seats ? null : plan.areaOf(n), [left, top, right, bottom] = area ? boxOf(area) : [plan.x[n], plan.y[n], plan.x[n], plan.y[n]];
    if (area) element.classList.add('mark-area');
    layer.append(element);
    marks.set(`${kind} ${n}`, { element, n, x: (left + right) / 2, y: (top + bottom) / 2 });
    return element;
  };
  /** spots are the seats with a place of their own, and for what is mine in an area its first place. */
  const spots = (kind, seats) => seats.map((n) => (n < plan.seats ? n : kind === 'mine' ? plan.areaOf(n).first : -1)).filter((n) => n >= 0);
  const remove = (key) => {
    marks.get(key)?.element.remove();
    marks.delete(key);
  };

  return {
    /** set makes exactly these seats marked as kind. */
    set: (kind, seats) => {
      const all = spots(kind, seats), wanted = new Set(all.map((n) => `${kind} ${n}`));
      for (const key of [...marks.keys()]) if (key.startsWith(`${kind} `) && !wanted.has(key)) remove(key);
      for (const n of all) if (!marks.has(`${kind} ${n}`)) add(kind, n);
    },
    /** has tells whether a seat is marked as kind. */
    has: (kind, n) => marks.has(`${kind} ${n}`),
    /** pulse shows once, softly, that seats in sight have changed. */
    pulse: (seats, camera) => {
      if (still || document.hidden || camera.p < 6) return; // on mere squares it would be noise
      let room = most;
      for (const n of seats) {
        if (n >= plan.seats || !camera.sees(plan.x[n], plan.y[n]) || scene.hidden(n) || marks.has(`pulse ${n}`)) continue;
        if (room-- <= 0) return;
        add('pulse', n).addEventListener('animationend', () => remove(`pulse ${n}`), { once: true });
      }
    },
    frame: (camera) => {
      const side = Math.max(4, 0.8 * camera.p);
      layer.style.setProperty('--seat', `${side}px`);
      // Near, the seat itself is larger than its pin, which would hide the neighbour one may want next.
      layer.classList.toggle('marks-near', camera.p >= 22);
      for (const { element, x, y } of marks.values()) {
        element.style.transform = `translate(${x * camera.scale + camera.x}px,${y * camera.scale + camera.y}px)`;
      }
    },
  };
}
