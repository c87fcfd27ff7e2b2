// Seats in words, the same on the map, in the list and on the sheet.
import { money, t } from '../shared/words.js';
import { HELD } from './state.js';

const stateWords = ['js.free', 'js.held', 'js.sold', 'js.blocked'];

/** clock writes a moment (ms) as the time of day: "10:43". */
export const clock = (ms) => new Date(ms).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

// A name that holds a word says by itself what it is: "Balcony", "Block 8", "VIP 3"; "2", "B" and "12A" do not.
const word = /\p{L}{4}|\p{Lu}\p{Ll}{2}|\p{Lo}{2}|\p{L}{2} \p{N}/u;
const rowName = ({ label, table }) => (table || word.test(label) ? label : label && t('js.row', { row: label }));

/** upper is a name or a sentence as it stands at the beginning of a line. */
export const upper = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** sectionName is what a section is called: "Block 8", "Section 2"; one without a name has its number in the plan. */
export function sectionName(plan, zone) {
  const { name } = plan.zones[zone];
  return word.test(name) ? name : t('js.section', { name: name || zone + 1 });
}

/** sectionOf is the section that a seat's name begins with; "" in a house of one, and for a place of an area. */
export function sectionOf(plan, n) {
  const row = plan.rows[plan.row[n]], parted = plan.zones.filter(({ from, to }) => to > from).length > 1;
  return n < plan.seats && parted && plan.zones[row.zone].name ? sectionName(plan, row.zone) : '';
}

/** rowTitle is a row by itself: "Row F", one of several of that name "Row F, 1–12", one without a name "Seats 121–150". */
export function rowTitle(plan, row, same = false) {
  const name = rowName(row), stretch = spans([...new Set([row.first, row.first + row.size - 1])].map((n) => numberOf(plan, n)), true);
  if (!name) return upper(t(row.size > 1 ? 'js.numbers' : 'js.seat', { numbers: stretch, seat: stretch }));
  return upper(same ? `${name}, ${stretch}` : name);
}

/** say is a seat in words: "Row F, seat 12, free, behind a pillar, Category I, 99.00 EUR"; within its row without the row. */
export function say(room, n, within = false) {
  const { plan, states, prices, basket } = room, category = plan.category[n], price = prices[category];
  const parts = [within ? t('js.seat', { seat: numberOf(plan, n) }) : names(plan, [n])];
  if (basket.has(n)) parts.push(t('js.mine'));
  else if (basket.asking.has(n)) parts.push(t('js.asking'));
  else if (states[n] === HELD && room.due.has(n)) parts.push(t('js.held-until', { time: clock(room.due.get(n) * 1000) }));
  else parts.push(t(stateWords[states[n]]));
  if (room.wishes?.has(n)) parts.push(t('js.wished'));
  if (plan.accessible.has(n)) parts.push(t('js.accessible'));
  const beside = plan.companionOf.get(n);
  if (beside !== undefined) parts.push(t('js.companion', { seat: plan.row[beside] === plan.row[n] ? numberOf(plan, beside) : names(plan, [beside]) }));
  const note = plan.noteOf.get(n);
  if (note) parts.push(note);
  parts.push(plan.categories[category].name);
  if (room.locked?.has(category)) parts.push(t('js.with-code'));
  if (price !== null) parts.push(money(price, room.currency, room.digits));
  return upper(parts.join(', '));
}

/**
 * names is seats as one looks for them, for the middle of a sentence: "Balcony, row K, 4–7 and 9, and row L, seat 2". A section
 * is named where there are several, once for all that follow in it; bare leaves it out, where it has been said.
 */
export function names(plan, seats, bare = false) {
  const rows = new Map();
  for (const n of [...seats].sort((a, b) => a - b)) {
    const area = n < plan.seats ? null : plan.areaOf(n), row = plan.rows[plan.row[n]];
    const section = bare ? '' : sectionOf(plan, n), name = area ? areaName(area) : rowName(row), key = `${section}\n${name}\n${area?.first}`;
    if (!rows.has(key)) rows.set(key, { section, name, area, numbers: [] });
    rows.get(key).numbers.push(area ? String(n - area.first + 1) : numberOf(plan, n));
  }
  let before = '';
  const out = [...rows.values()].map(({ section, name, area, numbers }) => {
    const several = numbers.length > 1, here = several ? spans(numbers) : numbers[0];
    if (area) return `${name} ${here}`;
    const parts = [section !== before && section, name, !several ? t('js.seat', { seat: here }) : name ? here : t('js.numbers', { numbers: here })];
    before = section;
    return parts.filter(Boolean).join(', ');
  });
  return out.length === 2 ? t('js.and-row', { first: out[0], last: out[1] }) : out.join('; ');
}

/** numberOf is a seat's number, with the counter that its label has where another of its row has the same: "12 (2)". */
function numberOf(plan, n) {
  const label = plan.label(n), number = plan.number(n) || label, counter = label.match(/(?: \(\d+\))*$/)[0];
  return number.endsWith(counter) ? number : number + counter;
}

/** spans is numbers as people write them: "4–7 and 9"; of odd ones "1, 3 and 5". ends: only the first and the last are given. */
function spans(numbers, ends = false) {
  const cut = numbers.map((number) => number.match(/^(\d+)((?: \(\d+\))*)$/));
  if (cut.every((found) => found && found[2] === cut[0][2])) {
    const runs = [], step = ends ? Infinity : 1;
    for (const n of cut.map((found) => Number(found[1])).sort((a, b) => a - b)) {
      const last = runs[runs.length - 1];
      if (last && n - last[1] <= step) last[1] = n;
      else runs.push([n, n]);
    }
    return listed(runs.map(([from, to]) => (from < to ? `${from}–${to}` : String(from)))) + cut[0][2];
  }
  return ends ? numbers.join('–') : listed(numbers);
}

const listed = (parts) => (parts.length > 1 ? t('js.and', { first: parts.slice(0, -1).join(', '), last: parts[parts.length - 1] }) : parts[0]);

/** areaName is what the tickets call an area ("Floor (2)", the second of that name), what is written on it, or what it is. */
export const areaName = (area) => area.label || area.name || area.text?.text || t('js.standing');

/** called is what one waits for: "row F, seat 12", or for any place of an area, by the number of its first, "a place in Floor". */
export const called = (plan, n) => (n < plan.seats ? names(plan, [n]) : t('js.a-place', { area: areaName(plan.areaOf(n)) }));

/** priceOf sums the prices of seats, in minor units. */
export const priceOf = ({ plan, prices }, seats) => seats.reduce((sum, n) => sum + (prices[plan.category[n]] ?? 0), 0);
