// One row of the list: its name, how many stand together in it, its seats as buttons. Only one seat of a section and the
// button of its row are tab stops; the arrows go from seat to seat, over what is hidden.
import { money, plural, t } from '../shared/words.js';
import { priceOf, rowTitle, say } from './say.js';
import { FREE } from './state.js';

const kinds = ['free', 'held', 'sold', 'blocked'];

/**
 * makeRows gives {make(index, closed, same), update(seats), wanted(n)} for the element all rows are in. want is {only, accessible, free}: which categories, wheelchair places
 * only, free seats only; same tells that its section has another row of that name. A made row is {element, update(), stop()}: stop makes its first seat the section's tab stop.
 */
export function makeRows(list, room, party, want, on) {
  const { plan, states, basket } = room, made = new Map(), buttons = new Map();
  const wanted = (n) => (!want.only || want.only.has(plan.category[n])) && (!want.accessible || plan.accessible.has(n));

  const dress = (n) => {
    const button = buttons.get(n), mine = basket.has(n), asking = basket.asking.has(n), wished = room.wishes.has(n);
    const kind = mine ? 'mine' : asking ? 'asking' : kinds[states[n]];
    button.hidden = !mine && !asking && (!wanted(n) || want.free && states[n] !== FREE && !wished);
    const is = `${kind} ${wished} ${room.due.get(n) ?? ''} ${room.locked?.has(plan.category[n])}`;
    if (button.dataset.is === is) return;
    Object.assign(button.dataset, { is, kind });
    button.classList.toggle('wished', wished);
    button.setAttribute('aria-label', say(room, n, true)); // its row has been named by then
    button.setAttribute('aria-pressed', String(mine));
    // What is held or sold can still be pressed: it says when it may come back.
    button.setAttribute('aria-disabled', String(!mine && kind === 'blocked'));
  };

  const make = (index, closed, same) => {
    const row = plan.rows[index], name = rowTitle(plan, row, same);
    const line = document.createElement('div'), seats = document.createElement('div'), foot = document.createElement('div');
    const left = Object.assign(document.createElement('span'), { className: 'soft' }), take = Object.assign(document.createElement('button'), { type: 'button', className: 'list-take quiet', tabIndex: -1 });
    const head = closed ? Object.assign(document.createElement('button'), { type: 'button', className: 'list-open', tabIndex: -1 }) : Object.assign(document.createElement('span'), { className: 'list-letter', ariaHidden: 'true' });
    let together = [0, 0];
    line.className = closed ? 'list-row list-closed' : 'list-row';
    seats.className = 'list-seats';
    seats.setAttribute('role', 'group');
    seats.setAttribute('aria-label', name);
    foot.className = 'list-foot';
    if (closed) head.append(Object.assign(document.createElement('bdi'), { textContent: name }), left);
    else {
      head.textContent = row.label;
      foot.append(left);
    }
    foot.append(take);
    line.append(head, seats, foot);

    const fill = () => {
      for (let n = row.first; n < row.first + row.size; n++) {
        const button = Object.assign(document.createElement('button'), { type: 'button', className: `list-seat hue-${room.hues[plan.category[n]].hue}`, textContent: plan.number(n), tabIndex: -1 });
        button.dataset.n = n;
        buttons.set(n, button);
        dress(n);
        seats.append(button);
      }
    };
    const self = {
      element: line, index,
      first: () => [...seats.children].find((button) => !button.hidden),
      stop: () => {
        const button = closed ? head : self.first();
        if (button) button.tabIndex = 0;
        take.tabIndex = 0;
      },
      open: (yes) => {
        if (!closed) return;
        if (yes && !seats.childElementCount) fill();
        seats.hidden = !yes;
        head.setAttribute('aria-expanded', String(yes));
        const button = yes && !seats.querySelector('[tabindex="0"]') && self.first();
        if (button) button.tabIndex = 0;
      },
      update: () => {
        let free = 0, least = Infinity, dearest = 0, some = false;
        for (let n = row.first; n < row.first + row.size; n++) {
          if (buttons.has(n)) dress(n);
          const fits = wanted(n);
          some ||= basket.has(n) || fits && (!want.free || states[n] === FREE);
          if (!fits || states[n] !== FREE) continue;
          free++;
          const price = room.prices[plan.category[n]] ?? 0;
          [least, dearest] = [Math.min(least, price), Math.max(dearest, price)];
        }
        together = want.accessible ? [0, 0] : party.longest(index, want.only);
        const size = on.size(), most = together[1] - together[0];
        line.hidden = !some;
        const parts = [free ? plural(least < dearest ? 'js.free-from' : 'js.free-at', free, { price: money(least, room.currency, room.digits) }) : t('js.none-free')];
        if (most > 1) parts.push(t('js.together', { count: most }));
        left.textContent = parts.join(', ');
        take.hidden = size < 2 || most < size;
        foot.hidden = closed && take.hidden;
        if (take.hidden) return;
        const block = party.at(together[0] + Math.floor((most - 1) / 2), size);
        const [from, to] = [block[0], block[block.length - 1]].map(plan.number);
        take.textContent = t('js.take-together', Number(from) > Number(to) ? { from: to, to: from } : { from, to });
        take.setAttribute('aria-label', `${take.textContent}, ${name}, ${money(priceOf(room, block), room.currency, room.digits)}`);
        take.onclick = () => on.hold(block);
      },
    };
    head.addEventListener('click', () => self.open(seats.hidden));
    if (closed) self.open(false);
    else fill();
    made.set(index, self);
    return self;
  };

  list.addEventListener('click', (e) => {
    const button = e.target.closest('.list-seat');
    if (button) on.pick(Number(button.dataset.n));
  });
  list.addEventListener('focusin', (e) => {
    const button = e.target.closest('.list-seat, .list-open'), line = e.target.closest('.list-row');
    if (!button) return;
    for (const other of button.closest('.list-body').querySelectorAll('.list-row [tabindex="0"]')) other.tabIndex = -1;
    for (const stop of [button, line.querySelector('.list-take'), line.querySelector('.list-open')]) if (stop) stop.tabIndex = 0;
    if (!button.dataset.n) line.querySelector('.list-seat:not([hidden])')?.setAttribute('tabindex', '0');
    else on.look(Number(button.dataset.n));
  });
  list.addEventListener('keydown', (e) => {
    const button = e.target.closest('.list-seat, .list-open');
    const to = button && neighbour(button, e.key);
    if (!to) return;
    e.preventDefault();
    to.focus();
  });
  return {
    make, wanted,
    update: (seats) => {
      for (const index of new Set(seats.map((n) => plan.row[n]))) made.get(index)?.update();
    },
  };
}

/** neighbour is the button an arrow leads to: along the row, or to the same place in the next one; a closed row is met at its name. */
function neighbour(button, key) {
  const line = button.closest('.list-row'), own = [...line.querySelectorAll('.list-seat:not([hidden])')], i = own.indexOf(button);
  const step = (way) => {
    let next = line[way];
    while (next && (next.hidden || !next.matches('.list-row'))) next = next[way];
    if (!next) return null;
    const seats = next.querySelector('.list-seats[hidden]') || i < 0 ? [] : [...next.querySelectorAll('.list-seat:not([hidden])')];
    return seats[Math.min(i, seats.length - 1)] ?? next.querySelector('.list-open') ?? next.querySelector('.list-seat:not([hidden])');
  };
  switch (key) {
    case 'ArrowRight': return own[i + 1];
    case 'ArrowLeft': return i > 0 ? own[i - 1] : null;
    case 'ArrowDown': return step('nextElementSibling');
    case 'ArrowUp': return step('previousElementSibling');
    case 'Home': return own[0];
    case 'End': return own[own.length - 1];
    default: return null;
  }
}
