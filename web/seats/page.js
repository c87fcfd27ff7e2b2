// The seat page: plan, states and basket on one side, map, list and sheet on the other. Everything goes one way: a
// message or an answer changes the state, and the state is drawn.
import { api, ask } from '../shared/api.js';
import { money, plural, t } from '../shared/words.js';
import { makeBasket } from './basket.js';
import { lockedOf, makeCode } from './code.js';
import { back, comeIn, enter } from './door.js';
import { follow, orderOpen, setDues } from './feed.js';
import { makeFloors } from './floorchips.js';
import { createList } from './list.js';
import { huesOf } from './look.js';
import { createMap } from './map.js';
import { announce, closable, note, unsay } from './notes.js';
import { makeOffers, slowly } from './offers.js';
import { makePanel } from './panel.js';
import { makeParty } from './party.js';
import { showWished } from './picked.js';
import { decodePlan } from './plan.js';
import { clock, names } from './say.js';
import { makeSheet } from './sheet.js';
import { makeStanding } from './standing.js';
import { FREE, unpackStates } from './state.js';
import { makeTap } from './tap.js';
import { makeWishes } from './wishes.js';

const most = 200; // rings on the map at once: each is moved with every frame
const $ = (id) => document.getElementById(id);
const event = JSON.parse($('event').textContent), door = `/events/${encodeURIComponent(event.slug)}`;

async function start() {
  const planAt = api(event.slug, `/plan/${event.plan_version}.bin`);
  const later = { changed: () => {}, refused: () => {}, slow: () => {} }; // the basket is asked before there is a page to show it
  const basket = makeBasket(event.slug, { changed: () => later.changed(), refused: (...what) => later.refused(...what), slow: (wanted) => later.slow(wanted) });
  const [bytes, seats, outside] = await Promise.all([
    fetch(planAt).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(`plan: ${answer.status}`)))),
    ask('GET', api(event.slug, '/seats')), comeIn(event.slug, basket),
  ]);
  if (outside) return back(event.slug);

  const plan = decodePlan(bytes), states = unpackStates(seats.status, plan.size), priceOf = new Map(event.categories.map((c) => [c.id, c.price]));
  const prices = plan.categories.map((c) => priceOf.get(c.id) ?? null);
  // Everything that is drawn is drawn from this. due: about when held seats may come back, in seconds since 1970, by seat.
  const room = { plan, states, prices, hues: huesOf(prices), currency: event.currency, digits: event.digits, basket, max: event.max_per_buyer, due: new Map(), clock, locked: lockedOf(plan, event, basket) };
  setDues(room.due, seats.due);
  const wished = () => {
    map.mark('wish', room.wishes.all().filter((n) => n < plan.seats));
    showWished(room, { take, drop: room.wishes.drop });
    standing.update();
    list?.update();
  };
  const take = (n) => (n < plan.seats ? hold([n]) : standing.open(plan.areaOf(n), panel.party()));
  const tell = (area) => {
    if (room.wishes.has(area.first)) room.wishes.drop(area.first);
    else tap.wish(area.first);
    return true;
  };
  room.wishes = makeWishes(event.slug, room, { changed: wished, back: (n) => tap.back(n) });
  const party = makeParty(room), sheet = makeSheet($('sheet'), $('grip'));
  let list = null, had = [];

  $('wait').remove();
  const map = createMap($('map'), {
    plan, states, prices, holdSeconds: event.hold_seconds,
    words: {
      free: (count) => plural('js.free-seats', count), from: (price, only) => ((said) => (only ? said : t('js.from', { price: said })))(money(price, event.currency, event.digits)),
      zoomIn: t('js.zoom-in'), zoomOut: t('js.zoom-out'), fit: t('js.fit'),
    },
    onTap: (n, sure) => tap.pick(n, sure), onHover: (n, x, y, area) => tap.hover(n, x, y, area), onArea: (area) => standing.open(area, panel.party()),
  });
  const hold = (wanted, instead) => basket.hold(wanted, instead);
  const giveBack = (n) => basket.giveBack(n).then((ok) => (ok ? announce(t('js.gone-back', { seats: names(plan, [n]) })) : ordered()));
  const tap = makeTap(room, party, { size: () => panel.party(), mark: map.mark, focus: (n) => map.focusSeat(n), hold, giveBack, area: (area) => standing.open(area, panel.party()) });
  // Once the sheet has grown by them: the map keeps its upper edge, and they are to stand in the middle of what is left.
  const show = (numbers) => requestAnimationFrame(() => requestAnimationFrame(() => {
    if (numbers.length) map.focusSeat(numbers[0]);
    map.focusSeat(-1);
  }));
  const best = async (quantity) => {
    const chosen = panel.chips.chosen(), accessible = panel.chips.accessible(), before = new Set(had);
    // The house takes one price or all: of several, the first where so many stand together.
    const category = chosen && ([...chosen].find((c) => party.has(quantity, c)) ?? [...chosen][0]);
    if (await basket.best(quantity, { category: chosen ? plan.categories[category].id : undefined, accessible })) show(basket.seats.map((seat) => seat.n).filter((n) => !before.has(n)));
  };
  const panel = makePanel(room, {
    best, giveBack,
    swap: async (other) => { if (await hold(other.seats.map((seat) => seat.n), basket.instead)) show(other.seats.map((seat) => seat.n)); },
    filter: () => {
      map.setFilter(panel.chips.chosen());
      map.mark('sign', panel.chips.accessible() ? [...plan.accessible].filter((n) => states[n] === FREE).slice(0, most) : []);
      list?.filter(panel.chips.chosen(), panel.chips.accessible());
    },
    minute: () => note(t('js.minute'), { kind: 'warn', own: false }), end: () => lapse(),
  });
  const standing = makeStanding(room, { hold: (area, quantity) => basket.area(area.id, quantity), tell });

  // Put out, by a fault of ours perhaps: whoever is let in again looks on, at the same map.
  const outsideNow = async () => {
    if (await enter(event.slug)) return back(event.slug);
    const held = basket.seats.length;
    await basket.refresh().catch(() => {});
    if (basket.seats.length < held && !await ordered()) note(t('js.expired'), { kind: 'warn', own: false });
    return true;
  };
  const code = makeCode(event, room, () => { list?.update(); standing.update(); });
  const offers = makeOffers(room, {
    locked: code.shut, code: code.show, mark: map.mark, patch: map.patch, show, wish: (n) => tap.wish(n), door,
    outside: async (problem) => {
      if (problem.status === 401 || await enter(event.slug)) return back(event.slug);
      // Let in again, but what was held is gone: say so rather than take seats for somebody who may not look.
      await basket.refresh().catch(() => {});
      return note(t('js.expired'), { kind: 'warn', own: false });
    },
  });
  later.refused = offers.refused;
  later.slow = (wanted) => { if (wanted.seats || wanted.best) slowly(room, wanted); };
  later.changed = () => {
    const mine = basket.seats.map((seat) => seat.n), fresh = basket.seats.filter((seat) => !had.includes(seat.n));
    map.mark('mine', mine.filter((n) => !basket.leaving.has(n)));
    map.mark('asking', [...basket.asking, ...basket.leaving]);
    panel.update();
    list?.update();
    standing.update();
    if (fresh.length) {
      map.mark('lost', []);
      map.mark('hover', []);
      note('');
      room.wishes.mine(mine);
      announce(plural('js.now-yours', fresh.length, { seats: names(plan, fresh.map((seat) => seat.n)), time: clock(basket.expiresAt()) }));
      if (!had.length && $('list').hidden) sheet.setHeight(Math.max(1, sheet.height()));
    }
    had = mine;
  };
  const lapse = async () => {
    had = [];
    basket.lose(basket.seats.map((seat) => seat.n));
    if (!await ordered()) note(t('js.expired'), { kind: 'warn', own: false });
    // An outage may have moved the deadline; the server knows.
    basket.refresh().catch(() => {});
  };

  const drawn = (numbers) => {
    list?.update(numbers);
    standing.update();
    const others = basket.others.filter((other) => other.seats.every((seat) => states[seat.n] === FREE)); // somebody may have taken them
    if (others.length < basket.others.length) {
      basket.others = others;
      panel.update();
    }
    if (numbers ? numbers.some(room.wishes.has) : room.wishes.all().length) {
      showWished(room, { take, drop: room.wishes.drop });
      room.wishes.look();
    }
  };
  follow(event.slug, seats.version, room, {
    snapshot: (all) => { map.setStates(all); drawn(); },
    patch: (changes) => { map.patch(changes); drawn(changes.map(([n]) => n)); },
    fuses: (all) => map.fuse(all),
    lapsed: () => note(t('js.expired'), { kind: 'warn', own: false }), fewer: ordered,
    online, outside: outsideNow,
  });

  const toList = (yes) => {
    $('view').textContent = t(yes ? 'js.map' : 'js.list');
    list ??= yes ? createList($('list'), room, party, {
      pick: (n) => tap.pick(n, true, true), hold, look: (n) => map.focusSeat(n), size: () => panel.party(), area: (area) => standing.open(area, panel.party()), tell,
    }) : null;
    [$('map').hidden, $('list').hidden] = [yes, !yes];
    $('floors').classList.toggle('aside', yes);
    if (yes) {
      list.filter(panel.chips.chosen(), panel.chips.accessible());
      sheet.setHeight(0);
    }
  };
  makeFloors($('floors'), plan, t('js.all-floors'), (zone) => map.showZone(zone));
  $('view').addEventListener('click', () => toList($('list').hidden));
  $('leave').addEventListener('click', () => leave(plan, basket));
  closable();
  map.fuse([...room.due]);
  later.changed();
  wished();
  offers.standing();
  // Who went back from paying must not choose anew while an order runs down unseen.
  await ordered();
  room.wishes.recall(); // what came back while the page was closed
  return undefined;
}

/** ordered says so when what was in the basket is in an order now, and whether it is. */
async function ordered() {
  const order = await ask('GET', `${door}/place/order`).catch(() => null);
  if (order?.url) orderOpen(order.url);
  return Boolean(order?.url);
}

function online(yes) {
  $('net').textContent = t(yes ? 'js.online' : 'js.offline');
  $('net').hidden = false;
  clearTimeout(online.timer);
  if (yes) unsay(t('js.offline')); // said of what was asked for meanwhile
  if (yes) online.timer = setTimeout(() => { $('net').hidden = true; }, 4000);
}

/** leave asks back when something would be lost. */
function leave(plan, basket) {
  const go = async () => {
    await ask('DELETE', api(event.slug, '/queue/admission')).catch(() => {});
    location.assign(door);
  };
  if (!basket.seats.length) return go();
  return note(t('js.lets-leave', { seats: names(plan, basket.seats.map((seat) => seat.n)) }), { acts: [{ label: t('js.leave-sure'), act: go }], kind: 'warn' });
}

start().catch((error) => {
  $('wait')?.remove();
  console.error(error);
  note(t('js.no-map'), { acts: [{ label: t('js.again'), act: () => location.reload() }], kind: 'warn' });
  closable();
});
