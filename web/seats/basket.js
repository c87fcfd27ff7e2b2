// What this place holds, as the server last said it, and what has been asked and not answered yet. One request at a
// time: quick taps queue up, and each answer is the whole basket.
import { Problem, api, ask } from '../shared/api.js';

const nothing = { seats: [], total: 0, currency: '', expires_at: null, version: 0 };

/**
 * makeBasket gives {seats, numbers, asking, total, currency, expiresAt, hold, best, giveBack, giveAllBack, refresh}.
 * changed() is called after every change; refused(problem, wanted) when the server says no, wanted being what was asked:
 * {seats} or {best}.
 */
export function makeBasket(event, changed, refused) {
  const basket = { ...nothing, asking: new Set(), leaving: new Set() };
  let line = Promise.resolve();

  const take = (answer) => {
    Object.assign(basket, answer);
    changed();
  };
  const turn = (seats, set, wanted, act) => {
    for (const n of seats) set.add(n);
    changed();
    line = line.then(async () => {
      try {
        await act();
        return true;
      } catch (problem) {
        if (!(problem instanceof Problem)) throw problem;
        await refused(problem, wanted);
        return false;
      } finally {
        for (const n of seats) set.delete(n);
        changed();
      }
    });
    return line;
  };
  const holds = (rest = '') => api(event, `/holds${rest}`);
  const read = async () => take(await ask('GET', holds()));

  return Object.assign(basket, {
    has: (n) => basket.seats.some((seat) => seat.n === n),
    expiresAt: () => (basket.seats.length ? new Date(basket.expires_at).getTime() : 0),
    hold: (seats) => turn(seats, basket.asking, { seats }, async () => take(await ask('POST', holds(), { seats }))),
    best: (quantity, category) => turn([], basket.asking, { best: { quantity, category } },
      async () => take(await ask('POST', holds(), { best: category ? { quantity, category } : { quantity } }))),
    giveBack: (n) => turn([n], basket.leaving, {}, async () => {
      await ask('DELETE', holds(`/${n}`));
      await read();
    }),
    giveAllBack: () => turn(basket.seats.map((seat) => seat.n), basket.leaving, {}, async () => {
      await ask('DELETE', holds());
      take(nothing);
    }),
    /** refresh reads the basket; unlike the rest it throws what goes wrong. */
    refresh: read,
    lose: (seats) => take({ ...basket, seats: basket.seats.filter((seat) => !seats.includes(seat.n)) }),
  });
}
