// The house by keyboard: prices, sections and their rows as ticks over the same choice as the map. It takes the place of
// the list that the page has without script.
import { FREE } from '../seats/state.js';
import { rows } from './named.js';

const number = new Intl.NumberFormat('en');

/**
 * makeTree fills an element. prices are by category of the plan, as text or null; chosen is the Set of seats that are;
 * choose(seats, yes) adds or takes away. update() shows what is chosen and free now.
 */
export function makeTree(element, { plan, states, prices, chosen, choose }) {
  const ticks = []; // {box, left, seats: () → numbers}; a section's own line has no box
  const soft = () => Object.assign(document.createElement('span'), { className: 'soft' });
  const tick = (text, seats) => {
    const label = document.createElement('label'), box = Object.assign(document.createElement('input'), { type: 'checkbox' });
    const words = document.createElement('span'), left = soft();
    words.append(Object.assign(document.createElement('bdi'), { textContent: text }), ' ', left);
    label.append(box, words);
    const entry = { box, left, seats };
    // A whole section has held and sold seats too: what can be acted on is said before anything happens.
    box.addEventListener('change', () => choose(seats(), box.checked));
    ticks.push(entry);
    return { label, entry };
  };
  const show = ({ box, left, seats }) => {
    let free = 0, picked = 0, all = 0;
    for (const n of seats()) {
      all++;
      if (states[n] === FREE) free++;
      if (chosen.has(n)) picked++;
    }
    if (box) {
      box.checked = all > 0 && picked === all;
      box.indeterminate = picked > 0 && picked < all;
    }
    left.textContent = `${number.format(free)} free${picked && (picked < all || !box) ? `, ${number.format(picked)} chosen` : ''}`;
  };
  const group = (title, items) => {
    const set = document.createElement('fieldset');
    set.className = 'ticks';
    set.append(Object.assign(document.createElement('legend'), { textContent: title }), ...items);
    return set;
  };

  const ofCategory = (i) => () => {
    const out = [];
    for (let n = 0; n < plan.size; n++) if (plan.category[n] === i) out.push(n);
    return out;
  };
  const priced = plan.categories.map((category, i) => ({ category, i })).filter(({ i }) => prices[i] !== null)
    .map(({ category, i }) => tick(`${category.name}, ${prices[i]}`, ofCategory(i)).label);
  const sections = plan.zones.map((zone, i) => ({ zone, i })).filter(({ zone }) => zone.from < zone.to).map(({ zone, i }) => {
    const details = document.createElement('details'), summary = document.createElement('summary'), left = soft();
    summary.append(Object.assign(document.createElement('bdi'), { textContent: zone.name || `Section ${i + 1}` }), left);
    ticks.push({ left, seats: () => rows(plan, zone.from, zone.to) });
    details.append(summary);
    details.addEventListener('toggle', () => {
      if (!details.open || details.childElementCount > 1) return;
      const made = [tick('All of it', () => rows(plan, zone.from, zone.to))];
      for (let r = zone.from; r < zone.to; r++) if (plan.rows[r].size) made.push(tick(rowName(plan, r), () => rows(plan, r, r + 1)));
      details.append(group(`Rows of ${zone.name || `section ${i + 1}`}`, made.map(({ label }) => label)));
      for (const { entry } of made) show(entry);
    });
    return details;
  });
  const areas = plan.areas.map((area) => tick(area.name, () => Array.from({ length: area.capacity }, (_, i) => area.first + i)).label);
  element.replaceChildren(group('By price', priced), ...(areas.length ? [group('Areas', areas)] : []), ...sections);
  const update = () => ticks.forEach(show);
  update();
  return { update };
}

/** rowName says which stretch of which row: two of one name have an aisle between them. */
function rowName(plan, r) {
  const { label, first, size } = plan.rows[r];
  const [from, to] = [plan.number(first), plan.number(first + size - 1)];
  return `${label ? `Row ${label}` : 'Row'}, ${from === to ? from : `${from} to ${to}`}`;
}
