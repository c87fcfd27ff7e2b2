// The map to look at, anywhere. By itself it asks for the states now and then, and never while nobody looks: a whole sale
// watched this way is one cacheable answer every few seconds. Who may watch live is told of each change instead.
import { api, ask } from '../shared/api.js';
import { createMap } from './map.js';
import { decodePlan } from './plan.js';
import { unpackStates } from './state.js';

const pause = 3000; // ms between two looks, a third more or less

/**
 * showMap draws an event's map into an element of class "map" (map.css must be on the page) and keeps it up to date.
 * event is what the API says: {slug, plan_version, categories: [{id, price}]}; words as createMap takes them, and so is
 * whatever else a page wants of the map; onChange([[n, state], …]) hears what became of the seats. follow(slug, version, on) tells
 * on.snapshot(base64) and on.delta([[n, state], …]) what came after a version, as live.js's watch does, and gives {close}. It gives
 * {map, plan, states, stop}, or throws when plan or states cannot be had.
 */
export async function showMap(element, event, words, { onChange, follow = look, ...more } = {}) {
  const [bytes, seats] = await Promise.all([
    fetch(api(event.slug, `/plan/${event.plan_version}.bin`)).then((answer) => (answer.ok ? answer.arrayBuffer() : Promise.reject(new Error(`plan: ${answer.status}`)))),
    ask('GET', api(event.slug, '/seats')),
  ]);
  const plan = decodePlan(bytes), states = unpackStates(seats.status, plan.size);
  const priceOf = new Map(event.categories.map((c) => [c.id, c.price]));
  const map = createMap(element, { plan, states, prices: plan.categories.map((c) => priceOf.get(c.id) ?? null), readOnly: true, words, ...more });

  const changed = (changes) => {
    if (!changes.length) return;
    map.patch(changes);
    onChange?.(changes);
  };
  const delta = (changes) => changed(changes.filter(([n, state]) => states[n] !== state));
  const snapshot = (base64) => {
    const fresh = unpackStates(base64, plan.size), changes = [];
    for (let n = 0; n < plan.size; n++) if (fresh[n] !== states[n]) changes.push([n, fresh[n]]);
    changed(changes);
  };
  const following = follow(event.slug, seats.version, { snapshot, delta });
  const stop = () => {
    following.close();
    map.destroy();
  };
  return { map, plan, states, stop };
}

/** look asks for the whole map again and again. */
function look(slug, version, on) {
  let timer = 0, stopped = false;
  const again = () => { timer = setTimeout(once, pause * (0.67 + Math.random() * 0.67)); };
  const once = async () => {
    if (!document.hidden) {
      const next = await ask('GET', api(slug, '/seats')).catch(() => null);
      if (!stopped && next && next.version > version) {
        version = next.version;
        on.snapshot(next.status);
      }
    }
    if (!stopped) again();
  };
  again();
  return { close: () => { stopped = true; clearTimeout(timer); } };
}
