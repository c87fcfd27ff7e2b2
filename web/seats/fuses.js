// When held seats may come back, as far as the server has said, and what of that is left: a few times a minute the seats
// in question are drawn anew, so that a fuse burns down without an animation.
import { now } from '../shared/clock.js';
import { HELD } from './state.js';

const step = 15_000; // ms: deadlines come rounded to as much

/** makeFuses keeps them; redraw(seats) is told every now and then which still burn. span is how long a hold lasts, in s. */
export function makeFuses(states, span, redraw) {
  const due = new Map();
  let timer = 0;
  const tick = () => {
    timer = 0;
    for (const n of due.keys()) if (states[n] !== HELD) due.delete(n);
    if (!document.hidden) redraw([...due.keys()]);
    if (due.size) timer = setTimeout(tick, step);
  };
  return {
    /** set learns of deadlines: [[n, unix seconds], …]. */
    set: (entries) => {
      for (const [n, at] of entries) due.set(n, at);
      if (due.size) timer ||= setTimeout(tick, step);
      return entries.map(([n]) => n);
    },
    clear: () => due.clear(),
    /** left is the share of its time that a held seat still has, 0…1, or undefined when nobody has said. */
    left: (n) => {
      const at = due.get(n);
      return at === undefined ? undefined : Math.max(0, Math.min(1, (at - now() / 1000) / span));
    },
    destroy: () => clearTimeout(timer),
  };
}
