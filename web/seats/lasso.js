// A loop drawn round seats with a finger or the mouse, for whoever acts on many at once. It is kept in plan px, so that
// it stays where it was drawn should the wheel zoom meanwhile.
const step = 3; // CSS px between two corners
const svg = 'http://www.w3.org/2000/svg';

/**
 * makeLasso draws into a layer. on(seats, {add, remove}) is told what lies in a finished loop, and which keys were held:
 * ctrl or command adds, alt removes. It gives {mode(), set(mode), draw, end, cancel, frame}; mode is false, 'loop' or 'box'.
 */
export function makeLasso(layer, scene, on) {
  const picture = document.createElementNS(svg, 'svg'), line = document.createElementNS(svg, 'polygon');
  picture.append(line);
  layer.append(picture);
  let mode = false, corners = [], box = false;

  const cancel = () => { corners = []; };
  const shape = () => {
    if (!box || corners.length < 2) return corners;
    const [[left, top], [right, bottom]] = [corners[0], corners[corners.length - 1]];
    return [[left, top], [right, top], [right, bottom], [left, bottom]];
  };
  return {
    mode: () => mode,
    set: (to) => { mode = to === true ? 'loop' : to; cancel(); },
    /** draw takes the line on to a spot of the plan; with shift held at its start it is a rectangle. */
    draw: (x, y, scale, shift) => {
      if (!corners.length) box = mode === 'box' || shift;
      const last = corners[corners.length - 1];
      if (!last || Math.hypot(x - last[0], y - last[1]) * scale >= step) corners.push([x, y]);
    },
    end: (keys) => {
      const loop = shape();
      cancel();
      if (loop.length > 2) on(inside(scene, loop), keys);
    },
    cancel,
    frame: (camera) => {
      line.setAttribute('points', shape().map(([x, y]) => `${x * camera.scale + camera.x},${y * camera.scale + camera.y}`).join(' '));
    },
  };
}

/** inside gives the seats whose middle lies in a polygon of the plan, of the floors that are shown, in order. */
function inside({ plan, grid, scratch, hidden }, loop) {
  const xs = loop.map(([x]) => x), ys = loop.map(([, y]) => y);
  const left = Math.min(...xs), top = Math.min(...ys), right = Math.max(...xs), bottom = Math.max(...ys);
  const count = grid.within(left, top, right, bottom, scratch.seats);
  return [...scratch.seats.subarray(0, count)].filter((n) => {
    const x = plan.x[n], y = plan.y[n];
    return x >= left && x <= right && y >= top && y <= bottom && !hidden(n) && within(loop, x, y);
  }).sort((a, b) => a - b);
}

/** within tells whether a spot lies in a polygon, by the crossings to its left. */
export function within(loop, x, y) {
  let odd = false;
  for (let i = 0, j = loop.length - 1; i < loop.length; j = i++) {
    const [ax, ay] = loop[i], [bx, by] = loop[j];
    if (ay > y !== by > y && x < (bx - ax) * (y - ay) / (by - ay) + ax) odd = !odd;
  }
  return odd;
}
