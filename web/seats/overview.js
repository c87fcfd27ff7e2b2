// The whole plan on one small canvas that is only ever moved: rows as ribbons, tinted by price and by how much is left.
// It is all one sees from far, and what shows at an edge the slabs have not reached yet.
import { drawAreas } from './areas.js';
import { FREE } from './state.js';

const longest = 1024; // px a side

/** makeOverview puts its canvas into a layer; repaint whenever states or colours changed, at leisure. */
export function makeOverview(layer, scene) {
  const { plan } = scene, k = Math.min(longest / Math.max(plan.width, plan.height), 4);
  const canvas = document.createElement('canvas'), ctx = canvas.getContext('2d');
  canvas.width = Math.ceil(plan.width * k);
  canvas.height = Math.ceil(plan.height * k);
  layer.append(canvas);
  const ribbons = ribbonsOf(plan);
  return {
    frame: (camera) => { canvas.style.transform = `translate(${camera.x}px,${camera.y}px) scale(${camera.scale / k})`; },
    repaint: () => {
      const { look, states, filter } = scene;
      ctx.clearRect(0, 0, canvas.width, canvas.height);
      drawAreas(ctx, plan, k, 0, 0, look);
      ctx.lineWidth = Math.max(1, 0.72 * plan.pitch * k);
      ctx.lineCap = 'butt';
      for (const { category, seats } of ribbons) {
        let free = 0;
        for (const n of seats) free += states[n] === FREE;
        const off = filter && !filter.has(category);
        ctx.globalAlpha = off || !free ? 1 : 0.3 + 0.7 * free / seats.length;
        ctx.strokeStyle = off || !free ? look.dim : look.categories[category].fill;
        line(ctx, plan, seats, k);
      }
      ctx.globalAlpha = 1;
    },
    destroy: () => { canvas.width = 0; canvas.remove(); },
  };
}

/** ribbonsOf cuts rows where the category changes or an aisle lies. */
function ribbonsOf(plan) {
  const out = [];
  for (const row of plan.rows) {
    let seats = [];
    for (let n = row.first; n < row.first + row.size; n++) {
      const far = seats.length && Math.hypot(plan.x[n] - plan.x[n - 1], plan.y[n] - plan.y[n - 1]) > 2 * plan.pitch;
      if (seats.length && (far || plan.category[n] !== plan.category[n - 1])) {
        out.push({ category: plan.category[n - 1], seats });
        seats = [];
      }
      seats.push(n);
    }
    if (seats.length) out.push({ category: plan.category[seats[0]], seats });
  }
  return out;
}

function line(ctx, plan, seats, k) {
  const half = 0.36 * plan.pitch * k, a = seats[0], b = seats[seats.length - 1];
  const length = Math.hypot(plan.x[b] - plan.x[a], plan.y[b] - plan.y[a]) || 1;
  const ux = (plan.x[b] - plan.x[a]) / length || (a === b ? 1 : 0), uy = (plan.y[b] - plan.y[a]) / length;
  ctx.beginPath();
  ctx.moveTo(plan.x[a] * k - ux * half, plan.y[a] * k - uy * half);
  for (const n of seats) ctx.lineTo(plan.x[n] * k, plan.y[n] * k);
  ctx.lineTo(plan.x[b] * k + ux * half, plan.y[b] * k + uy * half);
  ctx.stroke();
}
