// Seats side by side: what one tap takes for a party, and where the nearest stretch is that is long enough.
import { FREE } from './state.js';

const aisle = 1.8; // pitches between two seats of a row from which they no longer sit together; the server has the same

/**
 * makeParty answers for {plan, states, prices, basket}; seats are numbers, in rising order.
 * at(n, size)    the block of size seats around n, or all that is free together there when that is less; [] when n is not free
 * near(n, size)  the nearest block of that size to seat n, or []
 * longest(row, only)  the longest free stretch of a row (its index), only of these categories where given; [from, to)
 * has(size, category)  whether so many stand together anywhere in a category
 */
export function makeParty({ plan, states, prices, basket }) {
  const special = (n) => plan.accessible.has(n) || plan.companionOf.has(n);
  const free = (n) => states[n] === FREE && prices[plan.category[n]] !== null && !basket.asking.has(n);
  // Wheelchair places and those beside them go to a party only when it taps one.
  const fits = (n, kept) => free(n) && (kept || !special(n));
  const gap = aisle * plan.pitch;
  const together = (n) => Math.hypot(plan.x[n] - plan.x[n + 1], plan.y[n] - plan.y[n + 1]) < gap; // n and the next of its row

  /** runs calls hear(from, to) for every stretch of seats of a row that fit. */
  const runs = (row, fit, hear) => {
    const end = row.first + row.size;
    for (let from = row.first; from < end; from++) {
      if (!fit(from)) continue;
      let to = from + 1;
      while (to < end && fit(to) && together(to - 1)) to++;
      hear(from, to);
      from = to - 1;
    }
  };
  const list = (from, size) => Array.from({ length: size }, (_, i) => from + i);

  /** window is the best block of size seats in the stretch from..to-1: of one price, leaving nobody a single seat, then near. */
  const window = (from, to, size, category, far) => {
    let best = -1, least = Infinity;
    for (let first = from; first + size <= to; first++) {
      let cost = far(first, size) + (first - from === 1 ? 1e3 : 0) + (to - first - size === 1 ? 1e3 : 0);
      for (let n = first; n < first + size; n++) {
        if (plan.category[n] !== category) cost += 1e4;
        const place = plan.companionOf.get(n);
        if (place !== undefined) cost += place >= first && place < first + size ? -2e3 : 5e3; // who sits beside a wheelchair place goes with it
      }
      if (cost < least) [best, least] = [first, cost];
    }
    return [best, least];
  };

  return {
    at: (n, size) => {
      if (!free(n)) return [];
      if (size <= 1) return [n];
      let found = [n];
      runs(plan.rows[plan.row[n]], (other) => fits(other, special(n)), (from, to) => {
        if (n < from || n >= to) return;
        if (to - from <= size) found = list(from, to - from);
        else {
          const low = Math.max(from, n - size + 1), high = Math.min(to, n + size);
          // Blocks that do not hold the tapped seat are no answer to the tap.
          const [first] = window(from, to, size, plan.category[n], (at) => (at < low || at + size > high ? Infinity : Math.abs(at + (size - 1) / 2 - n)));
          found = list(first, size);
        }
      });
      return found;
    },
    near: (n, size) => {
      let best = -1, least = Infinity;
      const far = (first) => Math.hypot(plan.x[first] + (plan.x[first + size - 1] - plan.x[first]) / 2 - plan.x[n], plan.y[first] - plan.y[n]) / plan.pitch;
      for (const row of plan.rows) {
        runs(row, (other) => fits(other, false), (from, to) => {
          if (to - from < size) return;
          const [first, cost] = window(from, to, size, plan.category[n], far);
          if (cost < least) [best, least] = [first, cost];
        });
      }
      return best < 0 ? [] : list(best, size);
    },
    longest: (index, only = null) => {
      let most = [0, 0];
      runs(plan.rows[index], (n) => fits(n, false) && (!only || only.has(plan.category[n])), (from, to) => {
        if (to - from > most[1] - most[0]) most = [from, to];
      });
      return most;
    },
    has: (size, category) => plan.rows.some((row) => {
      let yes = false;
      runs(row, (n) => fits(n, false) && plan.category[n] === category, (from, to) => { yes ||= to - from >= size; });
      return yes;
    }),
  };
}
