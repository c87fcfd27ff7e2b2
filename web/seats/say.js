// Seats in words, the same on the map, in the list and on the sheet.
import { money, t } from '../shared/words.js';
import { HELD } from './state.js';

const stateWords = ['js.free', 'js.held', 'js.sold', 'js.blocked'];

/** clock writes a moment (ms) as the time of day: "10:43". */
export const clock = (ms) => new Date(ms).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** rowName is "Row F", or what a table is called; "" for a row without a name. */
export const rowName = (row) => (row.label && !row.table ? t('js.row', { row: row.label }) : row.label);

/** rowTitle is rowName, or for a row without a name what stands in it: "Seats 121–150". */
export function rowTitle(plan, row) {
  const from = plan.number(row.first), to = plan.number(row.first + row.size - 1);
  return rowName(row) || t(row.size > 1 ? 'js.row-unnamed' : 'js.row-single', { from, to });
}

/** say is a seat in words: "Row F, seat 12, free, behind a pillar, Category I, 99.00 EUR". */
export function say(room, n) {
  const { plan, states, prices, basket } = room, category = plan.category[n], price = prices[category], row = plan.rows[plan.row[n]];
  const parts = [row.label ? t(row.table ? 'js.table-seat' : 'js.row-seat', { row: row.label, seat: plan.number(n) }) : plan.label(n)];
  if (basket.has(n)) parts.push(t('js.mine'));
  else if (basket.asking.has(n)) parts.push(t('js.asking'));
  else if (states[n] === HELD && room.due.has(n)) parts.push(t('js.held-until', { time: clock(room.due.get(n) * 1000) }));
  else parts.push(t(stateWords[states[n]]));
  if (room.wishes?.has(n)) parts.push(t('js.wished'));
  if (plan.accessible.has(n)) parts.push(t('js.accessible'));
  if (plan.companionOf.has(n)) parts.push(t('js.companion', { seat: plan.label(plan.companionOf.get(n)) }));
  const note = plan.noteOf.get(n);
  if (note) parts.push(note);
  parts.push(plan.categories[category].name);
  if (price !== null) parts.push(money(price, room.currency, room.digits));
  return parts.join(', ');
}

/** names is some seats by their labels; a long stretch by its ends: "F-12 to F-15". */
export function names(plan, seats) {
  const out = [];
  for (const run of stretches(plan, seats)) {
    if (run.length > 2) out.push(t('js.to', { first: plan.label(run[0]), last: plan.label(run[run.length - 1]) }));
    else out.push(...run.map(plan.label));
  }
  return out.length === 2 ? t('js.and', { first: out[0], last: out[1] }) : out.join(', ');
}

/** where is some seats as one looks for them: "Balcony, row K 4–7". */
export function where(plan, seats) {
  return stretches(plan, seats).map((run) => {
    const row = plan.rows[plan.row[run[0]]];
    if (!row?.label) return names(plan, run);
    const from = plan.number(run[0]), to = plan.number(run[run.length - 1]), zone = plan.zones.length > 1 && plan.zones[row.zone].name;
    const here = `${rowName(row)} ${run.length > 1 ? `${from}–${to}` : from}`;
    return zone ? `${zone}, ${here}` : here;
  }).join('; ');
}

/** priceOf sums the prices of seats, in minor units. */
export const priceOf = ({ plan, prices }, seats) => seats.reduce((sum, n) => sum + (prices[plan.category[n]] ?? 0), 0);

/** stretches cuts seats into runs of consecutive numbers in one row. */
function stretches(plan, seats) {
  const out = [];
  for (const n of [...seats].sort((a, b) => a - b)) {
    const run = out[out.length - 1];
    if (run && run[run.length - 1] === n - 1 && plan.row[n - 1] === plan.row[n] && plan.row[n] !== undefined) run.push(n);
    else out.push([n]);
  }
  return out;
}
