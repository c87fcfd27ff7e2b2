// What a tap means: hold the block round a seat, give one back, or say what the seat is and what can be done about it.
import { money, plural, t } from '../shared/words.js';
import { note, tip } from './notes.js';
import { areaName, called, clock, names, priceOf, say } from './say.js';
import { areaSays } from './standing.js';
import { BLOCKED, FREE, HELD, SOLD } from './state.js';

/**
 * makeTap gives {pick(n, sure, alone), hover(n, x, y, area), back(n), wish(n)}. room has plan, states, basket, wishes and due; party answers who sits
 * together; on: size(), how many a tap takes · mark(kind, seats) and focus(n) of the map · hold(seats) · giveBack(n) · area(area), to choose how many of its places.
 */
export function makeTap(room, party, on) {
  const { plan, states, basket, wishes } = room;
  const take = (seats) => ({ label: t('js.take', { seat: names(plan, seats) }), act: () => on.hold(seats) });
  const shown = (seats) => on.mark('hover', seats);
  const priced = (seats) => t('js.block', { seats: names(plan, seats), category: plan.categories[plan.category[seats[0]]].name, price: money(priceOf(room, seats), room.currency, room.digits) });

  const wish = (n) => {
    wishes.add(n);
    note(t('js.will-tell', { seat: called(plan, n) }));
  };
  /** gone says why a seat cannot be had now, and offers to call when it can. */
  const gone = (n) => {
    const seat = names(plan, [n]);
    if (states[n] === BLOCKED) return note(t('js.is-blocked', { seat }));
    const text = states[n] === SOLD ? t('js.is-sold', { seat })
      : room.due.has(n) ? t('js.back-about', { seat, time: clock(room.due.get(n) * 1000) }) : t('js.is-held', { seat });
    if (wishes.has(n)) return note(`${text} ${t('js.will-tell-already')}`, { acts: [{ label: t('js.tell-no'), act: () => wishes.drop(n) }] });
    return note(text, { acts: [!wishes.full() && { label: t('js.tell'), act: () => wish(n) }] });
  };
  /** short says that fewer stand together here than the party needs, and where enough do. */
  const short = (n, block, size) => {
    const near = party.near(n, size);
    shown(near.length ? near : block);
    if (near.length) on.focus(near[Math.floor(near.length / 2)]);
    const text = [plural('js.only-here', block.length, { size }), near.length ? t('js.nearest', { size, seats: priced(near) }) : t('js.nowhere', { size })];
    return note(text.join(' '), { acts: [near.length && take(near), take(block)], shut: () => { shown([]); on.focus(-1); } });
  };

  const pick = (n, sure = true, alone = false) => {
    if (basket.asking.has(n) || basket.leaving.has(n)) return undefined;
    if (!alone) on.focus(-1); // the ring of the list's last seat has shown where it is
    if (basket.has(n)) return on.giveBack(n);
    if (states[n] !== FREE) return gone(n);
    const size = alone ? 1 : on.size(), block = party.at(n, size);
    if (!block.length) return undefined;
    if (block.length < size) return short(n, block, size);
    if (sure) return on.hold(block);
    shown(block);
    return note(block.length > 1 ? priced(block) : say(room, n), { acts: [take(block)], shut: () => shown([]) });
  };
  return {
    pick, wish,
    hover: (n, x, y, area) => {
      if (n < 0) return tip(area ? `${areaName(area)}: ${areaSays(room, area)}` : '', x, y);
      const block = states[n] === FREE && !basket.has(n) ? party.at(n, on.size()) : [];
      if (block.length > 1) shown(block);
      return tip(block.length > 1 ? priced(block) : say(room, n), x, y);
    },
    /** back says that a seat somebody waited for is free, or a place of an area. */
    back: (n) => {
      const area = plan.areaOf(n), ask = area && { label: t('js.how-many-in', { area: areaName(area) }), act: () => on.area(area) };
      return note(`${t('js.back', { seat: called(plan, n) })} ${t('js.back-how')}`, { acts: [ask ?? (states[n] !== HELD && take([n]))], own: false });
    },
  };
}
