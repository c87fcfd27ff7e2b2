// The map to look at only: for a waiting page and for the desk. It asks for the states now and then, and never while
// nobody looks; a whole sale watched this way is one cacheable answer every few seconds.
import { api, ask } from '../shared/api.js';
import { createMap } from './map.js';
import { decodePlan } from './plan.js';
import { unpackStates } from './state.js';

const pause = 3000; // ms between two looks, a third more or less

/**
 * showMap draws an event's map into an element of class "map" (map.css must be on the page) and keeps it up to date.
 * event is what the API says: {slug, plan_version, categories: [{id, price}]}; words as createMap takes them, and so is
 * whatever else a page wants of the map; onChange([[n, state], …]) hears what became of the seats. It gives
 * {map, plan, states, stop}, or throws when plan or states cannot be had.
 */
export async function showMap(element, event, words, { onChange, ...more } = {}) {
  const [bytes, seats] = await Promise.all([
    fetch(api(event.slug, `/plan/${event.plan_version}.bin`)).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(`plan: ${answer.status}`)))),
    ask('GET', api(event.slug, '/seats')),
  ]);
  const plan = decodePlan(bytes), states = unpackStates(seats.status, plan.size);
  const priceOf = new Map(event.categories.map((c) => [c.id, c.price]));
  const map = createMap(element, { plan, states, prices: plan.categories.map((c) => priceOf.get(c.id) ?? null), readOnly: true, words, ...more });
  let { version } = seats, timer = 0, stopped = false;

  const look = async () => {
    if (!document.hidden) {
      const next = await ask('GET', api(event.slug, '/seats')).catch(() => null);
      if (!stopped && next && next.version > version) {
        version = next.version;
        const fresh = unpackStates(next.status, plan.size), changes = [];
        for (let n = 0; n < plan.size; n++) if (fresh[n] !== states[n]) changes.push([n, fresh[n]]);
        map.patch(changes);
        if (changes.length) onChange?.(changes);
      }
    }
    if (!stopped) timer = setTimeout(look, pause * (0.67 + Math.random() * 0.67));
  };
  timer = setTimeout(look, pause);
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
    map.destroy();
  };
  return { map, plan, states, stop };
}
