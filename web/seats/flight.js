// The way from one view to another, in a moment, or at once for those who want no motion.

/** makeFlight gives {to(view), step(now) → still flying, stop}; a view is {scale, x, y} as the camera keeps it. */
export function makeFlight(camera) {
  let way = null;
  return {
    to: (view) => {
      const from = { scale: camera.scale, x: camera.x, y: camera.y };
      way = { from, view, since: null, ms: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 200 };
    },
    stop: () => { way = null; },
    step: (now) => {
      if (!way) return false;
      const { from, view, ms } = way;
      way.since ??= now;
      const t = ms ? Math.min(1, (now - way.since) / ms) : 1, ease = 1 - (1 - t) ** 3;
      // The scale moves by equal factors; the spot in the middle of the view moves with it.
      const scale = from.scale * (view.scale / from.scale) ** ease, cx = camera.width / 2, cy = camera.height / 2;
      const px = mix((cx - from.x) / from.scale, (cx - view.x) / view.scale, ease), py = mix((cy - from.y) / from.scale, (cy - view.y) / view.scale, ease);
      camera.set({ scale, x: cx - px * scale, y: cy - py * scale });
      if (t >= 1) way = null;
      return way !== null;
    },
  };
}

const mix = (a, b, t) => a + (b - a) * t;
