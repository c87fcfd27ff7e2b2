// The map's colours, read from the tokens in map.css, so that light and dark are decided in one place.
const hues = 7;

/**
 * huesOf gives each category a hue 1…7, the dearest first, and how often its hue was used before: what is the eighth
 * category must be told from the first by a notch. prices stand in the order of the plan's categories, null = not on sale.
 */
export function huesOf(prices) {
  const order = prices.map((_, i) => i).filter((i) => prices[i] !== null).sort((a, b) => prices[b] - prices[a] || a - b);
  const out = prices.map(() => ({ hue: 0, notches: 0 }));
  order.forEach((category, i) => { out[category] = { hue: i % hues + 1, notches: Math.floor(i / hues) }; });
  return out;
}

/** readLook reads the tokens as they are now for an element, with one entry a category. */
export function readLook(element, prices) {
  const style = getComputedStyle(element);
  const token = (name) => style.getPropertyValue(name).trim();
  return {
    paper: token('--map-paper'), ink: token('--ink'), soft: token('--soft'), sold: token('--seat-sold'),
    blocked: token('--seat-blocked'), bar: token('--seat-bar'), dim: token('--seat-dim'), area: token('--map-area'),
    font: style.fontFamily,
    categories: huesOf(prices).map(({ hue, notches }) => ({
      fill: hue ? token(`--cat-${hue}`) : token('--seat-dim'), tint: hue ? token(`--cat-${hue}-tint`) : token('--seat-dim'),
      text: token('--on-cat'), notches,
    })),
  };
}
