// A uniform grid over the seats: which ones a rectangle may hold, and which one lies under a finger. Measured against
// the usual libraries it is quicker to build and to ask, because seats never move.

/** makeGrid indexes a plan; the seats of a cell lie next to one another (compressed rows). */
export function makeGrid(plan) {
  const cell = 8 * plan.pitch;
  const columns = Math.max(1, Math.ceil(plan.width / cell)), rows = Math.max(1, Math.ceil(plan.height / cell));
  const clamp = (v, most) => Math.max(0, Math.min(most - 1, Math.floor(v / cell)));
  const at = (n) => clamp(plan.y[n], rows) * columns + clamp(plan.x[n], columns);
  const start = new Uint32Array(columns * rows + 1), seats = new Uint32Array(plan.seats);
  for (let n = 0; n < plan.seats; n++) start[at(n) + 1]++;
  for (let i = 1; i < start.length; i++) start[i] += start[i - 1];
  const next = start.slice();
  for (let n = 0; n < plan.seats; n++) seats[next[at(n)]++] = n;

  /** within writes the seats of all cells that touch the rectangle into out and tells how many they are. */
  const within = (left, top, right, bottom, out) => {
    let size = 0;
    const from = clamp(left, columns), to = clamp(right, columns);
    for (let row = clamp(top, rows), last = clamp(bottom, rows); row <= last; row++) {
      const slice = seats.subarray(start[row * columns + from], start[row * columns + to + 1]);
      out.set(slice, size);
      size += slice.length;
    }
    return size;
  };

  const found = new Uint32Array(plan.seats);
  /** near gives the seats within radius of a spot as [distance², n]. */
  const near = (x, y, radius) => {
    const out = [];
    for (let i = within(x - radius, y - radius, x + radius, y + radius, found) - 1; i >= 0; i--) {
      const n = found[i], distance = (plan.x[n] - x) ** 2 + (plan.y[n] - y) ** 2;
      if (distance <= radius * radius) out.push([distance, n]);
    }
    return out;
  };
  /** nearest gives the seat closest to a spot, -1 when none is within radius. Of several on one spot the
   * one with the least handicap, which counts in pitches. */
  const nearest = (x, y, radius, handicap = () => 0) => {
    let best = -1, least = Infinity;
    for (const [distance, n] of near(x, y, radius)) {
      const rated = Math.sqrt(distance) + handicap(n) * plan.pitch;
      if (rated < least) [best, least] = [n, rated];
    }
    return best;
  };
  /** any tells whether the middle of a seat lies in a rectangle. */
  const any = (left, top, right, bottom) => {
    for (let i = within(left, top, right, bottom, found) - 1; i >= 0; i--) {
      const x = plan.x[found[i]], y = plan.y[found[i]];
      if (x > left && x < right && y > top && y < bottom) return true;
    }
    return false;
  };
  /** sharing gives the seats drawn over one another with seat n, itself among them. */
  const sharing = (n) => near(plan.x[n], plan.y[n], plan.pitch / 2).map(([, other]) => other);
  return { within, nearest, any, sharing };
}
