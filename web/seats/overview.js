// The whole plan on one small canvas that is only ever moved: rows as ribbons, tinted by price and by how much is left.
// It is all one sees from far, and what shows at an edge the slabs have not reached yet.
import { drawAreas } from './areas.js';
import { FREE } from './state.js';

const longest = 1024; // px a side
const corners = 8; // of a ribbon at most: a curve of some hundred px needs no more
const slice = 2; // ms a frame for ribbons whose seats have changed

/** makeOverview puts its canvas into a layer. It gives {canvas, k (its px a plan px), repaint, change(seats), frame → more to do}. */
export function makeOverview(layer, scene) {
  const { plan } = scene, k = Math.min(longest / Math.max(plan.width, plan.height), 4);
  const canvas = document.createElement('canvas'), ctx = canvas.getContext('2d');
  canvas.width = Math.ceil(plan.width * k);
  canvas.height = Math.ceil(plan.height * k);
  layer.append(canvas);
  const { ribbons, of } = ribbonsOf(plan), dirty = new Set();

  const draw = ({ from, to, line, category, zone }, erase) => {
    const { look, states, filter, shown } = scene;
    if (shown[zone] === 2) return;
    ctx.lineWidth = Math.max(1, 0.72 * plan.pitch * k);
    if (erase) {
      ctx.strokeStyle = look.paper;
      trace(ctx, line, k);
    }
    let free = 0;
    for (let n = from; n < to; n++) free += states[n] === FREE;
    const off = (filter && !filter.has(category)) || shown[zone] === 1;
    ctx.globalAlpha = off || !free ? 1 : 0.3 + 0.7 * free / (to - from);
    ctx.strokeStyle = off || !free ? look.dim : look.categories[category].fill;
    trace(ctx, line, k);
    ctx.globalAlpha = 1;
  };
  const drawPicked = () => {
    ctx.fillStyle = scene.look.ink;
    const side = Math.max(1.5, 0.7 * plan.pitch * k);
    for (const n of scene.picked) if (n < plan.seats && !scene.hidden(n)) ctx.fillRect(plan.x[n] * k - side / 2, plan.y[n] * k - side / 2, side, side);
  };

  return {
    canvas, k,
    frame: (camera) => {
      canvas.style.transform = `translate(${camera.x}px,${camera.y}px) scale(${camera.scale / k})`;
      if (!dirty.size) return false;
      const until = performance.now() + slice;
      for (const i of dirty) {
        dirty.delete(i);
        draw(ribbons[i], true);
        if (performance.now() > until) break;
      }
      if (!dirty.size) drawPicked();
      return dirty.size > 0;
    },
    repaint: () => {
      dirty.clear();
      ctx.clearRect(0, 0, canvas.width, canvas.height);
      drawAreas(ctx, scene, k, 0, 0);
      ctx.lineCap = 'butt';
      for (const ribbon of ribbons) draw(ribbon, false);
      drawPicked();
    },
    /** change has the ribbons of these seats drawn anew, some in each frame. */
    change: (seats) => { for (const n of seats) if (n < plan.seats) dirty.add(of[n]); },
    destroy: () => { canvas.width = 0; canvas.remove(); },
  };
}

/** ribbonsOf cuts rows where the category changes or an aisle lies: seats from..to-1 of one zone along a line [x, y, …]. */
function ribbonsOf(plan) {
  const ribbons = [], of = new Uint32Array(plan.seats);
  for (const { first, size, zone } of plan.rows) {
    for (let from = first, n = first; n < first + size; n++) {
      of[n] = ribbons.length;
      const far = n + 1 < first + size && Math.hypot(plan.x[n + 1] - plan.x[n], plan.y[n + 1] - plan.y[n]) > 2 * plan.pitch;
      if (n + 1 < first + size && !far && plan.category[n + 1] === plan.category[n]) continue;
      ribbons.push({ from, to: n + 1, line: lineOf(plan, from, n), category: plan.category[n], zone });
      from = n + 1;
    }
  }
  return { ribbons, of };
}

/** lineOf runs through the seats from a to b and half a seat beyond them. */
function lineOf({ x, y, pitch }, a, b) {
  const half = 0.36 * pitch, length = Math.hypot(x[b] - x[a], y[b] - y[a]) || 1;
  const ux = (x[b] - x[a]) / length || (a === b ? 1 : 0), uy = (y[b] - y[a]) / length;
  const line = [x[a] - ux * half, y[a] - uy * half];
  const step = Math.max(1, (b - a) / (corners - 1));
  for (let i = a; i < b; i += step) line.push(x[Math.floor(i)], y[Math.floor(i)]);
  line.push(x[b], y[b], x[b] + ux * half, y[b] + uy * half);
  return line;
}

function trace(ctx, line, k) {
  ctx.beginPath();
  for (let i = 0; i < line.length; i += 2) ctx.lineTo(line[i] * k, line[i + 1] * k);
  ctx.stroke();
}
