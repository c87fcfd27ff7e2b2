// The letters of rows whose ends are out of sight, at the edge of the view: those that are drawn stand at the ends.
const from = 22; // p at which seats have their numbers, and one wants to know of which row
const most = 60; // letters at once

/** makeEdges puts them into a layer; it gives {frame(camera)}. */
export function makeEdges(layer, scene) {
  const { plan } = scene, { x, y } = plan, pool = [];
  const rows = plan.rows.filter((row) => row.label && !row.table && row.size > 1).map(({ label, zone, first, size }) => {
    const last = first + size - 1, box = [Infinity, Infinity, -Infinity, -Infinity];
    for (let n = first; n <= last; n++) [box[0], box[1], box[2], box[3]] = [Math.min(box[0], x[n]), Math.min(box[1], y[n]), Math.max(box[2], x[n]), Math.max(box[3], y[n])];
    return { label, zone, first, last, box, lies: Math.abs(x[last] - x[first]) >= Math.abs(y[last] - y[first]) };
  });

  /** start is the seat of a row in sight that is closest to the left edge, or to the upper one for a row that stands. */
  const start = ({ first, last, lies }, [left, top, right, bottom]) => {
    let best = -1;
    for (let n = first; n <= last; n++) {
      if (x[n] >= left && x[n] <= right && y[n] >= top && y[n] <= bottom && (best < 0 || (lies ? x[n] < x[best] : y[n] < y[best]))) best = n;
    }
    return best;
  };
  const letter = (i) => {
    if (!pool[i]) layer.append(pool[i] = Object.assign(document.createElement('div'), { className: 'map-row', dir: 'auto' }));
    return pool[i];
  };

  return {
    frame: (camera) => {
      const placed = [];
      const view = [...camera.toPlan(0, 0), ...camera.toPlan(camera.width, camera.height)], [left, top, right, bottom] = view, pitch = plan.pitch;
      const inside = (n, beside, above) => x[n] > left + beside && x[n] < right - beside && y[n] > top + above && y[n] < bottom - above;
      if (camera.p >= from) {
        for (const row of rows) {
          const { box, lies } = row, ends = [lies ? pitch : 0, lies ? 0 : pitch]; // a letter stands one seat beyond
          if (box[0] > right || box[2] < left || box[1] > bottom || box[3] < top || scene.shown[row.zone] > 0 || inside(row.first, ...ends) || inside(row.last, ...ends)) continue;
          const n = start(row, view);
          if (n < 0 || placed.length >= most) continue;
          const at = lies ? [Math.max(2, (x[n] - pitch) * camera.scale + camera.x), y[n] * camera.scale + camera.y] : [x[n] * camera.scale + camera.x, Math.max(2, (y[n] - pitch) * camera.scale + camera.y)];
          if (placed.some((other) => Math.abs(other[0] - at[0]) < 16 && Math.abs(other[1] - at[1]) < 16)) continue;
          const element = letter(placed.length);
          if (element.textContent !== row.label) element.textContent = row.label;
          element.style.transform = `translate(${at[0]}px,${at[1]}px) ${lies ? 'translateY(-50%)' : 'translateX(-50%)'}`;
          placed.push(at);
        }
      }
      pool.forEach((element, i) => { if (element.hidden !== (i >= placed.length)) element.hidden = i >= placed.length; });
    },
  };
}
