// What happens to the map and to one's own seats, as the server tells it, written into the page's state.
import { watch } from '../shared/live.js';
import { t } from '../shared/words.js';
import { note, unsay } from './notes.js';
import { clock } from './say.js';
import { unpackStates } from './state.js';

/**
 * follow keeps {states, due, basket} of room up to date from a version on. on: snapshot(states) and patch(changes) draw what
 * changed · fuses([[n, seconds], …]), all of them · lapsed(), own seats went back · fewer(), own seats went while nothing was heard · online(yes) ·
 * outside(), when one is no longer let in.
 */
export function follow(slug, version, room, on) {
  const { plan, basket, due } = room;
  return watch(slug, version, {
    snapshot: (base64, _, dues) => {
      setDues(due, dues);
      on.snapshot(unpackStates(base64, plan.size));
      on.fuses([...due]);
    },
    delta: (changes, _, dues) => {
      for (const [n] of changes) due.delete(n);
      for (const [n, seconds] of dues) due.set(n, seconds);
      on.patch(changes);
      on.fuses([...due]);
    },
    // Another tab of the same place, or an outage that moved the clock: the basket is asked for anew.
    hold: ({ seats, expires_at }) => {
      const theirs = seats ?? [], until = theirs.length ? Date.parse(expires_at) : 0;
      const same = theirs.length === basket.seats.length && theirs.every((n) => basket.has(n)) && Math.abs(until - basket.expiresAt()) < 1000;
      // What is under way is answered with the whole basket anyway.
      if (!same && !basket.busy()) basket.refresh().catch(() => {});
    },
    expired: (gone) => {
      const mine = gone.filter(basket.has);
      if (!mine.length) return;
      basket.lose(mine);
      on.lapsed();
    },
    order: ({ id, status, slow, safe_until }) => {
      if (slow) return bankSlow(`/orders/${id}`, safe_until);
      if (status === 'paid') return location.assign(`/orders/${id}`);
      // Its seats are in no basket any more, whichever tab ordered.
      basket.refresh().catch(() => {});
      if (status === 'pending' || status === 'paying' || status === 'declined') return orderOpen(`/orders/${id}`);
      return unsay(t('js.order-open'));
    },
    lost: () => on.online(false),
    back: () => {
      const held = basket.seats.length;
      on.online(true);
      basket.refresh().then(() => basket.seats.length < held && on.fewer()).catch(() => {});
    },
    out: on.outside,
  });
}

/** orderOpen says that an order waits to be paid, at this address. */
export function orderOpen(url) {
  note(t('js.order-open'), { acts: [{ label: t('js.to-order'), href: url }], kind: 'warn', own: false });
}

function bankSlow(url, until) {
  note(until ? t('js.bank-slow', { time: clock(Date.parse(until)) }) : t('js.bank-slow-paid'),
    { acts: [{ label: t('js.to-order'), href: url }], kind: 'warn', own: false });
}

/** setDues makes due, a Map, hold exactly these. */
export function setDues(due, dues) {
  due.clear();
  for (const [n, seconds] of dues ?? []) due.set(n, seconds);
}
