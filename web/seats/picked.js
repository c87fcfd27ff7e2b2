// Lines on the sheet: the seats that are mine, what else the house could give, the seats somebody waits for.
import { money, t } from '../shared/words.js';
import { home } from './notes.js';
import { areaName, called, names, sectionOf, upper } from './say.js';
import { FREE, HELD, SOLD, freeIn } from './state.js';

const $ = (id) => document.getElementById(id);
const make = (tag, props, ...children) => {
  const element = Object.assign(document.createElement(tag), props);
  element.append(...children);
  return element;
};

/** cross is the button that takes a line away. */
const cross = (label, act) => {
  const button = make('button', { type: 'button', className: 'plain', textContent: '✕', onclick: act });
  button.setAttribute('aria-label', label);
  return button;
};

/** line is one seat: its colour, its name over what is said of it, and what stands at its end. */
function line({ hues, plan }, category, name, small, ...end) {
  const at = plan.categories.findIndex((c) => c.id === category);
  return make('li', {}, make('span', { className: `chip-hue hue-${hues[at]?.hue ?? 0}`, ariaHidden: 'true' }),
    make('span', { className: 'picked-name' }, make('bdi', { textContent: name }), make('small', { className: 'soft', textContent: small ?? plan.categories[at]?.name ?? '' })), ...end);
}

/** replace puts other lines into a list; whoever stands on a button of it stays where they were. */
function replace(list, lines) {
  const at = [...list.children].findIndex((li) => li.contains(document.activeElement));
  list.replaceChildren(...lines);
  if (at >= 0) (list.children[Math.min(at, lines.length - 1)]?.querySelector('button:last-child') ?? home())?.focus({ preventScroll: true });
}

/** showPicked lists what the basket holds; giveBack(n) is called for a seat that is not wanted any more. */
export function showPicked(room, basket, giveBack) {
  $('picked').hidden = !basket.seats.length;
  replace($('picked'), basket.seats.map((seat) => {
    const waits = basket.leaving.has(seat.n) || basket.asking.has(seat.n), note = room.plan.noteOf.get(seat.n);
    const name = (bare) => (seat.n < room.plan.seats ? names(room.plan, [seat.n], bare) : seat.label); // a place's number is the server's word
    const back = cross(t('js.give-back', { seat: name() }), () => waits || giveBack(seat.n));
    back.setAttribute('aria-disabled', String(waits)); // disabled would lose the focus
    const small = [sectionOf(room.plan, seat.n), basket.offered.includes(seat.n) && t('js.offered'), room.plan.categories.find((c) => c.id === seat.category)?.name, room.plan.accessible.has(seat.n) && t('js.accessible'), room.plan.companionOf.has(seat.n) && t('js.companion-place'), note].filter(Boolean).join(' · ');
    const li = line(room, seat.category, upper(name(true)), small, make('span', { className: 'number', textContent: money(seat.price, basket.currency, room.digits) }), back);
    li.classList.toggle('waiting', waits);
    return li;
  }));
}

/** showOthers offers what the house could give instead of its last best; swap(other) is called with the one that is liked better. */
export function showOthers(room, basket, swap) {
  $('others').hidden = !basket.others.length;
  $('others-list').replaceChildren(...basket.others.map((other) => make('button', {
    type: 'button', className: 'chip', onclick: () => swap(other),
  }, make('bdi', { textContent: upper(names(room.plan, other.seats.map((seat) => seat.n))) }), make('span', { className: 'number', textContent: money(other.total, room.currency, room.digits) }))));
}

/** showWished lists what somebody waits for, seats and areas by their first place; take(n) and drop(n) are what can be done about one. */
export function showWished(room, { take, drop }) {
  const { plan, states, wishes } = room, seats = wishes.all();
  $('wishes').hidden = !seats.length;
  replace($('wished'), seats.map((n) => {
    const area = plan.areaOf(n), [state, due] = area ? soonest(room, area) : [states[n], room.due.get(n)], seat = called(plan, n);
    const said = state === FREE ? t('js.free-now') : state === SOLD ? t('js.sold-waits') : state === HELD && due ? t('js.until-about', { time: room.clock(due * 1000) }) : t('js.held');
    const end = [cross(t('js.wish-no', { seat }), () => drop(n))];
    if (state === FREE) end.unshift(make('button', { type: 'button', className: 'small-button', textContent: area ? t('js.how-many-in', { area: areaName(area) }) : t('js.take', { seat }), onclick: () => take(n) }));
    return line(room, plan.categories[plan.category[n]].id, upper(seat), said, ...end);
  }));
}

/** soonest is how an area stands, and when the first of its held places may come back. */
function soonest({ states, due }, area) {
  if (freeIn(states, area)) return [FREE];
  let state = SOLD, first;
  for (let n = area.first; n < area.first + area.capacity; n++) {
    if (states[n] !== HELD) continue;
    state = HELD;
    if (due.has(n) && !(first < due.get(n))) first = due.get(n);
  }
  return [state, first];
}
