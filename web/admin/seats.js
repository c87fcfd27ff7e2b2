// The organiser's hand: seats chosen on the live map, in the list or as text, and what is done with them. The form says the
// same to the server when no script runs.
import { api, ask } from '../shared/api.js';
import { money } from '../shared/words.js';
import { makeFloors } from '../seats/floorchips.js';
import { BLOCKED, FREE, HELD, SOLD } from '../seats/state.js';
import { showMap } from '../seats/view.js';
import { makeBlocks } from './blocks.js';
import { makeNames } from './named.js';
import { makeOwner } from './owner.js';
import { desk, signedOut, staff, watchDesk } from './session.js';
import { makeSure } from './sure.js';
import { makeTree } from './tree.js';
import { wallClock } from './wallclock.js';

const hand = document.getElementById('hand');
const { event, currency, digits, zone } = hand.dataset;
const part = (name) => hand.querySelector(`[data-${name}]`);
const form = part('form'), field = (name) => form.elements.namedItem(name);
const number = new Intl.NumberFormat('en'), count = (n) => `${number.format(n)} ${n === 1 ? 'seat' : 'seats'}`;
const price = (minor) => money(minor, currency, Number(digits));
const shown = (style) => (at) => new Intl.DateTimeFormat('en-GB', { timeZone: zone, ...style }).format(Date.parse(at));
const clock = shown({ timeStyle: 'short' }), moment = shown({ dateStyle: 'long', timeStyle: 'short' });

history.replaceState(null, '', location.pathname + location.hash); // "Off sale." is said once, not after every reload

const chosen = new Set();
let unknown = [], written = ''; // names in the field that nothing here has; what the field said when it was last read or written
const sure = makeSure(document.querySelector('[data-sure]')), owner = makeOwner(part('owner'), event, {
  price, clock, moment, count, chosen: (places, n) => {
    choose(places, false);
    choose(places.slice(0, n), true);
  },
});

const facts = await ask('GET', api(event));
const room = part('room');
room.hidden = false; // the map measures its element
const { map, plan, states } = await showMap(room.querySelector('.map'), facts, {
  free: (n) => `${number.format(n)} free`, zoomIn: 'Closer', zoomOut: 'Further away', fit: 'The whole room',
}, {
  readOnly: false,
  onTap: (n) => {
    owner.tell(n);
    if (states[n] === FREE || states[n] === BLOCKED) choose([n], !chosen.has(n));
  },
  onArea: (area) => owner.area(area, places(area)),
  onHover: (n, x, y) => tip(n, x, y),
  onChange: (changes) => changed({ blocked: changes.some(([n, state]) => state === BLOCKED || blocks.of(n)) }),
  follow: (slug, version, on) => watchDesk(slug, version, { ...on, lost: () => lost(true), back: () => lost(false) }),
  lasso: { on: (seats, { remove }) => choose(seats.filter((n) => states[n] === FREE || states[n] === BLOCKED), !remove) },
});
const priceOf = new Map(facts.categories.map((c) => [c.id, c.price])), prices = plan.categories.map((c) => priceOf.get(c.id) ?? null);
const floors = makeFloors(part('floors'), plan, 'Whole house', (zone) => map.showZone(zone));
const names = makeNames(plan);
const tree = makeTree(part('tree'), { plan, states, prices: prices.map((p) => (p === null ? null : price(p))), chosen, choose: (seats, yes) => choose(seats, yes) });

const blocks = makeBlocks(hand, event, { map, show: (seats) => {
  chooseNone();
  choose(seats, true);
  if (seats.length) floors.to(seats[Math.floor(seats.length / 2)]);
  map.focusSeat(seats[Math.floor(seats.length / 2)]);
  room.scrollIntoView({ block: 'nearest' });
} });

// tip names the seat under the mouse, and for whom it is kept.
function tip(n, x, y) {
  const block = n < 0 ? undefined : blocks.of(n), element = part('tip');
  element.hidden = n < 0;
  if (n < 0) return;
  element.textContent = `${plan.label(n)}: ${block ? block.name || `not for sale, ${block.reason}` : ['free', 'held', 'sold', 'not for sale'][states[n]]}`;
  element.style.transform = `translate(${x}px,${y}px)`;
}

/** places are the free ones of an area. */
const places = (area) => Array.from({ length: area.capacity }, (_, i) => area.first + i).filter((n) => states[n] === FREE);

function choose(seats, yes) {
  for (const n of seats) if (yes) chosen.add(n); else chosen.delete(n);
  written = field('seats').value = [names.write(sorted(chosen)), ...unknown].filter(Boolean).join(', ');
  showChosen();
}

function chooseNone() {
  unknown = [];
  complain('seats', '');
  choose([...chosen], false);
}

const sorted = (seats) => [...seats].sort((a, b) => a - b);
const worth = (seats) => seats.reduce((sum, n) => sum + (prices[plan.category[n]] ?? 0), 0);

// What is chosen, in figures: what can be done with it follows from what the seats are.
function showChosen() {
  const all = sorted(chosen), by = [FREE, HELD, SOLD, BLOCKED].map((state) => all.filter((n) => states[n] === state));
  map.mark('picked', all);
  tree.update();
  const said = [['free', FREE], ['held or being paid for', HELD], ['sold', SOLD], ['off sale', BLOCKED]]
    .filter(([, state]) => by[state].length).map(([word, state]) => `${number.format(by[state].length)} ${word}`);
  const line = part('chosen');
  line.hidden = !chosen.size;
  line.replaceChildren(`${count(chosen.size)} chosen: ${said.join(', ')}. ${by[FREE].length ? `The free ones are worth ${price(worth(by[FREE]))}. ` : ''}`);
  const clear = Object.assign(document.createElement('button'), { type: 'button', className: 'plain', textContent: 'Choose none' });
  clear.addEventListener('click', () => { chooseNone(); field('seats').focus(); });
  line.append(clear);
  part('acts').hidden = !chosen.size;
  part('acts-count').textContent = `${number.format(chosen.size)} chosen`;
  return by;
}

field('seats').addEventListener('change', read);

// A name that nothing here has stays in the field, and nothing happens to the others until it is gone.
function read() {
  const said = names.read(written = field('seats').value);
  unknown = said.unknown;
  complain('seats', noSuch());
  chosen.clear();
  for (const n of said.seats) chosen.add(n);
  showChosen();
}

const noSuch = () => (unknown.length ? `Nothing here is called ${unknown.slice(0, 5).map((u) => `“${u}”`).join(', ')}.` : '');

/** complain says by a field what is wrong with it, or that nothing is. */
function complain(name, ...words) {
  const input = field(name);
  let line = document.getElementById(`${name}-error`);
  if (!words[0]) {
    input.removeAttribute('aria-invalid');
    return line?.remove();
  }
  line ??= Object.assign(document.createElement('p'), { className: 'error', id: `${name}-error` });
  line.replaceChildren(...words);
  input.setAttribute('aria-invalid', 'true');
  input.setAttribute('aria-describedby', `${name === 'reason' ? '' : `${name}-hint `}${name}-error`);
  input.closest('.field').append(line);
}

// until is the moment that the field names by the venue's clock: null for never, NaN for one that is none.
function until() {
  const text = field('until').value;
  return text ? wallClock(text, zone) : null;
}

form.addEventListener('submit', (e) => {
  e.preventDefault();
  if (field('seats').value !== written) read(); // not every browser tells of a change when a button is tapped
  if (e.submitter?.value === 'release') askToRelease();
  else askToBlock();
});

function askToBlock() {
  const by = showChosen(), end = until(), reason = field('reason').value.trim(), name = field('name').value.trim();
  complain('seats', noSuch() || by[FREE].length ? noSuch() : chosen.size ? 'None of these seats is free.' : 'Choose seats first: on the map, in the list, or by name.');
  complain('reason', reason ? '' : 'Say why in a few words: whoever finds these seats later wants to know.');
  complain('until', Number.isNaN(end) ? 'That hour does not exist on that day.' : end !== null && end <= Date.now() ? 'Lies in the past.' : '');
  const wrong = form.querySelector('[aria-invalid=true]');
  if (wrong) return wrong.focus();
  const question = (seats, left) => ({
    title: name ? `Keep ${count(seats.length)} for ${name}?` : `Take ${count(seats.length)} off sale?`,
    lines: [
      `${clipped(names.write(seats))}. At today’s prices that is ${price(worth(seats))}.`, 'Fans see at once that they are not for sale.',
      end === null ? 'They stay off sale until somebody puts them back.' : `They go back on sale by themselves on ${moment(new Date(end).toISOString())}.`,
      ...left,
    ],
    button: 'Take off sale', danger: true,
    act: () => block(seats, { reason, name, until: end === null ? null : new Date(end).toISOString() }, question),
  });
  const others = chosen.size - by[FREE].length;
  key = String(Math.random()).slice(2) + Date.now(); // an answer that is lost on its way is given again
  sure(question(by[FREE], others ? [`${count(others)} of your choice ${others === 1 ? 'stays as it is' : 'stay as they are'}. Nobody loses a seat.`] : []));
}

let key = '';
async function block(seats, words, question) {
  try {
    await desk('POST', staff(event, '/blocks'), { seats, ...words }, { key: `${key}-${seats.length}` });
  } catch (problem) {
    if (problem.code !== 'seats-taken') throw problem;
    // Somebody was faster with a few: the others are asked about again.
    const taken = new Set(problem.facts.seats), left = seats.filter((n) => !taken.has(n));
    if (!left.length) {
      const title = seats.length === 1 ? 'This seat was taken a moment ago' : `All ${number.format(seats.length)} were taken a moment ago`;
      return { title, lines: [`Somebody has or holds ${clipped(names.write(seats))}. Nothing was changed.`], button: '' };
    }
    return question(left, [`Meanwhile somebody took ${clipped(names.write(sorted(taken)))}: left as it is.`]);
  }
  map.patch(seats.map((n) => [n, BLOCKED]));
  for (const name of ['name', 'reason', 'until']) field(name).value = '';
  chooseNone();
  say(`${count(seats.length)} off sale.`);
  return null;
}

async function askToRelease() {
  if (unknown.length) return field('seats').focus();
  const all = await blocks.read().catch((problem) => {
    if (problem.status === undefined) throw problem;
    complain('seats', ...problem.status === 401 ? signedOut() : ['The server did not answer, and nothing happened. Press again in a moment.']);
  });
  if (!all) return field('seats').focus();
  const of = all.map((b) => ({ ...b, seats: b.seats.filter((n) => chosen.has(n)) })).filter((b) => b.seats.length);
  complain('seats', of.length ? '' : chosen.size ? 'None of these seats was taken off sale by hand.' : 'Choose seats first: on the map, in the list, or by name.');
  if (!of.length) return field('seats').focus();
  const total = of.reduce((sum, b) => sum + b.seats.length, 0);
  return sure({
    title: `Put ${count(total)} back on sale?`,
    lines: [...of.map((b) => `${b.name || 'Not for sale'} (${b.reason}): ${count(b.seats.length)}.`), 'Anybody inside can take them at once.'],
    button: 'Put back on sale', danger: false,
    act: async () => {
      const freed = []; // what somebody else put back may be sold already: it is not ours to show
      for (const b of of) freed.push(...(await desk('POST', staff(event, `/blocks/${b.id}/release`), { seats: b.seats })).released);
      map.patch(freed.map((n) => [n, FREE]));
      chooseNone();
      const others = total - freed.length;
      if (!freed.length) say('Nothing was changed: these seats were back on sale already.');
      else say(`${count(freed.length)} back on sale.${others ? ` ${count(others)} already ${others === 1 ? 'was' : 'were'}.` : ''}`);
      return null;
    },
  });
}

const clipped = (text) => (text.length > 160 ? `${text.slice(0, 159)}…` : text);

function say(text) {
  part('owner').replaceChildren(text);
  part('owner').hidden = false;
  changed({ blocked: true });
}

const lost = (yes) => { part('lost').hidden = !yes; };

// Whatever changes, the figures follow, at most once in a second, and the list when it may be another.
let due = 0, relist = false;
function changed({ blocked, soon = 1000 }) {
  relist ||= blocked;
  due ||= setTimeout(async () => {
    const list = relist; // what is told of meanwhile is for the next time
    due = 0;
    relist = false;
    showChosen();
    try {
      const stats = await desk('GET', staff(event, '/stats'));
      for (const name of ['free', 'held', 'paying', 'sold', 'blocked']) part(`count=${name}`).textContent = number.format(stats[name]);
      if (list) await blocks.refresh();
      lost(false);
    } catch (problem) {
      relist ||= list;
      lost(problem.status !== 401);
    }
  }, soon);
}

for (const tool of room.querySelectorAll('[data-tool]')) {
  tool.addEventListener('click', () => {
    map.lasso(tool.dataset.tool === 'move' ? false : tool.dataset.tool);
    for (const other of room.querySelectorAll('[data-tool]')) other.setAttribute('aria-pressed', String(other === tool));
  });
}
for (const button of hand.querySelectorAll('[data-go]')) {
  button.addEventListener('click', () => {
    if (button.dataset.go === 'none') return chooseNone();
    return field(button.dataset.go).focus();
  });
}
// A name, a reason or an end that somebody else changes moves no seat.
const whole = (soon) => { if (!document.hidden) changed({ blocked: true, soon }); };
whole(0);
setInterval(whole, 10_000);
document.addEventListener('visibilitychange', () => whole(0));
field('seats').dispatchEvent(new Event('change'));
