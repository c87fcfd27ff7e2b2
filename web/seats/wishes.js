// "Tell me if this one comes back": the seats somebody waits for, remembered on this device, and the call when one is free. An
// area is waited for by the number of its first place, and is free when any of them is. Nothing is kept by it: the first to tap
// gets the seat, and that is what is said.
import { api, ask } from '../shared/api.js';
import { makeRing } from '../shared/ring.js';
import { t } from '../shared/words.js';
import { called, upper } from './say.js';
import { FREE, freeIn, unpackStates } from './state.js';

const most = 20;
const pause = 10_000; // ms between two looks while the page is hidden and its socket closed
const quiet = 60_000; // ms between two calls for one area: on a full floor of a hot sale a place comes free every other second

/**
 * makeWishes gives {all(), has(n), full(), add(n), drop(n), look(), recall(), mine(seats)} for an event's slug. look() compares with the
 * states of room and calls on.back(n) once for every wished seat that has become free, for an area once a minute at the most; recall()
 * asks first, as a page that was just opened may know a map some seconds old; on.changed() follows every change of the list.
 */
export function makeWishes(slug, room, on) {
  const key = `fs_wish_${slug}`, { plan, states } = room, ring = makeRing(key), title = document.title;
  const wishOf = (n) => (n < plan.seats ? n : plan.areaOf(n)?.first);
  const wished = new Set(kept(key).filter((n) => Number.isInteger(n) && n >= 0 && n < plan.size && wishOf(n) === n).slice(0, most)), told = new Set(), calls = new Map(); // when an area was last called for
  let timer = 0, later = 0;
  const free = (now, n) => (n < plan.seats ? now[n] === FREE : freeIn(now, plan.areaOf(n)) > 0);

  const changed = () => {
    keep(key, [...wished]);
    on.changed();
  };
  const call = (n) => {
    const seat = called(plan, n);
    told.add(n);
    calls.set(n, performance.now());
    ring.play();
    if (document.hidden) {
      document.title = upper(t('js.back-title', { seat, title }));
      ring.notify(upper(t('js.back', { seat })), t('js.back-how'));
    }
    on.back(n);
  };
  const compare = (now) => {
    for (const n of wished) {
      if (!free(now, n)) told.delete(n);
      else if (!told.has(n)) {
        const wait = n < plan.seats || !calls.has(n) ? 0 : calls.get(n) + quiet - performance.now();
        if (wait <= 0) call(n);
        else later ||= setTimeout(again, wait); // it may stay free, and then nothing else would look again
      }
    }
  };
  const again = () => {
    later = 0;
    if (!document.hidden) compare(states); // a hidden page looks by itself, and knows no states
  };
  const fetchStates = async () => {
    const seats = await ask('GET', api(slug, '/seats'), undefined, { fresh: true }).catch(() => null);
    return seats && unpackStates(seats.status, plan.size);
  };
  // A hidden page has no socket, and asks for no turn: it looks at the public map now and then, while something is wished for.
  const away = async () => {
    clearTimeout(timer);
    if (!document.hidden) {
      document.title = title;
      return;
    }
    if (wished.size) {
      const now = await fetchStates();
      if (now && document.hidden) compare(now);
    }
    timer = setTimeout(away, pause * (0.85 + 0.3 * Math.random()));
  };
  document.addEventListener('visibilitychange', away);
  // Browsers let no sound out before a touch, and a page opened again has had none.
  for (const kind of ['mousedown', 'touchend', 'keydown']) addEventListener(kind, () => wished.size && ring.allow(), { once: true });

  return {
    all: () => [...wished], has: (n) => wished.has(wishOf(n)), full: () => wished.size >= most,
    add: (n) => {
      wished.add(n);
      calls.delete(n);
      changed();
      ring.allow();
      ring.ask();
    },
    drop: (n) => {
      if (!wished.delete(n)) return;
      told.delete(n);
      changed();
    },
    look: () => compare(states),
    recall: async () => {
      const now = [...wished].some((n) => free(states, n)) && await fetchStates();
      if (now) compare(now);
    },
    /** mine takes seats that one has got off the list. */
    mine: (seats) => {
      const before = wished.size;
      for (const n of seats) wished.delete(wishOf(n));
      if (wished.size !== before) changed();
    },
  };
}

function kept(key) {
  try {
    const list = JSON.parse(localStorage.getItem(key));
    return Array.isArray(list) ? list : [];
  } catch { return []; }
}
function keep(key, list) {
  try {
    if (list.length) localStorage.setItem(key, JSON.stringify(list));
    else localStorage.removeItem(key);
  } catch { /* for as long as the page is open */ }
}
