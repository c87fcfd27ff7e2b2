// Two canvases, each the view plus a margin. The front one is only moved by a CSS transform while one pans and pinches;
// the back one is painted anew in slices between frames and then swapped in. So a frame costs the same however many
// seats there are. Under both lies the overview: an edge not painted yet shows sections, never nothing.
import { levelOf, paint, patch } from './paint.js';

const margin = 96; // CSS px on each side
const ahead = 7; // frames the next picture is aimed ahead of the hand
const slices = { calm: 3, uncovered: 6 }; // ms a frame
const many = 8192, most = 14, longest = 4; // seats from which drawing is done in bunches, slices in one, ms for one
const atOnce = 1200; // seats in sight that are painted in one go at rest: cheaper than to be seen waiting

/** makeSlabs puts its canvases into a layer; scene is what paint needs. */
export function makeSlabs(layer, scene) {
  const slabs = [0, 1].map(() => {
    const canvas = document.createElement('canvas');
    layer.append(canvas);
    return { canvas, ctx: canvas.getContext('2d', { alpha: false }), view: null };
  });
  let [front, back] = slabs, job = null, changed = [], dpr = 1, width = 0, height = 0, stale = true, old = false, held = 0, bunch = most, crowded = false;
  let last = null, speed = [0, 0];

  /** resize gives both canvases their size; what they show is gone. */
  const resize = (w, h, ratio) => {
    [width, height, dpr, stale, job] = [w, h, ratio, true, null];
    for (const slab of slabs) {
      slab.canvas.width = Math.ceil((w + 2 * margin) * ratio);
      slab.canvas.height = Math.ceil((h + 2 * margin) * ratio);
      slab.canvas.style.width = `${slab.canvas.width / ratio}px`;
      slab.canvas.style.height = `${slab.canvas.height / ratio}px`;
      slab.view = null;
    }
  };

  /** place moves a painted slab to where the camera wants it and tells how much margin is left, in CSS px. */
  const place = ({ canvas, view }, camera) => {
    const zoom = camera.scale / view.scale;
    // At rest on whole device px, or every edge is a blur.
    const snap = zoom === 1 ? (v) => Math.round(v * dpr) / dpr : (v) => v;
    const x = snap(camera.x - view.x * zoom), y = snap(camera.y - view.y * zoom);
    canvas.style.transform = `translate(${x}px,${y}px) scale(${zoom})`;
    const left = -x, top = -y, right = x + (width + 2 * margin) * zoom - width, bottom = y + (height + 2 * margin) * zoom - height;
    return { zoom, left, top, right, bottom };
  };

  // What is drawn a browser only writes down, and does it all at once when it is too much: some ten ms for a view of
  // twenty thousand seats. To look at a px of it has it done bit by bit, in smaller bits where that takes long.
  const flush = () => {
    const from = performance.now();
    createImageBitmap(back.canvas, 0, 0, 1, 1).then((picture) => picture.close(), () => {});
    bunch = performance.now() - from > longest ? Math.max(4, bunch >> 1) : Math.min(most, bunch + 1);
    held = 0;
  };

  const start = (camera) => {
    const lead = Math.hypot(...speed) > 1 ? speed.map((v) => Math.max(-0.8 * margin, Math.min(0.8 * margin, v * ahead))) : [0, 0];
    // x and y: where in the slab, in CSS px, the corner of the plan lies; camera.x is the same for the view.
    const x = camera.x + margin + lead[0], y = camera.y + margin + lead[1];
    back.view = { scale: camera.scale, x, y, k: camera.scale * dpr, ox: x * dpr, oy: y * dpr, p: camera.p, dpr };
    [changed, old, held, crowded] = [[], false, 0, false];
    job = paint(back.ctx, scene, back.view, back.canvas.width, back.canvas.height);
  };

  const swap = () => {
    if (changed.length) patch(back.ctx, scene, back.view, changed);
    [front, back] = [back, front];
    front.canvas.style.visibility = 'visible';
    back.canvas.style.visibility = 'hidden';
    job = null;
  };

  /** frame shows the camera's view; true when there is more to paint in the next frame. */
  const frame = (camera) => {
    if (last) speed = [camera.x - last.x, camera.y - last.y];
    last = { x: camera.x, y: camera.y };
    layer.style.visibility = levelOf(camera.p) === 0 ? 'hidden' : 'visible';
    if (levelOf(camera.p) === 0) {
      [job, stale] = [null, true];
      front.canvas.style.visibility = back.canvas.style.visibility = 'hidden';
      return false;
    }
    let left = front.view && !stale ? place(front, camera) : null;
    const wanted = !left || old || wants(left, levelOf(front.view.p) !== levelOf(camera.p));
    if (wanted && !job) start(camera);
    // A picture begun for another zoom would be thrown away as soon as it is ready.
    else if (job && Math.abs(Math.log(camera.scale / back.view.scale)) > 0.4) start(camera);
    if (job) {
      const open = !left || Math.min(left.left, left.top, left.right, left.bottom) < 0;
      const until = performance.now() + (open ? slices.uncovered : slices.calm);
      const whole = !front.view || stale || (inSight(camera) < atOnce && Math.hypot(...speed) < 1);
      if (held >= bunch) flush();
      let step;
      do {
        step = job.next();
        if (step.value > many) [held, crowded] = [0, true];
      } while (!step.done && (whole || (performance.now() < until && !(crowded && ++held >= bunch))));
      if (step.done) {
        swap();
        stale = false;
        left = place(front, camera);
      }
    }
    return job !== null || old || wants(left, false);
  };

  const wants = (left, level) => {
    const need = 0.6 * margin; // what must be left where the hand goes; 0.25 of the margin elsewhere
    const side = (now, v) => now < (v > 1 ? need : 0.25 * margin);
    return level || left.zoom < 0.87 || left.zoom > 1.15 || (left.zoom !== 1 && Math.hypot(...speed) < 0.01)
      || side(left.left, speed[0]) || side(left.right, -speed[0]) || side(left.top, speed[1]) || side(left.bottom, -speed[1]);
  };

  const inSight = (camera) => (width + 2 * margin) * (height + 2 * margin) / (camera.p * camera.p);

  return {
    resize, frame,
    /** patch repaints seats that changed; to one that is being painted it is done at the end. */
    patch: (seats) => {
      if (front.view && !stale) patch(front.ctx, scene, front.view, seats);
      if (job) for (const n of seats) changed.push(n);
    },
    /** refresh paints everything anew with the next frame: another filter, other colours, a whole new state. */
    refresh: () => { [stale, job] = [true, null]; },
    /** renew does the same at leisure, in slices: what is there now is not wrong, only a little old. */
    renew: () => { old = true; },
    // A canvas keeps its memory until it is collected, unless its width is 0.
    destroy: () => slabs.forEach(({ canvas }) => { canvas.width = 0; canvas.remove(); }),
  };
}
