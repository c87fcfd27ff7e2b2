// Fingers, mouse, wheel and keys, turned into five things: pan, zoom, tap, hover, and a line that is drawn. It decides
// nothing about seats.
const slop = 8, longestTap = 300; // CSS px and ms: beyond them it was no tap
const rest = 250; // ms for which the element is taken to stay where it is
const friction = 0.0045; // a ms; a flick runs out in about half a second

/**
 * listen hears an element until the function it gives back is called. on: touch(), pan(dx, dy), zoom(x, y, factor),
 * tap(x, y, kind), doubleTap(x, y), hover(x, y) or hover(null), settled(). While draws() says so, one finger draws
 * instead of panning: draw(x, y, event), then drawn(event) or undrawn(); two fingers still pan and zoom.
 */
export function listen(element, on) {
  const fingers = new Map(), stop = new AbortController(), options = { signal: stop.signal };
  let down = null, trail = [], glide = 0, lastTap = null, box = null, measured = 0;
  // To ask where the element is has the browser lay out all that changed, which with live seats is something in every
  // frame: it is asked when a finger comes down, and of a mouse that hovers now and then.
  const at = (e) => {
    if (!box || (!fingers.size && e.timeStamp - measured > rest)) [box, measured] = [element.getBoundingClientRect(), e.timeStamp];
    return { x: e.clientX - box.left, y: e.clientY - box.top, t: e.timeStamp };
  };
  const pair = () => {
    const [a, b] = [...fingers.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, d: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)) };
  };
  const halt = () => { cancelAnimationFrame(glide); glide = 0; };

  const press = (e) => {
    if (e.button > 0) return;
    on.touch();
    halt();
    if (!fingers.size) box = null;
    // A pointer that went away in between (or was made by a script) cannot be captured; it still taps.
    try { element.setPointerCapture(e.pointerId); } catch { /* see above */ }
    const spot = at(e);
    fingers.set(e.pointerId, spot);
    if (down?.draws) on.undrawn();
    down = fingers.size === 1 ? { ...spot, moved: false, draws: on.draws() } : null;
    trail = [spot];
  };

  const move = (e) => {
    const spot = at(e), before = fingers.get(e.pointerId);
    if (!before) {
      if (e.pointerType === 'mouse') on.hover(spot.x, spot.y);
      return;
    }
    if (fingers.size === 2) {
      const was = pair();
      fingers.set(e.pointerId, spot);
      const is = pair();
      on.pan(is.x - was.x, is.y - was.y);
      on.zoom(is.x, is.y, is.d / was.d);
      return;
    }
    fingers.set(e.pointerId, spot);
    if (down && !down.moved && Math.hypot(spot.x - down.x, spot.y - down.y) < slop) return;
    if (down?.over) return;
    if (down?.draws) {
      if (!down.moved) on.draw(down.x, down.y, e);
      down.moved = true;
      on.draw(spot.x, spot.y, e);
      return;
    }
    if (down) down.moved = true;
    on.pan(spot.x - before.x, spot.y - before.y);
    trail.push(spot);
    while (trail.length > 2 && spot.t - trail[0].t > 80) trail.shift();
  };

  const release = (e) => {
    const spot = fingers.get(e.pointerId);
    if (!spot) return;
    fingers.delete(e.pointerId);
    if (fingers.size) {
      trail = [[...fingers.values()][0]];
      return;
    }
    if (down?.draws && down.moved) return e.type === 'pointerup' ? on.drawn(e) : on.undrawn();
    if (e.type === 'pointerup' && down && !down.moved && e.timeStamp - down.t < longestTap) return tap(spot, e.pointerType);
    if (e.type === 'pointerup' && down?.moved) fling(e.timeStamp);
    else on.settled();
  };

  const tap = (spot, kind) => {
    const again = lastTap && spot.t - lastTap.t < longestTap && Math.hypot(spot.x - lastTap.x, spot.y - lastTap.y) < 30;
    lastTap = again ? null : spot;
    if (again) on.doubleTap(spot.x, spot.y);
    else on.tap(spot.x, spot.y, kind);
  };

  const fling = (now) => {
    const [a, b] = [trail[0], trail[trail.length - 1]], ms = b.t - a.t;
    // A finger that rested before it was lifted does not throw.
    if (ms < 1 || now - b.t > 60 || matchMedia('(prefers-reduced-motion: reduce)').matches) return on.settled();
    let vx = (b.x - a.x) / ms, vy = (b.y - a.y) / ms, last = performance.now();
    const step = (t) => {
      const dt = Math.min(50, Math.max(0, t - last)), decay = Math.exp(-friction * dt);
      last = t;
      on.pan(vx * dt, vy * dt);
      [vx, vy] = [vx * decay, vy * decay];
      if (Math.hypot(vx, vy) > 0.02) glide = requestAnimationFrame(step);
      else on.settled();
    };
    glide = requestAnimationFrame(step);
  };

  const wheel = (e) => {
    e.preventDefault();
    halt();
    const { x, y } = at(e);
    // Lines and pages in px; a pinch on a touchpad comes as a wheel with ctrl, in small steps.
    const unit = e.deltaMode === 1 ? 16 : e.deltaMode === 2 ? 400 : 1;
    on.zoom(x, y, 2 ** (-e.deltaY * unit * (e.ctrlKey ? 0.01 : 0.002)));
    on.settled();
  };

  const leave = (e) => {
    if (e.key !== 'Escape' || !fingers.size || !down?.draws) return;
    down.over = down.moved = true;
    on.undrawn();
  };
  const keys = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  const key = (e) => {
    if (e.target !== element || e.ctrlKey || e.metaKey || e.altKey) return;
    const middle = [element.clientWidth / 2, element.clientHeight / 2];
    if (keys[e.key]) on.pan(...keys[e.key]);
    else if (e.key === '+' || e.key === '=') on.zoom(...middle, 1.5);
    else if (e.key === '-') on.zoom(...middle, 1 / 1.5);
    else if (e.key === '0') on.fit();
    else return;
    e.preventDefault();
    on.settled();
  };

  element.addEventListener('pointerdown', press, options);
  element.addEventListener('pointermove', move, options);
  element.addEventListener('pointerup', release, options);
  element.addEventListener('pointercancel', release, options);
  element.addEventListener('pointerleave', () => on.hover(null), options);
  element.addEventListener('wheel', wheel, { ...options, passive: false });
  element.addEventListener('keydown', key, options);
  addEventListener('keydown', leave, options); // whatever has focus while the mouse draws
  return () => { halt(); stop.abort(); };
}
