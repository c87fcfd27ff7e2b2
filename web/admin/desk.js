// The live desk: figures every two seconds, two curves, the room. The switches are forms and need none of this.
import { api, ask } from '../shared/api.js';
import { money } from '../shared/words.js';
import { drawCurve } from './curve.js';
import { desk as signedIn, staff, watchDesk } from './session.js';

const desk = document.getElementById('desk');
const { event, currency, digits, zone } = desk.dataset;
const number = new Intl.NumberFormat('en');
const find = (selector) => document.querySelector(selector);

history.replaceState(null, '', location.pathname); // "Paused." is said once, not after every reload

const phases = {
  announced: 'Announced', prequeue: 'Waiting room open', drawing: 'Drawing', open: 'On sale', paused: 'Paused',
  'sold-out': 'Sold out', ended: 'Ended',
};

function show(name, text) {
  const node = find(`[data-figure="${name}"]`);
  if (node && node.textContent !== text) node.textContent = text;
}

let before = desk.dataset.now;
function draw(stats) {
  const onSale = stats.free + stats.held + stats.paying + stats.sold, busy = stats.held + stats.paying;
  for (const name of ['waiting', 'joined', 'admitted', 'cap', 'admitted_per_minute', 'held', 'paying', 'sold', 'free', 'listed']) show(name, number.format(stats[name]));
  show('busy', number.format(busy));
  show('onsale', number.format(onSale));
  for (const name of ['gross', 'refunded', 'owed']) show(name, money(stats.money[name], currency, Number(digits)));
  for (const name of ['paid', 'pending']) show(name, number.format(stats.orders[name]));
  const bar = (part, x, width) => { part.setAttribute('x', x); part.setAttribute('width', width); };
  const sold = onSale ? 100 * stats.sold / onSale : 0;
  bar(find('.numbers .sold'), 0, sold);
  bar(find('.numbers .busy'), sold, onSale ? 100 * busy / onSale : 0);
  health(stats.payments);
  if (before !== stats.phase) {
    find('[data-aloud]').textContent = `The sale is now: ${phases[stats.phase]}.`;
    // Which switches make sense has changed; words being typed are worth more than that.
    if (![...document.querySelectorAll('.switches input, .switches textarea')].some((field) => field.value !== field.defaultValue)) location.reload();
  }
  before = stats.phase;
  const pill = find('[data-phase]');
  pill.textContent = phases[stats.phase];
  pill.className = `pill ${stats.phase}`;
}

function health({ healthy, p95_ms: p95, error_rate: failed }) {
  const node = find('[data-health]');
  const text = !healthy ? 'Payments are down. Buyers keep their seats and their clocks stand still.'
    : p95 === 0 ? 'Payments are ready.'
      : `Payments answer within ${number.format(p95)} ms, ${(100 * failed).toFixed(1)}% fail.`;
  if (node.textContent === text) return;
  if (node.classList.contains('down') === healthy) find('[data-aloud]').textContent = text;
  node.textContent = text;
  node.className = `health ${healthy ? 'up' : 'down'}`;
}

// What was seen is kept while this tab lives, so that a switch that loads the page again does not empty the curve.
const key = `fs_desk_${event}`;
const seen = (() => { try { return JSON.parse(sessionStorage.getItem(key)) ?? []; } catch { return []; } })();
const sold = (JSON.parse(find('#sold-history').textContent) ?? []).map((p) => ({ at: Date.parse(p.at), value: p.sold }));
if (sold.length > 0) sold.unshift({ at: sold[0].at - 1000, value: 0 });

function remember(stats) {
  const at = Date.now();
  seen.push({ at, value: stats.waiting });
  if (seen.length > 900) seen.splice(0, seen.length - 900); // half an hour
  try { sessionStorage.setItem(key, JSON.stringify(seen)); } catch { /* the curve then lives as long as the page */ }
  if (sold.at(-1)?.value !== stats.sold) sold.push({ at, value: stats.sold });
}

const said = (name) => (first, last, most) => `${name}: now ${number.format(last.value)}, at most ${number.format(most)}`;
function curves() {
  find('[data-curves]').hidden = false;
  drawCurve(find('[data-curve=waiting]'), seen, { label: said('Waiting'), zone });
  drawCurve(find('[data-curve=sold]'), [...sold, { at: Date.now(), value: sold.at(-1)?.value ?? 0 }], { steps: true, label: said('Sold'), zone });
}

async function look() {
  try {
    const stats = await signedIn('GET', staff(event, '/stats'));
    find('[data-lost]').hidden = true;
    draw(stats);
    remember(stats);
    curves();
  } catch (problem) {
    if (problem.status === undefined) throw problem;
    find('[data-lost]').hidden = problem.status === 401;
  }
  setTimeout(look, 2000);
}

// A tab nobody sees asks nothing.
const resume = () => { if (!document.hidden) { document.removeEventListener('visibilitychange', resume); look(); } };
document.hidden ? document.addEventListener('visibilitychange', resume) : look();
new ResizeObserver(() => seen.length && curves()).observe(desk);

// The room comes after the figures, and the desk does without it should it not come.
const room = find('[data-room]');
try {
  const { showMap } = await import('../seats/view.js');
  const facts = await ask('GET', api(event));
  room.hidden = false; // the map measures its element
  await showMap(room.querySelector('.map'), facts, {
    free: (count) => `${number.format(count)} free`, zoomIn: 'Closer', zoomOut: 'Further away', fit: 'The whole room',
  }, { follow: watchDesk });
} catch {
  room.hidden = true;
}
