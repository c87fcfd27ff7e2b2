// The map in words: section › row › seat, over the same states, for keyboards, screen readers and whoever likes lists.
// A section's rows are built when it is opened; inside it one seat is a tab stop and the arrows move.
import { money, plural, t } from '../shared/words.js';
import { FREE, freeBy } from './state.js';

const stateWords = ['js.free', 'js.held', 'js.sold', 'js.blocked'];

/** say is a seat in words: "Row F, seat 12, free, Category I, 99.00 EUR". */
export function say({ plan, states, prices, currency, digits }, n, mine, asking) {
  const category = plan.category[n], price = prices[category], row = plan.rows[plan.row[n]];
  const parts = [row.label ? t('js.row-seat', { row: row.label, seat: plan.number(n) }) : plan.label(n)];
  parts.push(mine ? t('js.mine') : asking ? t('js.asking') : t(stateWords[states[n]]));
  if (plan.accessible.has(n)) parts.push(t('js.accessible'));
  if (plan.companionOf.has(n)) parts.push(t('js.companion', { seat: plan.label(plan.companionOf.get(n)) }));
  parts.push(plan.categories[category].name);
  if (price !== null) parts.push(money(price, currency, digits));
  return parts.join(', ');
}

/**
 * createList builds into an element. room is {plan, states, prices, hues, currency, digits, basket}; pick(n) is a seat that was
 * pressed, look(n) one that has focus. gives {update(seats | undefined), focus}.
 */
export function createList(element, room, { pick, look }) {
  const { plan, states, basket } = room, { zoneOf } = plan;
  const buttons = new Map(), sections = [];

  const dress = (button, n) => {
    const mine = basket.has(n), asking = basket.asking.has(n);
    const kind = mine ? 'mine' : asking ? 'asking' : ['free', 'held', 'sold', 'blocked'][states[n]];
    if (button.dataset.kind === kind) return;
    button.dataset.kind = kind;
    button.setAttribute('aria-label', say(room, n, mine, asking));
    button.setAttribute('aria-pressed', String(mine));
    button.setAttribute('aria-disabled', String(!mine && states[n] !== FREE));
  };
  const rowOf = (row, single) => {
    const line = document.createElement('div'), seats = document.createElement('div');
    line.className = 'list-row';
    line.append(Object.assign(document.createElement('span'), { className: 'list-letter', textContent: row.label, ariaHidden: 'true' }), seats);
    seats.className = 'list-seats';
    seats.setAttribute('role', 'group');
    seats.setAttribute('aria-label', row.label ? t('js.row', { row: row.label }) : t('js.row-unnamed'));
    for (let n = row.first; n < row.first + row.size; n++) {
      const button = Object.assign(document.createElement('button'), { type: 'button', className: `list-seat hue-${room.hues[plan.category[n]].hue}`, textContent: plan.number(n), tabIndex: single.first ? -1 : 0 });
      single.first = true;
      button.dataset.n = n;
      dress(button, n);
      buttons.set(n, button);
      seats.append(button);
    }
    return line;
  };
  const open = (section, yes) => {
    section.head.setAttribute('aria-expanded', String(yes));
    if (yes && !section.body.childElementCount) {
      const single = {};
      section.body.append(...plan.rows.slice(section.zone.from, section.zone.to).map((row) => rowOf(row, single)));
    }
    section.body.hidden = !yes;
  };
  const count = (section, free) => { section.left.textContent = free ? plural('js.free-seats', free) : t('js.none-free'); };

  plan.zones.forEach((zone, i) => {
    if (zone.from === zone.to) return;
    const h = document.createElement('h2'), head = Object.assign(document.createElement('button'), { type: 'button', className: 'list-head' });
    const left = Object.assign(document.createElement('span'), { className: 'soft' }), body = document.createElement('div');
    const name = Object.assign(document.createElement('bdi'), { textContent: zone.name || t('js.section', { number: i + 1 }) });
    head.append(name, left);
    h.append(head);
    body.id = `section-${i}`;
    head.setAttribute('aria-controls', body.id);
    const section = { zone, index: i, head, left, body };
    head.addEventListener('click', () => open(section, body.hidden));
    element.append(h, body);
    sections.push(section);
    open(section, plan.zones.length === 1);
  });

  element.addEventListener('click', (e) => {
    const button = e.target.closest('.list-seat');
    if (button) pick(Number(button.dataset.n));
  });
  element.addEventListener('focusin', (e) => {
    const button = e.target.closest('.list-seat');
    if (!button) return;
    for (const other of button.closest('[id^=section-]').querySelectorAll('.list-seat[tabindex="0"]')) other.tabIndex = -1;
    button.tabIndex = 0;
    look(Number(button.dataset.n));
  });
  element.addEventListener('keydown', (e) => {
    const button = e.target.closest('.list-seat');
    const to = button && neighbour(plan, Number(button.dataset.n), e.key);
    if (to === undefined || to === null) return;
    e.preventDefault();
    buttons.get(to)?.focus();
  });

  return {
    /** update shows new states, of these seats or of all. */
    update: (seats) => {
      for (const n of seats ?? buttons.keys()) if (buttons.has(n)) dress(buttons.get(n), n);
      const free = freeBy(states, zoneOf, plan.zones.length);
      for (const section of sections) count(section, free[section.index]);
    },
    focus: () => sections[0]?.head.focus(),
  };
}

/** neighbour is the seat an arrow leads to: along the row, or to the same place in the next row of the section. */
function neighbour(plan, n, key) {
  const at = plan.row[n], row = plan.rows[at], i = n - row.first;
  const step = (to) => {
    const next = plan.rows[to];
    return next && next.zone === row.zone && next.size ? next.first + Math.min(i, next.size - 1) : null;
  };
  switch (key) {
    case 'ArrowRight': return i + 1 < row.size ? n + 1 : null;
    case 'ArrowLeft': return i > 0 ? n - 1 : null;
    case 'ArrowDown': return step(at + 1);
    case 'ArrowUp': return step(at - 1);
    case 'Home': return row.first;
    case 'End': return row.first + row.size - 1;
    default: return null;
  }
}
