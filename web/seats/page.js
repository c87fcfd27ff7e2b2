// The seat page: plan, states and basket on one side, map, list and sheet on the other. Everything goes one way: a
// message or an answer changes the state, and the state is drawn.
import { api, ask } from '../shared/api.js';
import { watch } from '../shared/live.js';
import { now } from '../shared/clock.js';
import { money, plural, t } from '../shared/words.js';
import { makeBasket } from './basket.js';
import { back, comeIn, enter } from './door.js';
import { createList, say } from './list.js';
import { huesOf } from './look.js';
import { createMap } from './map.js';
import { announce, closable, note, tip } from './notes.js';
import { makePanel } from './panel.js';
import { decodePlan } from './plan.js';
import { explain } from './refusals.js';
import { makeSheet } from './sheet.js';
import { BLOCKED, FREE, HELD, SOLD, unpackStates } from './state.js';

const $ = (id) => document.getElementById(id);
const event = JSON.parse($('event').textContent);
const clock = (ms) => new Date(ms).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

async function start() {
  const planAt = api(event.slug, `/plan/${event.plan_version}.bin`);
  let changed = () => {};
  const basket = makeBasket(event.slug, () => changed(), (problem, wanted) => refused(problem, wanted));
  const [bytes, seats, outside] = await Promise.all([
    fetch(planAt).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(`plan: ${answer.status}`)))),
    ask('GET', api(event.slug, '/seats')), comeIn(event.slug, basket),
  ]);
  if (outside) return back(event.slug);

  const plan = decodePlan(bytes), states = unpackStates(seats.status, plan.size);
  const priceOf = new Map(event.categories.map((c) => [c.id, c.price]));
  const prices = plan.categories.map((c) => priceOf.get(c.id) ?? null);
  const room = { plan, states, prices, hues: huesOf(prices), currency: event.currency, digits: event.digits, basket, max: event.max_per_buyer };
  const since = new Map(); // seats we saw being taken, and when
  const sheet = makeSheet($('sheet'), $('grip'));
  let list = null, had = [];

  $('wait').remove();
  const map = createMap($('map'), {
    plan, states, prices, holdSeconds: event.hold_seconds,
    words: { free: (count) => plural('js.free-seats', count), from: (price) => t('js.from', { price: money(price, event.currency, event.digits) }), zoomIn: t('js.zoom-in'), zoomOut: t('js.zoom-out'), fit: t('js.fit') },
    onTap: (n, sure) => pick(n, sure),
    onHover: (n, x, y) => tip(n >= 0 ? say(room, n, basket.has(n), basket.asking.has(n)) : '', x, y),
  });
  const panel = makePanel({ plan, max: room.max, hues: room.hues, digits: room.digits }, {
    best: (quantity, category) => basket.best(quantity, category).then((ok) => ok && showMine()),
    giveBack: (n) => giveBack(n), filter: map.setFilter,
    minute: () => note(t('js.minute'), { kind: 'warn' }), end: () => lapse(),
  });

  changed = () => {
    const mine = basket.seats.map((seat) => seat.n), fresh = basket.seats.filter((seat) => !had.includes(seat.n));
    map.mark('mine', mine.filter((n) => !basket.leaving.has(n)));
    map.mark('asking', [...basket.asking, ...basket.leaving]);
    panel.update(basket);
    list?.update();
    if (fresh.length) {
      map.mark('lost', []);
      note('');
      announce(plural('js.now-yours', fresh.length, { seats: fresh.map((seat) => seat.label).join(', '), time: clock(basket.expiresAt()) }));
      if (!had.length) sheet.setHeight(Math.max(1, sheet.height()));
    }
    had = mine;
  };
  const showMine = () => { if (basket.seats.length) map.focusSeat(basket.seats[0].n); map.focusSeat(-1); };

  const hold = (n) => basket.hold([n]);
  const giveBack = (n) => basket.giveBack(n).then((ok) => ok && announce(t('js.gone-back', { seats: plan.label(n) })));
  const pick = (n, sure = true) => {
    if (basket.asking.has(n) || basket.leaving.has(n)) return undefined;
    if (basket.has(n)) return giveBack(n);
    const seat = plan.label(n);
    switch (states[n]) {
      case SOLD: return note(t('js.is-sold', { seat }));
      case BLOCKED: return note(t('js.is-blocked', { seat }));
      case HELD: return note(since.has(n) ? t('js.back-about', { seat, time: clock(since.get(n) + event.hold_seconds * 1000) }) : t('js.is-held', { seat }));
    }
    if (sure) return hold(n);
    map.focusSeat(n, false);
    return note(say(room, n, false, false), { label: t('js.take', { seat }), act: () => { map.focusSeat(-1); hold(n); } });
  };

  async function refused(problem, wanted) {
    if (problem.code === 'not-admitted') {
      const why = await enter(event.slug);
      // Let in again, but what was held is gone: say so rather than take seats for somebody who may not look.
      if (why) return back(event.slug);
      await basket.refresh().catch(() => {});
      return note(t('js.expired'), { kind: 'warn' });
    }
    if (problem.status === 401) return back(event.slug);
    const { text, taken, swap } = explain(problem, wanted, room);
    if (taken) {
      map.mark('lost', taken);
      map.patch(taken.filter((n) => states[n] === FREE).map((n) => [n, HELD]));
      if (problem.facts.offer?.length) await basket.refresh().catch(() => {});
    }
    if (swap !== undefined && wanted.seats) {
      return note(text, { label: t('js.swap'), act: () => { basket.giveBack(swap); basket.hold(wanted.seats); } });
    }
    if (problem.code === 'sold-out' || problem.code === 'ended') return note(text, { label: t('js.to-waiting'), href: `/events/${event.slug}`, kind: 'warn' });
    return note(text, { kind: 'warn' });
  }

  const lapse = () => {
    had = [];
    basket.lose(basket.seats.map((seat) => seat.n));
    note(t('js.expired'), { kind: 'warn' });
    // An outage may have moved the deadline; the server knows.
    basket.refresh().catch(() => {});
  };

  const seen = (changes) => {
    for (const [n, state] of changes) {
      if (state === HELD && states[n] === FREE) since.set(n, now());
      else if (state !== HELD) since.delete(n);
    }
    map.patch(changes);
    list?.update(changes.map(([n]) => n));
  };
  watch(event.slug, seats.version, {
    snapshot: (base64) => {
      map.setStates(unpackStates(base64, plan.size));
      list?.update();
    },
    delta: seen,
    // Another tab of the same place, or an outage that moved the clock: the basket is asked for anew.
    hold: ({ seats, expires_at }) => {
      const theirs = seats ?? [], until = theirs.length ? Date.parse(expires_at) : 0;
      const same = theirs.length === basket.seats.length && theirs.every((n) => basket.has(n)) && Math.abs(until - basket.expiresAt()) < 1000;
      if (!same && !basket.asking.size && !basket.leaving.size) basket.refresh().catch(() => {});
    },
    expired: (gone) => {
      const mine = gone.filter(basket.has);
      if (!mine.length) return;
      basket.lose(mine);
      note(t('js.expired'), { kind: 'warn' });
    },
    order: ({ id, status }) => {
      if (status === 'paid') location.assign(`/orders/${id}`);
      else if (status === 'pending' || status === 'paying' || status === 'declined') note(t('js.order-open'), { label: t('js.to-order'), href: `/orders/${id}` });
    },
    lost: () => online(false),
    back: () => { online(true); basket.refresh().catch(() => {}); },
    out: async () => ((await enter(event.slug)) ? back(event.slug) : setTimeout(() => location.reload(), 1000)), // not in a rush, should it happen again
  });
  const online = (yes) => {
    $('net').textContent = t(yes ? 'js.online' : 'js.offline');
    $('net').hidden = false;
    clearTimeout(online.timer);
    if (yes) online.timer = setTimeout(() => { $('net').hidden = true; }, 4000);
  };

  const toList = (yes) => {
    $('view').textContent = t(yes ? 'js.map' : 'js.list');
    $('view').setAttribute('aria-pressed', String(yes));
    list ??= yes ? createList($('list'), room, { pick, look: (n) => map.focusSeat(n) }) : null;
    [$('map').hidden, $('list').hidden] = [yes, !yes];
    if (yes) {
      list.update();
      sheet.setHeight(0);
    } else map.focusSeat(-1);
  };
  $('view').addEventListener('click', () => toList($('list').hidden));
  $('leave').addEventListener('click', () => leave(basket, plan));
  closable();
  changed();
  // Who went back from paying must not choose anew while an order runs down unseen.
  const order = await ask('GET', `/events/${encodeURIComponent(event.slug)}/place/order`).catch(() => null);
  if (order?.url) note(t('js.order-open'), { label: t('js.to-order'), href: order.url, kind: 'warn' });
  return undefined;
}

/** leave asks back when something would be lost. */
function leave(basket) {
  const go = async () => {
    await ask('DELETE', api(event.slug, '/queue/admission')).catch(() => {});
    location.assign(`/events/${encodeURIComponent(event.slug)}`);
  };
  if (!basket.seats.length) return go();
  return note(t('js.lets-leave', { seats: basket.seats.map((seat) => seat.label).join(', ') }), { label: t('js.leave-sure'), act: go, kind: 'warn' });
}

start().catch((error) => {
  $('wait')?.remove();
  console.error(error);
  note(t('js.no-map'), { label: t('js.again'), act: () => location.reload(), kind: 'warn' });
  closable();
});
