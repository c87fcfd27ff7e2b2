// What is written and drawn on and between the seats once they are large enough: signs, links, notes, fuses, row letters,
// numbers, and what is picked.
import { drawFuse, drawNote, drawSign } from './glyphs.js';
import { FREE, HELD } from './state.js';

const letters = 48; // texts between two chances to stop

/** details adds them to what paint has sorted into scratch: count seats at their places, S device px a side. */
export function* details(ctx, scene, view, level, count, S) {
  const { plan, look, scratch } = scene, { p, k, ox, oy } = view, { width, height } = ctx.canvas;
  const seen = (n) => {
    const x = plan.x[n] * k + ox, y = plan.y[n] * k + oy;
    return x > -S && y > -S && x < width + S && y < height + S;
  };
  for (const n of plan.accessible) if (seen(n)) signOf(ctx, scene, view, n, S);
  if (scene.picked.size) {
    for (let i = 0; i < count; i++) if (scene.picked.has(scratch.sorted[i])) drawPicked(ctx, scratch.xs[i], scratch.ys[i], S, look);
  }
  if (scene.kept.size) {
    for (let i = 0; i < count; i++) if (scene.kept.has(scratch.sorted[i])) drawKept(ctx, scratch.xs[i], scratch.ys[i], S, look);
  }
  if (level > 1) links(ctx, scene, view, S, seen);
  if (level < 3) return;
  if (plan.noteOf.size) {
    for (let i = 0; i < count; i++) if (plan.noteOf.has(scratch.sorted[i])) noteOf(ctx, scene, scratch.sorted[i], scratch.xs[i], scratch.ys[i], S);
  }
  yield* rowLetters(ctx, scene, view);
  yield;
  if (level < 4) return;
  numberStyle(ctx, p, view.dpr, look);
  const once = spots(S / 2);
  for (let i = count - 1; i >= 0; i--) {
    const n = scratch.sorted[i];
    if ((scene.states[n] === FREE || scene.states[n] === HELD) && once(scratch.xs[i], scratch.ys[i], '')) near(ctx, scene, n, scratch.xs[i], scratch.ys[i], S);
    if (i % letters === 0) yield;
  }
}

/** detail is what a single seat that was drawn anew has on it. */
export function detail(ctx, scene, view, level, n, x, y, S) {
  if (scene.plan.accessible.has(n)) signOf(ctx, scene, view, n, S);
  if (scene.picked.has(n)) drawPicked(ctx, x, y, S, scene.look);
  if (scene.kept.has(n)) drawKept(ctx, x, y, S, scene.look);
  if (level > 2 && scene.plan.noteOf.has(n)) noteOf(ctx, scene, n, x, y, S);
  if (level < 4) return;
  numberStyle(ctx, view.p, view.dpr, scene.look);
  near(ctx, scene, n, x, y, S);
}

/** near is what one reads on a seat: its number, and on a held one how long it still is. */
function near(ctx, { plan, states, look, off, fuses }, n, x, y, S) {
  if (states[n] !== FREE && states[n] !== HELD) return;
  const left = states[n] === HELD ? fuses.left(n) : undefined;
  if (left !== undefined && !off(n)) drawFuse(ctx, x, y, S, left, look, look.categories[plan.category[n]].tint);
  if (plan.accessible.has(n)) return; // the sign stands there
  ctx.fillStyle = states[n] === FREE && !off(n) ? look.categories[plan.category[n]].text : look.soft;
  ctx.fillText(plan.number(n), x + S / 2, y + S / 2 + 1, 0.86 * S);
}

function signOf(ctx, { plan, states, look, hidden, off }, { k, ox, oy }, n, S) {
  if (hidden(n) || (states[n] !== FREE && states[n] !== HELD)) return;
  const { fill, text } = look.categories[plan.category[n]];
  const x = Math.round(plan.x[n] * k + ox) - (S >> 1), y = Math.round(plan.y[n] * k + oy) - (S >> 1);
  drawSign(ctx, x, y, S, off(n) ? look.soft : states[n] === FREE ? text : fill);
}

function noteOf(ctx, { plan, states, look, off }, n, x, y, S) {
  if (states[n] === FREE && !off(n)) drawNote(ctx, x, y, S, look.categories[plan.category[n]].text);
}

function drawPicked(ctx, x, y, S, look) {
  ctx.fillStyle = ctx.strokeStyle = look.ink;
  if (S < 6) return ctx.fillRect(x, y, S, S);
  const w = ctx.lineWidth = Math.max(1, Math.round(0.1 * S));
  return ctx.strokeRect(x - w / 2, y - w / 2, S + w, S + w);
}

/** drawKept tells a seat that staff keep for somebody from one that is not for sale at all. */
function drawKept(ctx, x, y, S, look) {
  const rim = Math.ceil(0.12 * S); // over the bar of what is blocked
  ctx.fillStyle = look.blocked;
  ctx.fillRect(x + rim, y + rim, S - 2 * rim, S - 2 * rim);
  ctx.fillStyle = look.ink;
  ctx.beginPath();
  ctx.arc(x + S / 2, y + S / 2, Math.max(1, 0.28 * S), 0, 2 * Math.PI);
  ctx.fill();
}

/** links draws the bar between a companion's seat and the wheelchair place it belongs to, in the gap between them. */
function links(ctx, { plan, look, hidden }, { k, ox, oy }, S, seen) {
  ctx.strokeStyle = look.ink;
  ctx.lineWidth = Math.max(1, Math.round(0.16 * S));
  for (const [n, of] of plan.companionOf) {
    if (!seen(n) || hidden(n)) continue;
    const dx = plan.x[of] - plan.x[n], dy = plan.y[of] - plan.y[n], length = Math.hypot(dx, dy);
    if (length < plan.pitch / 2 || length > 2.5 * plan.pitch) continue;
    const inset = 0.36 * S / (length * k);
    ctx.beginPath();
    ctx.moveTo((plan.x[n] + dx * inset) * k + ox, (plan.y[n] + dy * inset) * k + oy);
    ctx.lineTo((plan.x[of] - dx * inset) * k + ox, (plan.y[of] - dy * inset) * k + oy);
    ctx.stroke();
  }
}

function numberStyle(ctx, p, dpr, look) {
  ctx.font = `600 ${Math.round(0.36 * p * dpr)}px ${look.font}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
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

/** rowLetters writes a row's label one seat before its first and after its last, where no seat is in the way, and a
 * table's in its middle. */
function* rowLetters(ctx, { plan, grid, look, shown, tables }, { k, ox, oy, p, dpr }) {
  const px = Math.round(Math.min(14, 0.55 * p) * dpr);
  ctx.font = `500 ${px}px ${look.font}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillStyle = look.soft;
  const { width, height } = ctx.canvas, once = spots(1.6 * p * dpr), outside = (X, Y) => X < 0 || Y < 0 || X > width || Y > height;
  for (const { row, x, y, long } of tables) {
    const X = x * k + ox, Y = y * k + oy;
    if (!outside(X, Y) && shown[plan.rows[row].zone] !== 2 && 1.8 * long * k > px) ctx.fillText(plan.rows[row].label, X, Y + 1, 1.8 * long * k);
  }
  let drawn = 0;
  for (const row of plan.rows) {
    if (!row.label || row.size < 2 || row.table || shown[row.zone] === 2) continue;
    const a = row.first, b = row.first + row.size - 1;
    for (const [end, inner] of [[a, a + 1], [b, b - 1]]) {
      if (outside(plan.x[end] * k + ox, plan.y[end] * k + oy)) continue;
      const dx = plan.x[end] - plan.x[inner], dy = plan.y[end] - plan.y[inner], length = Math.hypot(dx, dy) || 1;
      const x = plan.x[end] + dx / length * plan.pitch, y = plan.y[end] + dy / length * plan.pitch;
      const X = x * k + ox, Y = y * k + oy;
      if (outside(X, Y) || grid.nearest(x, y, 0.75 * plan.pitch) >= 0 || !once(X, Y, row.label)) continue;
      ctx.fillText(row.label, X, Y + 1, 2.4 * p * dpr);
      drawn++;
    }
    if (drawn > letters) {
      drawn = 0;
      yield;
    }
  }
}
