// Where one looks: screen = plan · scale + (x, y), in CSS px. p is the distance of two seats on the screen, the one
// number that every level of detail hangs on.
const closest = 64; // p beyond which nobody needs to zoom
const border = 24;

/** makeCamera sees the whole plan once it knows the size of its element (resize). */
export function makeCamera(plan) {
  const c = { scale: 1, x: 0, y: 0, width: 0, height: 0 };
  Object.defineProperty(c, 'p', { get: () => plan.pitch * c.scale });
  // What stands on the map, in its upper right corner, with the space round it.
  c.corner = { width: 0, height: 0 };
  // For a moment an element may be next to nothing: a scale must stay above 0 for all that.
  const sizeIn = (width, height) => Math.min(Math.max(1, width - border) / plan.width, Math.max(1, height - border) / plan.height, closest / plan.pitch);
  /** whole is the view of the whole plan: below or beside what stands in the corner, where that would hide some of it. */
  c.whole = () => {
    const { corner } = c, middle = (scale) => ({ scale, x: (c.width - plan.width * scale) / 2, y: (c.height - plan.height * scale) / 2 });
    const { scale, x, y } = middle(sizeIn(c.width, c.height));
    if (y >= corner.height || x + plan.width * scale <= c.width - corner.width) return { scale, x, y };
    const below = sizeIn(c.width, c.height - corner.height), beside = sizeIn(c.width - corner.width, c.height), view = middle(Math.max(below, beside));
    if (below >= beside) view.y = Math.max(view.y, corner.height);
    else view.x = Math.min(view.x, c.width - corner.width - plan.width * view.scale);
    return view;
  };
  const least = () => c.whole().scale;

  /** settle keeps some of the plan in sight, and a plan that fits whole, unless it is left where it is. */
  const settle = (left = false) => {
    c.scale = Math.min(closest / plan.pitch, c.scale);
    const side = (at, size, view) => {
      const slack = view - size;
      // A plan that fits stays whole; a larger one may be pulled until half of the view is empty.
      return slack >= 0 && !left ? Math.max(0, Math.min(slack, at)) : Math.max(view / 2 - size, Math.min(view / 2, at));
    };
    c.x = side(c.x, plan.width * c.scale, c.width);
    c.y = side(c.y, plan.height * c.scale, c.height);
  };
  c.fit = () => { Object.assign(c, c.whole()); };
  /** touched says that a hand was on the map: nothing may slip away from under it until the map is led elsewhere. */
  c.touched = false;
  /** resize keeps the middle of the view where it was. Where a hand was on the map and only the height changes, since a sheet grew or shrank, all
   * stays where it is: the next tap is on its way already. */
  c.resize = (width, height) => {
    const first = c.width === 0, turned = width !== c.width, whole = c.isFit();
    const left = c.touched && !turned, dx = (width - c.width) / 2, dy = (height - c.height) / 2;
    [c.width, c.height] = [width, height];
    if (first || (whole && (turned || !c.touched)) || (turned && c.scale < least())) return c.fit();
    if (!left) [c.x, c.y] = [c.x + dx, c.y + dy];
    settle(left);
  };
  c.isFit = () => c.width > 0 && c.scale <= least() * 1.001;
  /** zoomed is how many times larger than the whole plan what one sees is. */
  c.zoomed = () => c.scale / least();
  c.pan = (dx, dy) => { c.x += dx; c.y += dy; settle(); };
  /** zoomAt leaves what is under (x, y) where it is. */
  c.zoomAt = (x, y, factor) => {
    const before = c.scale;
    c.scale = Math.max(Math.min(before, least()), Math.min(closest / plan.pitch, before * factor));
    const k = c.scale / before;
    c.x = x - (x - c.x) * k;
    c.y = y - (y - c.y) * k;
    settle();
  };
  /** target is a view with the plan's spot (px, py) in the middle, at a distance of seats. */
  c.target = (px, py, p) => {
    const scale = Math.max(least(), p / plan.pitch);
    return { scale, x: c.width / 2 - px * scale, y: c.height / 2 - py * scale };
  };
  /** around is the view in which a box of the plan fits. */
  c.around = ({ left, top, right, bottom }) => {
    const p = plan.pitch, size = Math.min(Math.max(1, c.width - border) / (right - left + p), Math.max(1, c.height - border) / (bottom - top + p));
    return c.target((left + right) / 2, (top + bottom) / 2, Math.min(size, closest / p) * p);
  };
  c.set = (view) => { Object.assign(c, view); settle(); };
  c.sees = (px, py) => {
    const x = px * c.scale + c.x, y = py * c.scale + c.y;
    return x >= 0 && y >= 0 && x <= c.width && y <= c.height;
  };
  c.toPlan = (x, y) => [(x - c.x) / c.scale, (y - c.y) / c.scale];
  return c;
}
