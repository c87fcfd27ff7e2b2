// One picture of the map, painted piece by piece: paint is a generator that yields whenever it may be interrupted, so
// that a slab is finished in slices between frames.
import { drawAreas } from './areas.js';
import { drawSeats, drawSign, sideOf } from './glyphs.js';
import { BLOCKED, FREE, HELD, SOLD } from './state.js';

const slice = 256, letters = 48; // seats, and texts, between two chances to stop

// From the bottom up: real plans have seats on the same spot, and of those the one that can be had must be seen.
const order = [SOLD, BLOCKED, HELD, FREE], rank = order.map((_, state) => order.indexOf(state));

/** levelOf is how much is shown at a distance p of seats: 0 sections, 1 squares, 2 shapes, 3 row letters, 4 numbers. */
export const levelOf = (p) => (p < 2.5 ? 0 : p < 6 ? 1 : p < 10 ? 2 : p < 22 ? 3 : 4);

const rounded = 14; // p from which few enough seats are in sight for round corners

/**
 * paint fills a canvas of width × height device px. view is {k, ox, oy, p, dpr}: device px a plan px, where the plan's
 * corner lies, and the distance of seats in CSS px. scene is {plan, grid, states, look, filter, scratch}.
 */
export function* paint(ctx, scene, view, width, height) {
  const { plan, grid, states, look, scratch } = scene, { k, ox, oy } = view;
  ctx.fillStyle = look.paper;
  ctx.fillRect(0, 0, width, height);
  drawAreas(ctx, plan, k, ox, oy, look);
  if (view.p < 2.5) return;
  yield;

  const count = grid.within(-ox / k, -oy / k, (width - ox) / k, (height - oy) / k, scratch.seats);
  const S = sideOf(view.p, view.dpr), categories = plan.categories.length;
  // Bucket by state and category: one fillStyle a bucket.
  const fill = new Uint32Array(4 * categories + 1);
  const keyOf = (n) => rank[states[n]] * categories + plan.category[n];
  for (let i = 0; i < count; i++) fill[keyOf(scratch.seats[i]) + 1]++;
  for (let i = 1; i < fill.length; i++) fill[i] += fill[i - 1];
  const ends = fill.slice(1);
  for (let i = 0; i < count; i++) {
    const n = scratch.seats[i], to = fill[keyOf(n)]++;
    scratch.sorted[to] = n;
    scratch.xs[to] = Math.round(plan.x[n] * k + ox) - (S >> 1);
    scratch.ys[to] = Math.round(plan.y[n] * k + oy) - (S >> 1);
  }
  yield;
  for (let key = 0, from = 0; key < ends.length; key++) {
    const state = order[Math.floor(key / categories)], category = key % categories;
    for (const to = ends[key]; from < to;) {
      const until = Math.min(to, from + slice);
      drawSeats(ctx, state, category, scratch.xs.subarray(from, until), scratch.ys.subarray(from, until), until - from, S, look,
        scene.filter && !scene.filter.has(category), view.p >= rounded);
      from = until;
      yield;
    }
  }
  yield* details(ctx, scene, view, count, S);
}

/** details adds signs, links, row letters and numbers to what paint has sorted into scratch. */
function* details(ctx, scene, view, count, S) {
  const { plan, states, look, scratch } = scene, level = levelOf(view.p);
  for (const n of plan.accessible) signOf(ctx, scene, view, n, S);
  if (level > 1) links(ctx, scene, view, S);
  if (level < 3) return;
  yield* rowLetters(ctx, scene, view);
  yield;
  if (level < 4) return;
  numberStyle(ctx, view, look);
  const once = spots(S / 2);
  for (let i = count - 1; i >= 0; i--) {
    const n = scratch.sorted[i];
    if ((states[n] === FREE || states[n] === HELD) && once(scratch.xs[i], scratch.ys[i], '')) {
      numberOf(ctx, scene, n, scratch.xs[i], scratch.ys[i], S);
    }
    if (i % letters === 0) yield;
  }
}

function signOf(ctx, { plan, states, look }, { k, ox, oy }, n, S) {
  if (states[n] !== FREE && states[n] !== HELD) return;
  const { fill, text } = look.categories[plan.category[n]];
  const x = Math.round(plan.x[n] * k + ox) - (S >> 1), y = Math.round(plan.y[n] * k + oy) - (S >> 1);
  drawSign(ctx, x, y, S, states[n] === FREE ? text : fill);
}

/** links draws the bar between a companion's seat and the wheelchair place it belongs to, in the gap between them. */
function links(ctx, { plan, look }, { k, ox, oy }, S) {
  ctx.strokeStyle = look.ink;
  ctx.lineWidth = Math.max(1, Math.round(0.16 * S));
  for (const [n, of] of plan.companionOf) {
    const dx = plan.x[of] - plan.x[n], dy = plan.y[of] - plan.y[n], length = Math.hypot(dx, dy);
    if (length < plan.pitch / 2 || length > 2.5 * plan.pitch) continue;
    const inset = 0.36 * S / (length * k);
    ctx.beginPath();
    ctx.moveTo((plan.x[n] + dx * inset) * k + ox, (plan.y[n] + dy * inset) * k + oy);
    ctx.lineTo((plan.x[of] - dx * inset) * k + ox, (plan.y[of] - dy * inset) * k + oy);
    ctx.stroke();
  }
}

function numberStyle(ctx, view, look) {
  ctx.font = `600 ${Math.round(0.36 * view.p * view.dpr)}px ${look.font}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
}

function numberOf(ctx, { plan, states, look, filter }, n, x, y, S) {
  if (plan.accessible.has(n)) return; // the sign stands there
  const dimmed = filter && !filter.has(plan.category[n]);
  ctx.fillStyle = states[n] === FREE && !dimmed ? look.categories[plan.category[n]].text : look.soft;
  ctx.fillText(plan.number(n), x + S / 2, y + S / 2 + 1, 0.86 * S);
}

/** spots tells of a text at a spot whether it is the first there: of two on one place only one is written. */
function spots(reach) {
  const cells = new Map(), at = (v) => Math.floor(v / reach), key = (i, j) => i * 1e6 + j;
  return (x, y, text) => {
    for (let i = at(x) - 1; i <= at(x) + 1; i++) {
      for (let j = at(y) - 1; j <= at(y) + 1; j++) {
        for (const other of cells.get(key(i, j)) ?? []) {
          // The same letter beside itself says nothing new; another one needs only not to be covered.
          if (Math.hypot(other.x - x, other.y - y) < (other.text === text ? reach : reach / 3)) return false;
        }
      }
    }
    const cell = key(at(x), at(y));
    cells.set(cell, [...cells.get(cell) ?? [], { x, y, text }]);
    return true;
  };
}

/** rowLetters writes a row's label one seat before its first and after its last, where no seat is in the way. */
function* rowLetters(ctx, { plan, grid, look }, { k, ox, oy, p, dpr }) {
  ctx.font = `500 ${Math.round(Math.min(14, 0.55 * p) * dpr)}px ${look.font}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillStyle = look.soft;
  const { width, height } = ctx.canvas, once = spots(1.6 * p * dpr);
  let drawn = 0;
  for (const row of plan.rows) {
    if (!row.label || row.size < 2) continue;
    const a = row.first, b = row.first + row.size - 1;
    for (const [end, inner] of [[a, a + 1], [b, b - 1]]) {
      const dx = plan.x[end] - plan.x[inner], dy = plan.y[end] - plan.y[inner], length = Math.hypot(dx, dy) || 1;
      const x = plan.x[end] + dx / length * plan.pitch, y = plan.y[end] + dy / length * plan.pitch;
      const X = x * k + ox, Y = y * k + oy;
      if (X < 0 || Y < 0 || X > width || Y > height || grid.nearest(x, y, 0.75 * plan.pitch) >= 0 || !once(X, Y, row.label)) continue;
      ctx.fillText(row.label, X, Y + 1, 2.4 * p * dpr);
      drawn++;
    }
    if (drawn > letters) {
      drawn = 0;
      yield;
    }
  }
}

/** patch repaints single seats of a finished picture in place, with those that share their spot. */
export function patch(ctx, scene, view, changed) {
  if (view.p < 2.5) return;
  const { plan, grid, states, look, filter } = scene, { k, ox, oy } = view, S = sideOf(view.p, view.dpr);
  const xs = [0], ys = [0], level = levelOf(view.p);
  if (level === 4) numberStyle(ctx, view, look);
  for (const spot of changed) {
    const at = (n) => {
      xs[0] = Math.round(plan.x[n] * k + ox) - (S >> 1);
      ys[0] = Math.round(plan.y[n] * k + oy) - (S >> 1);
    };
    at(spot);
    if (xs[0] + S < 0 || ys[0] + S < 0 || xs[0] > ctx.canvas.width || ys[0] > ctx.canvas.height) continue;
    ctx.fillStyle = look.paper;
    ctx.fillRect(xs[0], ys[0], S, S);
    for (const n of grid.sharing(spot).sort((a, b) => rank[states[a]] - rank[states[b]])) {
      at(n);
      drawSeats(ctx, states[n], plan.category[n], xs, ys, 1, S, look, filter && !filter.has(plan.category[n]), view.p >= rounded);
      if (plan.accessible.has(n)) signOf(ctx, scene, view, n, S);
      if (level === 4 && (states[n] === FREE || states[n] === HELD)) numberOf(ctx, scene, n, xs[0], ys[0], S);
    }
  }
}
