// The small live map under the line: to look at, not to touch. What it shows the prices say in words.
import { huesOf } from '../seats/look.js';
import { showMap } from '../seats/view.js';
import { plural } from '../shared/words.js';
import { dress } from './write.js';

// showMini shows it, unless the visitor asked for little data.
export async function showMini(event, now) {
  if (navigator.connection?.saveData) return;
  const figure = document.getElementById('map'), element = figure.querySelector('.map');
  await dress(figure.dataset.sheet);
  figure.hidden = false;
  const about = { slug: event, plan_version: document.getElementById('event').dataset.plan, categories: now.categories };
  try {
    await showMap(element, about, { free: (count) => plural('js.left', count), zoomIn: '', zoomOut: '', fit: '' });
  } catch (error) {
    figure.hidden = true;
    throw error;
  }
  // The list of prices becomes the map's legend.
  huesOf(now.categories.map(({ price }) => price)).forEach(({ hue }, i) => {
    const cell = document.querySelector(`[data-free="${CSS.escape(now.categories[i].id)}"]`);
    if (!cell || !hue) return;
    const swatch = document.createElement('span');
    swatch.className = `swatch hue-${hue}`;
    swatch.style.background = 'var(--hue)';
    cell.closest('tr').firstElementChild.prepend(swatch);
  });
}
