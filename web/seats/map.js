// The seat map: layers, camera and gestures joined. It knows the plan and what every seat is; it does not know who
// looks, what they may do, or where changes come from.
//
// Shapes: plan as plan.js gives it; states a Uint8Array of state.js, one a seat, which the map keeps and changes;
// prices the price of each of plan.categories in minor units, null = not on sale.
import { areaAt, tablesOf, tintOf } from './areas.js';
import { makeButtons } from './buttons.js';
import { makeCamera } from './camera.js';
import { makeEdges } from './edges.js';
import { makeFlight } from './flight.js';
import { boundsOf, shownZones } from './floors.js';
import { makeFuses } from './fuses.js';
import { listen } from './gestures.js';
import { makeGrid } from './grid.js';
import { makeLabels } from './labels.js';
import { makeLasso } from './lasso.js';
import { readLook } from './look.js';
import { makeMarks } from './marks.js';
import { makeMini } from './mini.js';
import { makeOverview } from './overview.js';
import { makeSlabs } from './slabs.js';
import { FREE, applyChanges } from './state.js';

const near = 24; // p at which a seat is a fair target for a finger
const thumb = 44; // CSS px of an area on the screen that can be meant from afar

/**
 * createMap draws into an empty element, which gives the size and carries map.css's class "map".
 *
 * options: {plan, states, prices, readOnly, onTap, onArea, onHover, lasso, holdSeconds, words}
 *   readOnly  nothing is picked; one may still look around
 *   onTap(n, sure)  a free hand touched seat n; not sure when seats stand too close to be certain: ask back
 *   onArea(area)  it touched an area on sale, one of plan.areas
 *   onHover(n, x, y, area)  the mouse is over seat n, -1 for none, or over an area on sale
 *   lasso: {on(seats, {add, remove})}  what lies in a loop that was drawn, and which keys were held
 *   holdSeconds  how long a hold lasts, for the length of fuses
 *   words  {free: (count) → text, from: (price, only) → text, if wanted, only: there is no dearer; names of the buttons: zoomIn, zoomOut, fit}
 * gives: {patch, setStates, setFilter, mark, focusSeat, fuse, showZone, lasso, fit, destroy}
 *   patch([[n, state], …])  changes, pulsing; setStates(states) all of them at once
 *   setFilter(Set of category indexes | null)  only these stay coloured
 *   mark(kind, [n, …])  kind: mine, asking, lost; picked and kept for as many as one likes
 *   focusSeat(n)  rings a seat and brings it into sight, -1 for none
 *   fuse([[n, unix seconds], …])  when held seats may come back; setStates forgets it
 *   showZone(index | null)  one zone alone, as floors.js lists them, or all; taps mean its seats only
 *   lasso('loop' | 'box' | false)  whether one finger draws; Escape gives a drawn line up
 */
export function createMap(element, { plan, states, prices, readOnly = false, onTap, onArea, onHover, lasso, holdSeconds = 600, words }) {
  const grid = makeGrid(plan), zoneOf = (n) => plan.rows[plan.row[n]].zone;
  const scene = {
    plan, states, prices, grid, filter: null, look: readLook(element, prices), picked: new Set(), kept: new Set(), tables: tablesOf(plan),
    shown: shownZones(plan, null), // by zone, as floors.js says
    hidden: (n) => scene.shown[zoneOf(n)] === 2,
    off: (n) => scene.shown[zoneOf(n)] > 0 || (scene.filter !== null && !scene.filter.has(plan.category[n])),
    scratch: { seats: new Uint32Array(plan.seats), sorted: new Uint32Array(plan.seats), xs: new Int32Array(plan.seats), ys: new Int32Array(plan.seats) },
  };
  const layers = ['overview', 'slabs', 'labels', 'marks', 'lasso'].map((name) => {
    const layer = document.createElement('div');
    layer.className = `map-${name}`;
    layer.setAttribute('aria-hidden', 'true'); // the list says all this in words
    element.append(layer);
    return layer;
  });
  const fuses = scene.fuses = makeFuses(states, holdSeconds, (seats) => slabs.patch(seats));
  const camera = makeCamera(plan), flight = makeFlight(camera);
  const overview = makeOverview(layers[0], scene), slabs = makeSlabs(layers[1], scene), labels = makeLabels(layers[2], scene, words), edges = makeEdges(layers[2], scene);
  const marks = makeMarks(layers[3], scene), loop = makeLasso(layers[4], scene, lasso?.on);
  const mini = makeMini(element, scene, overview, (x, y) => {
    flight.stop();
    camera.set(camera.target(x, y, camera.p));
    draw();
  });
  let raf = 0, recount = 0, tints = '', nearing = false;

  const frame = (now) => {
    raf = 0;
    const flies = flight.step(now), overviewLeft = overview.frame(camera), slabsLeft = slabs.frame(camera);
    for (const layer of [labels, edges, marks, loop, mini]) layer.frame(camera);
    if (flies || overviewLeft || slabsLeft) draw();
  };
  const draw = () => { raf ||= requestAnimationFrame(frame); };
  const flyTo = (view) => { flight.to(view); draw(); };

  // Floors may be drawn over one another: one's own seat is meant first, then a free one.
  const handicap = (n) => (scene.hidden(n) ? Infinity : marks.has('mine', n) ? 0 : states[n] === FREE ? 0.25 : 0.5);
  const seatAt = (x, y) => grid.nearest(...camera.toPlan(x, y), Math.max(plan.pitch / 2, 12 / camera.scale), handicap);
  /** openAt gives the area on sale under a spot of the screen, if it is large enough there to be meant. */
  const openAt = (x, y) => {
    const area = areaAt(scene, ...camera.toPlan(x, y));
    return area && Math.max(area.width ?? Infinity, area.height ?? Infinity) * camera.scale >= thumb ? area : undefined;
  };
  const zoomBy = (factor) => flyTo(camera.target(...camera.toPlan(camera.width / 2, camera.height / 2), camera.p * factor));
  const tapped = (x, y, sure) => {
    const n = seatAt(x, y), area = n < 0 ? openAt(x, y) : undefined;
    if (n >= 0 && !readOnly) onTap?.(n, sure);
    if (area && !readOnly) onArea?.(area);
    return n >= 0 || area !== undefined;
  };
  const quiet = listen(element, {
    touch: () => { camera.touched = true; },
    pan: (dx, dy) => { flight.stop(); camera.pan(dx, dy); draw(); },
    zoom: (x, y, factor) => { flight.stop(); camera.zoomAt(x, y, factor); draw(); },
    fit: () => { camera.fit(); draw(); },
    settled: draw,
    tap: (x, y, kind) => {
      const fine = kind === 'mouse' ? 10 : 14;
      nearing = camera.p < fine;
      if (!nearing) return tapped(x, y, kind === 'mouse' || camera.p >= near);
      const area = openAt(x, y);
      if (area && grid.nearest(...camera.toPlan(x, y), 1.5 * plan.pitch, handicap) < 0) return readOnly || onArea?.(area);
      return flyTo(camera.target(...camera.toPlan(x, y), near));
    },
    doubleTap: (x, y) => {
      // The first tap of the two led here: the second must not take what happens to lie under it now.
      if (nearing) return;
      // Two quick taps on two seats are two taps.
      if (camera.p >= 14 && tapped(x, y, camera.p >= near)) return;
      flyTo(camera.target(...camera.toPlan(x, y), camera.p * 2));
    },
    hover: (x, y) => {
      const n = x === null || camera.p < 6 ? -1 : seatAt(x, y), area = x === null || n >= 0 ? undefined : openAt(x, y);
      marks.set('hover', n >= 0 && !readOnly ? [n] : []);
      element.classList.toggle('map-over', (n >= 0 || area !== undefined) && !readOnly);
      onHover?.(n, x, y, area);
      draw();
    },
    draws: () => loop.mode() !== false,
    draw: (x, y, { shiftKey }) => { loop.draw(...camera.toPlan(x, y), camera.scale, shiftKey); draw(); },
    drawn: ({ ctrlKey, metaKey, altKey }) => { loop.end({ add: ctrlKey || metaKey, remove: altKey }); draw(); },
    undrawn: () => { loop.cancel(); draw(); },
  });

  const fit = () => flyTo(camera.whole());
  const buttons = makeButtons(element, words, { zoomIn: () => zoomBy(2), zoomOut: () => zoomBy(0.5), fit });

  const repaint = () => {
    overview.repaint();
    mini.repaint();
    slabs.refresh();
    draw();
  };
  const restyle = () => { scene.look = readLook(element, prices); repaint(); };
  const resize = () => {
    const { clientWidth, clientHeight } = element;
    if (!clientWidth || !clientHeight) return;
    // What one only looks at may lie under them, and so it may where there is hardly room for anything.
    const roomy = !readOnly && clientHeight >= 200;
    camera.corner = roomy ? { width: clientWidth - buttons.offsetLeft, height: buttons.offsetTop + buttons.offsetHeight } : { width: 0, height: 0 };
    camera.resize(clientWidth, clientHeight);
    slabs.resize(clientWidth, clientHeight, Math.min(2, devicePixelRatio));
    draw();
  };
  const sizes = new ResizeObserver(resize), dark = matchMedia('(prefers-color-scheme: dark)');
  sizes.observe(element);
  dark.addEventListener('change', restyle);
  const tintsNow = () => plan.areas.map((area) => tintOf(states, area)).join();
  // What is far away or only counted may follow a second later.
  const counted = () => {
    recount ||= setTimeout(() => {
      recount = 0;
      labels.count();
      mini.repaint();
      if (tints !== tintsNow()) {
        tints = tintsNow();
        overview.repaint();
        slabs.renew();
      }
      draw();
    }, 1000);
  };
  tints = tintsNow();
  overview.repaint();
  resize();
  labels.count();

  return {
    patch: (changes) => {
      const seats = applyChanges(states, changes, labels.moved).map(([n]) => n);
      if (!seats.length) return;
      slabs.patch(seats);
      overview.change(seats);
      marks.pulse(seats, camera);
      counted();
      draw();
    },
    setStates: (all) => {
      states.set(all);
      fuses.clear();
      labels.recount();
      repaint();
      counted();
    },
    setFilter: (categories) => { scene.filter = categories?.size ? categories : null; repaint(); },
    mark: (kind, seats) => {
      if (kind === 'picked' || kind === 'kept') {
        scene[kind] = new Set(seats);
        repaint();
      } else marks.set(kind, seats);
      draw();
    },
    focusSeat: (n, zoom = true) => {
      marks.set('focus', n >= 0 ? [n] : []);
      if (n < 0 || n >= plan.seats || !zoom) return draw();
      camera.touched = false; // what is shown stays in the middle, whatever the sheet has to say of it
      flyTo(camera.target(plan.x[n], plan.y[n], Math.max(near, camera.p)));
    },
    fuse: (entries) => { slabs.patch(fuses.set(entries)); draw(); },
    showZone: (index) => {
      scene.shown = shownZones(plan, index);
      repaint();
      if (index === null) fit();
      else flyTo(camera.around(boundsOf(plan, index)));
    },
    lasso: (mode) => { loop.set(mode); element.classList.toggle('map-draws', loop.mode() !== false); draw(); },
    fit,
    destroy: () => {
      quiet();
      sizes.disconnect();
      dark.removeEventListener('change', restyle);
      cancelAnimationFrame(raf);
      clearTimeout(recount);
      for (const part of [fuses, overview, slabs, mini]) part.destroy();
      element.replaceChildren();
    },
  };
}
