// The seat map: layers, camera and gestures joined. It knows the plan and what every seat is; it does not know who
// looks, what they may do, or where changes come from.
//
// Shapes: plan as plan.js gives it; states a Uint8Array of state.js, one a seat, which the map keeps and changes;
// prices the price of each of plan.categories in minor units, null = not on sale.
import { makeCamera } from './camera.js';
import { listen } from './gestures.js';
import { makeGrid } from './grid.js';
import { readLook } from './look.js';
import { makeMarks } from './marks.js';
import { makeOverview } from './overview.js';
import { makeSlabs } from './slabs.js';
import { FREE, applyChanges } from './state.js';

const near = 24; // p at which a seat is a fair target for a finger

/**
 * createMap draws into an empty element, which gives the size and carries map.css's class "map".
 *
 * options: {plan, states, prices, readOnly, onTap, onHover, words}
 *   readOnly  nothing is picked; one may still look around
 *   onTap(n, sure)  a free hand touched seat n; not sure when seats stand too close to be certain: ask back
 *   onHover(n, x, y)  the mouse is over seat n, -1 for none
 *   words  {free: (count) → text, names of the buttons: zoomIn, zoomOut, fit}
 * gives: {patch, setStates, setFilter, mark, focusSeat, fit, destroy}
 *   patch([[n, state], …])  changes, pulsing; setStates(states) all of them at once
 *   setFilter(Set of category indexes | null)  only these stay coloured
 *   mark(kind, [n, …])  kind: mine, asking, lost
 *   focusSeat(n)  rings a seat and brings it into sight, -1 for none
 */
export function createMap(element, { plan, states, prices, readOnly = false, onTap, onHover, words }) {
  const scene = {
    plan, states, grid: makeGrid(plan), filter: null, look: readLook(element, prices),
    scratch: { seats: new Uint32Array(plan.size), sorted: new Uint32Array(plan.size), xs: new Int32Array(plan.size), ys: new Int32Array(plan.size) },
  };
  const layers = ['overview', 'slabs', 'marks'].map((name) => {
    const layer = document.createElement('div');
    layer.className = `map-${name}`;
    layer.setAttribute('aria-hidden', 'true'); // the list says all this in words
    element.append(layer);
    return layer;
  });
  const camera = makeCamera(plan), overview = makeOverview(layers[0], scene), slabs = makeSlabs(layers[1], scene);
  const marks = makeMarks(layers[2], scene, words);
  let raf = 0, flight = null, recount = 0;

  const frame = (now) => {
    raf = 0;
    if (flight) fly(now);
    overview.frame(camera);
    const more = slabs.frame(camera);
    marks.frame(camera);
    if (more || flight) draw();
  };
  const draw = () => { raf ||= requestAnimationFrame(frame); };

  /** flyTo moves to a view, in a moment, or at once for those who want no motion. */
  const flyTo = (view) => {
    const from = { scale: camera.scale, x: camera.x, y: camera.y };
    flight = { from, view, since: null, ms: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200 };
    draw();
  };
  const fly = (now) => {
    const { from, view, ms } = flight;
    flight.since ??= now;
    const t = ms ? Math.min(1, (now - flight.since) / ms) : 1, ease = 1 - (1 - t) ** 3;
    // The scale moves by equal factors; the spot in the middle of the view moves with it.
    const scale = from.scale * (view.scale / from.scale) ** ease, cx = camera.width / 2, cy = camera.height / 2;
    const px = mix((cx - from.x) / from.scale, (cx - view.x) / view.scale, ease), py = mix((cy - from.y) / from.scale, (cy - view.y) / view.scale, ease);
    camera.set({ scale, x: cx - px * scale, y: cy - py * scale });
    if (t >= 1) flight = null;
  };

  // Floors may be drawn over one another: one's own seat is meant first, then a free one.
  const handicap = (n) => (marks.has('mine', n) ? 0 : states[n] === FREE ? 0.25 : 0.5);
  const seatAt = (x, y) => scene.grid.nearest(...camera.toPlan(x, y), Math.max(plan.pitch / 2, 12 / camera.scale), handicap);
  const zoomBy = (factor) => {
    const [px, py] = camera.toPlan(camera.width / 2, camera.height / 2);
    flyTo(camera.target(px, py, camera.p * factor));
  };
  const quiet = listen(element, {
    pan: (dx, dy) => { flight = null; camera.pan(dx, dy); draw(); },
    zoom: (x, y, factor) => { flight = null; camera.zoomAt(x, y, factor); draw(); },
    fit: () => { camera.fit(); draw(); },
    settled: draw,
    tap: (x, y, kind) => {
      const fine = kind === 'mouse' ? 10 : 14;
      if (camera.p < fine) return flyTo(camera.target(...camera.toPlan(x, y), near));
      const n = seatAt(x, y);
      if (n >= 0 && !readOnly) onTap?.(n, kind === 'mouse' || camera.p >= near);
    },
    doubleTap: (x, y) => {
      const n = seatAt(x, y);
      // Two quick taps on two seats are two taps.
      if (n >= 0 && camera.p >= 14) return readOnly || onTap?.(n, camera.p >= near);
      flyTo(camera.target(...camera.toPlan(x, y), camera.p * 2));
    },
    hover: (x, y) => {
      const n = x === null || camera.p < 6 ? -1 : seatAt(x, y);
      marks.set('hover', n >= 0 && !readOnly ? [n] : []);
      element.classList.toggle('map-over', n >= 0 && !readOnly);
      onHover?.(n, x, y);
      draw();
    },
  });

  const buttons = document.createElement('div');
  buttons.className = 'map-buttons';
  for (const [name, sign, act] of [['zoomIn', '+', () => zoomBy(2)], ['zoomOut', '−', () => zoomBy(0.5)], ['fit', '⤢', () => fit()]]) {
    const button = Object.assign(document.createElement('button'), { type: 'button', textContent: sign });
    button.setAttribute('aria-label', words[name]);
    button.addEventListener('click', act);
    button.addEventListener('pointerdown', (e) => e.stopPropagation());
    buttons.append(button);
  }
  element.append(buttons);
  const fit = () => flyTo(camera.target(plan.width / 2, plan.height / 2, 0));

  const restyle = () => {
    scene.look = readLook(element, prices);
    overview.repaint();
    slabs.refresh();
    draw();
  };
  const resize = () => {
    const { clientWidth, clientHeight } = element;
    if (!clientWidth || !clientHeight) return;
    camera.resize(clientWidth, clientHeight);
    slabs.resize(clientWidth, clientHeight, Math.min(2, devicePixelRatio));
    draw();
  };
  const sizes = new ResizeObserver(resize), dark = matchMedia('(prefers-color-scheme: dark)');
  sizes.observe(element);
  dark.addEventListener('change', restyle);
  // What is far away or only counted may follow a second later.
  const counted = () => {
    recount ||= setTimeout(() => { recount = 0; marks.count(); overview.repaint(); draw(); }, 1000);
  };
  overview.repaint();
  resize();
  marks.count();

  return {
    patch: (changes) => {
      const seats = applyChanges(scene.states, changes).map(([n]) => n);
      if (!seats.length) return;
      slabs.patch(seats);
      marks.pulse(seats);
      counted();
      draw();
    },
    setStates: (all) => {
      scene.states.set(all);
      slabs.refresh();
      counted();
      draw();
    },
    setFilter: (categories) => {
      scene.filter = categories?.size ? categories : null;
      overview.repaint();
      slabs.refresh();
      draw();
    },
    mark: (kind, seats) => { marks.set(kind, seats); draw(); },
    focusSeat: (n, zoom = true) => {
      marks.set('focus', n >= 0 ? [n] : []);
      if (n >= 0 && zoom) flyTo(camera.target(plan.x[n], plan.y[n], Math.max(near, camera.p)));
      draw();
    },
    fit,
    destroy: () => {
      quiet();
      sizes.disconnect();
      dark.removeEventListener('change', restyle);
      cancelAnimationFrame(raf);
      clearTimeout(recount);
      overview.destroy();
      slabs.destroy();
      element.replaceChildren();
    },
  };
}

const mix = (a, b, t) => a + (b - a) * t;
