// One picture of the map, painted piece by piece: paint is a generator that yields whenever it may be interrupted, so
// that a slab is finished in slices between frames.
import { drawAreas } from './areas.js';
import { detail, details } from './details.js';
import { drawSeats, sideOf } from './glyphs.js';
import { BLOCKED, FREE, HELD, SOLD } from './state.js';

const slice = 256; // seats between two chances to stop

// From the bottom up: real plans have seats on the same spot, and of those the one that can be had must be seen.
const order = [SOLD, BLOCKED, HELD, FREE], rank = order.map((_, state) => order.indexOf(state));

/** levelOf is how much is shown at a distance p of seats: 0 sections, 1 squares, 2 shapes, 3 row letters, 4 numbers. */
export const levelOf = (p) => (p < 2.5 ? 0 : p < 6 ? 1 : p < 10 ? 2 : p < 22 ? 3 : 4);

// What is sold is bare while seats are mere squares: in a hall that fills, most of what would be drawn is of no use.
const bare = (p) => levelOf(p) < 2;

const rounded = 14; // p from which few enough seats are in sight for round corners

/**
 * paint fills a canvas of width × height device px. view is {k, ox, oy, p, dpr}: device px a plan px, where the plan's
 * corner lies, and the distance of seats in CSS px. scene is what map.js keeps. Once they are sorted it yields the
 * number of seats.
 */
export function* paint(ctx, scene, view, width, height) {
  const { plan, grid, states, look, scratch, filter, shown } = scene, { k, ox, oy } = view;
  ctx.fillStyle = look.paper;
  ctx.fillRect(0, 0, width, height);
  drawAreas(ctx, scene, k, ox, oy);
  if (view.p < 2.5) return;
  yield;

  const found = grid.within(-ox / k, -oy / k, (width - ox) / k, (height - oy) / k, scratch.seats);
  const S = sideOf(view.p, view.dpr), categories = plan.categories.length;
  // Bucket by state and category: one fillStyle a bucket. Below all others lie the seats of faded zones.
  const fill = new Uint32Array(8 * categories + 1), alone = shown.some((how) => how > 0);
  const keyOf = (n) => {
    const key = rank[states[n]] * categories + plan.category[n];
    if (!alone) return key + 4 * categories;
    const how = shown[plan.rows[plan.row[n]].zone];
    return how === 2 ? -1 : how === 1 ? key : key + 4 * categories;
  };
  for (let i = 0; i < found; i++) {
    const key = keyOf(scratch.seats[i]);
    if (key >= 0) fill[key + 1]++;
  }
  for (let i = 1; i < fill.length; i++) fill[i] += fill[i - 1];
  const ends = fill.slice(1), count = fill[fill.length - 1];
  for (let i = 0; i < found; i++) {
    const n = scratch.seats[i], key = keyOf(n);
    if (key < 0) continue;
    const to = fill[key]++;
    scratch.sorted[to] = n;
    scratch.xs[to] = Math.round(plan.x[n] * k + ox) - (S >> 1);
    scratch.ys[to] = Math.round(plan.y[n] * k + oy) - (S >> 1);
  }
  yield count;
  for (let key = 0, from = 0; key < ends.length; key++) {
    const faded = key < 4 * categories, state = order[Math.floor(key / categories) % 4], category = key % categories;
    if (state === SOLD && bare(view.p)) {
      from = ends[key];
      continue;
    }
    for (const to = ends[key]; from < to;) {
      const until = Math.min(to, from + slice);
      drawSeats(ctx, state, category, scratch.xs.subarray(from, until), scratch.ys.subarray(from, until), until - from, S, look,
        faded || (filter && !filter.has(category)), view.p >= rounded);
      from = until;
      yield;
    }
  }
  yield* details(ctx, scene, view, levelOf(view.p), count, S);
}

/** patch repaints single seats of a finished picture in place, with those that share their spot. */
export function patch(ctx, scene, view, changed) {
  if (view.p < 2.5) return;
  const { plan, grid, states, look, hidden, off } = scene, { k, ox, oy } = view, S = sideOf(view.p, view.dpr);
  const xs = [0], ys = [0], level = levelOf(view.p);
  const at = (n) => {
    xs[0] = Math.round(plan.x[n] * k + ox) - (S >> 1);
    ys[0] = Math.round(plan.y[n] * k + oy) - (S >> 1);
  };
  for (const spot of changed) {
    if (spot >= plan.seats) continue;
    at(spot);
    if (hidden(spot) || xs[0] + S < 0 || ys[0] + S < 0 || xs[0] > ctx.canvas.width || ys[0] > ctx.canvas.height) continue;
    ctx.fillStyle = look.paper;
    ctx.fillRect(xs[0], ys[0], S, S);
    for (const n of grid.sharing(spot).sort((a, b) => rank[states[a]] - rank[states[b]])) {
      if (hidden(n)) continue;
      at(n);
      if (states[n] !== SOLD || !bare(view.p)) drawSeats(ctx, states[n], plan.category[n], xs, ys, 1, S, look, off(n), view.p >= rounded);
      detail(ctx, scene, view, level, n, xs[0], ys[0], S);
    }
  }
}
