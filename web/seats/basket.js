// What this place holds, as the server last said it, and what has been asked and not answered yet. One request at a
// time: quick taps queue up, and each answer is the whole basket.
import { Problem, api, ask } from '../shared/api.js';

const nothing = { seats: [], total: 0, currency: '', expires_at: null, version: 0, offered: [] };
const patience = 1000; // ms after which a word is said about an answer that has not come

/**
 * makeBasket gives {seats, total, currency, asking, leaving, offered, others, busy, has, expiresAt, hold, best, area, giveBack,
 * giveAllBack, refresh, lose}. asking and leaving are seats on their way in and out; offered are those the server holds
 * instead of lost ones, until the next hold; others are further offers beside the last best: [{seats: [{n, label, price}…],
 * total}], instead being the seats they would replace.
 * on: changed() after every change · refused(problem, wanted) when the server says no, wanted being the body that was sent ·
 * slow(wanted) when it takes long to say anything.
 */
export function makeBasket(event, on) {
  const basket = { ...nothing, asking: new Set(), leaving: new Set(), others: [], instead: [] };
  let line = Promise.resolve(), waiting = 0;

  const take = (answer) => {
    const same = answer.seats.length === basket.seats.length && answer.seats.every((seat) => basket.has(seat.n));
    // Only the answer to a best has others; they stand as long as nothing else was chosen.
    const others = answer.others || !same ? { others: answer.others ?? [], instead: [] } : {};
    Object.assign(basket, nothing, answer, others);
    on.changed();
  };
  const turn = (seats, set, wanted, act) => {
    for (const n of seats) set.add(n);
    waiting++;
    on.changed();
    line = line.then(async () => {
      const late = setTimeout(() => on.slow(wanted), patience);
      try {
        await act();
        return true;
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        await on.refused(problem, wanted);
        return false;
      } finally {
        clearTimeout(late);
        waiting--;
        for (const n of seats) set.delete(n);
        on.changed();
      }
    });
    return line;
  };
  const holds = (rest = '') => api(event, `/holds${rest}`);
  const read = async () => take(await ask('GET', holds()));
  const post = (seats, body) => turn(seats, basket.asking, body, async () => {
    const before = basket.seats.map((seat) => seat.n);
    const answer = await ask('POST', holds(), body);
    take(answer);
    basket.instead = answer.seats.map((seat) => seat.n).filter((n) => !before.includes(n));
    if (basket.others.length) on.changed();
  });

  return Object.assign(basket, {
    busy: () => waiting > 0,
    has: (n) => basket.seats.some((seat) => seat.n === n),
    expiresAt: () => (basket.seats.length ? new Date(basket.expires_at).getTime() : 0),
    /** hold asks for seats; those of mine in instead are given back in the same step, or nothing changes. */
    hold: (seats, instead = []) => post(seats, instead.length ? { seats, instead_of: instead } : { seats }),
    best: (quantity, { category, accessible } = {}) => post([], { best: { quantity, ...(category && { category }), ...(accessible && { accessible }) } }),
    area: (area, quantity) => post([], { area, quantity }),
    /** giveBack says false also of seats that were no longer in the basket: another tab may have made an order of it. */
    giveBack: (...seats) => {
      let there = false;
      return turn(seats, basket.leaving, {}, async () => {
        await read();
        there = seats.every(basket.has);
        if (!there) return;
        for (const n of seats) await ask('DELETE', holds(`/${n}`));
        await read();
      }).then((ok) => ok && there);
    },
    giveAllBack: () => turn(basket.seats.map((seat) => seat.n), basket.leaving, {}, async () => {
      await ask('DELETE', holds());
      take(nothing);
    }),
    /** refresh reads the basket; unlike the rest it throws what goes wrong. */
    refresh: read,
    lose: (seats) => take({ ...basket, others: [], seats: basket.seats.filter((seat) => !seats.includes(seat.n)) }),
  });
}
