// What is drawn beside the seats: stage, walls, tables, and areas on sale. The rest is quiet: the organiser's own colours
// would shout down the seats, so only their shapes are kept.
import { within } from './lasso.js';
import { freeIn } from './state.js';

/** drawAreas draws them with k device px a plan px, the plan's corner at (ox, oy). */
export function drawAreas(ctx, scene, k, ox, oy) {
  const { plan, look, shown } = scene;
  const sale = new Map(plan.areas.map((area) => [area.id, area]));
  plan.zones.forEach((zone, i) => {
    for (const area of zone.areas) {
      if (!sale.has(area.id)) drawArea(ctx, area, k, ox, oy, look); // where the stage is one wants to see from every floor
      else if (shown[i] !== 2) drawSale(ctx, scene, sale.get(area.id), k, ox, oy);
    }
  });
  drawTables(ctx, scene, k, ox, oy);
}

/** outline makes an area's shape the current path; a text has none. */
function outline(ctx, area, k, ox, oy) {
  ctx.beginPath();
  if (area.shape === 'polygon') {
    for (const point of area.points ?? []) ctx.lineTo(ox + point.x * k, oy + point.y * k);
    ctx.closePath();
  } else if (area.shape !== 'text') {
    ctx.save();
    ctx.translate(ox + area.x * k, oy + area.y * k);
    ctx.rotate((area.rotation ?? 0) * Math.PI / 180);
    if (area.shape === 'rectangle') ctx.rect(0, 0, area.width * k, area.height * k);
    else ctx.ellipse(0, 0, area.width * k / 2, area.height * k / 2, 0, 0, 7);
    ctx.restore();
  }
}

function drawArea(ctx, area, k, ox, oy, look) {
  ctx.fillStyle = look.area;
  outline(ctx, area, k, ox, oy);
  ctx.fill();
  const text = area.text;
  if (!text?.text) return;
  // Text keeps the size it was drawn with, but nobody needs letters below 9 px or as tall as the screen.
  const px = (text.size || 16) * k;
  if (px < 7) return;
  ctx.fillStyle = look.soft;
  ctx.font = `600 ${Math.min(px, 96)}px ${look.font}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(text.text, ox + text.x * k, oy + text.y * k);
}

/** tintOf is how strongly an area on sale is coloured, in steps, so that it is not drawn anew for every place sold. */
export const tintOf = (states, area) => Math.ceil(4 * freeIn(states, area) / area.capacity) / 4;

/** drawSale draws an area on sale like the seats of its price: the fuller its colour, the more is left. */
function drawSale(ctx, { states, look, filter, shown }, area, k, ox, oy) {
  const share = tintOf(states, area), off = !share || shown[area.zone] === 1 || (filter && !filter.has(area.category));
  ctx.fillStyle = look.area;
  outline(ctx, area, k, ox, oy);
  ctx.fill();
  if (off) return;
  ctx.globalAlpha = 0.1 + 0.3 * share;
  ctx.fillStyle = ctx.strokeStyle = look.categories[area.category].fill;
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.lineWidth = 2;
  ctx.stroke();
}

/** drawTables draws the tables that no area of the plan shows: the middle of the seats that stand round one. */
function drawTables(ctx, { plan, look, tables, shown }, k, ox, oy) {
  ctx.fillStyle = look.area;
  for (const { row, x, y, angle, long, wide, round } of tables) {
    if (shown[plan.rows[row].zone] === 2) continue;
    ctx.save();
    ctx.translate(ox + x * k, oy + y * k);
    ctx.rotate(angle);
    ctx.beginPath();
    if (round) ctx.ellipse(0, 0, long * k, long * k, 0, 0, 7);
    else ctx.roundRect(-long * k, -wide * k, 2 * long * k, 2 * wide * k, Math.min(long, wide) * k / 4);
    ctx.fill();
    ctx.restore();
  }
}

/**
 * tablesOf finds where the tables stand as [{row, x, y, angle, long, wide, round}], long and wide being half of its
 * sides in plan px: the seats' own middle, less the room that they take.
 */
export function tablesOf({ rows, x, y, pitch, zones }) {
  const out = [];
  rows.forEach((row, index) => {
    if (!row.table || row.size < 2) return;
    const seats = Array.from({ length: row.size }, (_, i) => row.first + i), mean = (of) => seats.reduce((sum, n) => sum + of(n), 0) / row.size;
    const cx = mean((n) => x[n]), cy = mean((n) => y[n]);
    if (zones[row.zone].areas.some((area) => area.shape !== 'text' && holds(area, cx, cy))) return;
    const far = seats.map((n) => Math.hypot(x[n] - cx, y[n] - cy)), near = Math.min(...far), most = Math.max(...far);
    if (most - near < 0.25 * most) {
      if (near > 0.8 * pitch) out.push({ row: index, x: cx, y: cy, angle: 0, long: near - 0.6 * pitch, wide: near - 0.6 * pitch, round: true });
      return;
    }
    // The long side lies along the axis on which the seats spread most.
    const angle = 0.5 * Math.atan2(2 * mean((n) => (x[n] - cx) * (y[n] - cy)), mean((n) => (x[n] - cx) ** 2 - (y[n] - cy) ** 2));
    const cos = Math.cos(angle), sin = Math.sin(angle);
    const along = seats.map((n) => Math.abs((x[n] - cx) * cos + (y[n] - cy) * sin)), across = seats.map((n) => Math.abs((y[n] - cy) * cos - (x[n] - cx) * sin));
    const end = Math.max(...along), side = Math.max(...across), heads = seats.some((_, i) => along[i] > end - pitch / 2 && across[i] < side / 2);
    const long = end + (heads ? -0.6 : 0.4) * pitch, wide = side - 0.6 * pitch;
    if (long > 0 && wide > 0) out.push({ row: index, x: cx, y: cy, angle, long, wide, round: false });
  });
  return out;
}

/** areaAt gives the area on sale at a spot of the plan, the last drawn first, or undefined. */
export const areaAt = ({ plan, shown }, x, y) => plan.areas.findLast((area) => shown[area.zone] !== 2 && holds(area, x, y));

function holds(area, x, y) {
  if (area.shape === 'polygon') return within((area.points ?? []).map((p) => [p.x, p.y]), x, y);
  const a = -(area.rotation ?? 0) * Math.PI / 180, dx = x - area.x, dy = y - area.y;
  const u = dx * Math.cos(a) - dy * Math.sin(a), v = dx * Math.sin(a) + dy * Math.cos(a);
  if (area.shape === 'text') return Math.hypot(dx, dy) < 2 * (area.text?.size || 16);
  if (area.shape === 'rectangle') return u >= 0 && v >= 0 && u <= area.width && v <= area.height;
  return area.width > 0 && area.height > 0 && (2 * u / area.width) ** 2 + (2 * v / area.height) ** 2 <= 1;
}
