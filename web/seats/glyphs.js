// How a seat is drawn: shape first, colour second, out of rectangles on whole device px (research: circles cost three
// times, little pictures six times as much). Near, where few seats are in sight, the squares get round corners.
import { FREE, HELD, SOLD } from './state.js';

/** sideOf is a seat's side in device px. */
export const sideOf = (p, dpr) => Math.max(2, Math.round(0.8 * p * dpr));

/**
 * drawSeats draws the seats at (xs[i], ys[i]), all of one state and category. S is their side, look the colours;
 * dimmed seats are those a filter leaves out; round says that corners may be rounded.
 */
export function drawSeats(ctx, state, category, xs, ys, size, S, look, dimmed, round) {
  const { fill, tint, notches } = look.categories[category];
  if (state === FREE) {
    ctx.fillStyle = dimmed ? look.dim : fill;
    squares(ctx, xs, ys, size, S, 0, round);
    if (notches && !dimmed && S >= 5) notch(ctx, xs, ys, size, S, notches, look);
  } else if (state === HELD) {
    ctx.fillStyle = dimmed ? look.dim : S < 4 ? tint : fill;
    if (S < 4) squares(ctx, xs, ys, size, S, 0, false);
    else frames(ctx, xs, ys, size, S, Math.max(1, Math.round(0.16 * S)), round, look);
  } else if (state === SOLD) {
    ctx.fillStyle = look.sold;
    const d = Math.max(1, Math.round(0.38 * S));
    squares(ctx, xs, ys, size, d, (S - d) >> 1, false);
  } else {
    ctx.fillStyle = look.blocked;
    squares(ctx, xs, ys, size, S, 0, round);
    ctx.fillStyle = look.bar;
    const bar = Math.max(1, Math.round(0.2 * S)), inset = Math.round(0.2 * S), top = (S - bar) >> 1;
    for (let i = 0; i < size; i++) ctx.fillRect(xs[i] + inset, ys[i] + top, S - 2 * inset, bar);
  }
}

function squares(ctx, xs, ys, size, S, offset, round) {
  if (!round) {
    for (let i = 0; i < size; i++) ctx.fillRect(xs[i] + offset, ys[i] + offset, S, S);
    return;
  }
  const r = Math.round(0.2 * S);
  ctx.beginPath();
  for (let i = 0; i < size; i++) ctx.roundRect(xs[i] + offset, ys[i] + offset, S, S, r);
  ctx.fill();
}

function frames(ctx, xs, ys, size, S, w, round, look) {
  if (round) {
    squares(ctx, xs, ys, size, S, 0, true);
    ctx.fillStyle = look.paper;
    squares(ctx, xs, ys, size, S - 2 * w, w, true);
    return;
  }
  for (let i = 0; i < size; i++) {
    const x = xs[i], y = ys[i];
    ctx.fillRect(x, y, S, w);
    ctx.fillRect(x, y + S - w, S, w);
    ctx.fillRect(x, y + w, w, S - 2 * w);
    ctx.fillRect(x + S - w, y + w, w, S - 2 * w);
  }
}

/** notch bites the lower corners of a hue that is used again. */
function notch(ctx, xs, ys, size, S, notches, look) {
  const d = Math.round(0.36 * S);
  ctx.fillStyle = look.paper;
  for (let i = 0; i < size; i++) {
    ctx.fillRect(xs[i] + S - d, ys[i] + S - d, d, d);
    if (notches > 1) ctx.fillRect(xs[i], ys[i] + S - d, d, d);
  }
}

/** drawSign draws the wheelchair, or while small a white spot, on an accessible seat. */
export function drawSign(ctx, x, y, S, colour) {
  ctx.fillStyle = ctx.strokeStyle = colour;
  if (S < 12) {
    const d = Math.max(1, Math.round(S / 3));
    ctx.fillRect(x + ((S - d) >> 1), y + ((S - d) >> 1), d, d);
    return;
  }
  const u = S / 24;
  ctx.lineWidth = Math.max(1, 2.2 * u);
  ctx.lineCap = ctx.lineJoin = 'round';
  ctx.beginPath();
  ctx.arc(x + 10.5 * u, y + 5 * u, 2 * u, 0, 7);
  ctx.fill();
  ctx.beginPath();
  ctx.moveTo(x + 10.5 * u, y + 9 * u);
  ctx.lineTo(x + 11 * u, y + 14 * u);
  ctx.lineTo(x + 15.5 * u, y + 14 * u);
  ctx.lineTo(x + 17.5 * u, y + 19 * u);
  ctx.moveTo(x + 7.5 * u, y + 11.5 * u);
  ctx.arc(x + 10.5 * u, y + 15.5 * u, 5 * u, 4.1, 0.6, true);
  ctx.stroke();
}

/** drawFuse thins the frame of a held seat from the top clockwise: what is still thick is the share of its time left. */
export function drawFuse(ctx, x, y, S, left, look, tint) {
  const w = Math.max(1, Math.round(0.16 * S)), side = S - w, r = Math.max(0, Math.round(0.2 * S) - w / 2);
  const straight = side - 2 * r, length = 4 * straight + 2 * Math.PI * r, burnt = (1 - left) * length;
  if (burnt < 1) return;
  ctx.beginPath();
  ctx.roundRect(x + w / 2, y + w / 2, side, side, r);
  ctx.setLineDash([burnt, length - burnt]);
  ctx.lineDashOffset = -straight / 2; // the outline begins at the top left
  for (const [style, width] of [[look.paper, w + 2], [tint, Math.max(1, w / 3)]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = width;
    ctx.stroke();
  }
  ctx.setLineDash([]);
}

/** drawNote folds the upper corner of a seat of which something is to be said. */
export function drawNote(ctx, x, y, S, colour) {
  const d = Math.round(0.3 * S);
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.moveTo(x + S - d - 1, y + 1);
  ctx.lineTo(x + S - 1, y + 1);
  ctx.lineTo(x + S - 1, y + 1 + d);
  ctx.fill();
}
