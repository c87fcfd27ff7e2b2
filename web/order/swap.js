// The live map on the page that changes a seat. A tap on a free one asks the server what the change would be, and puts its
// answer under the map: the same words and the same button as without script, where the list leads to a page of their own.
import { api, ask } from '../shared/api.js';
import { plural, t } from '../shared/words.js';
import { FREE } from '../seats/state.js';
import { showMap } from '../seats/view.js';

const room = document.getElementById('room'), picked = document.getElementById('picked');
const { event, at, seat, paid } = room.dataset, mine = Number(seat);
let wanted = -1;

const facts = await ask('GET', api(event));
room.hidden = false; // the map measures its element
const { map, plan, states } = await showMap(room.querySelector('.map'), facts, {
  free: (count) => plural('js.free-seats', count), zoomIn: t('js.zoom-in'), zoomOut: t('js.zoom-out'), fit: t('js.fit'),
}, {
  readOnly: false,
  onTap: (n) => choose(n),
  onArea: ({ first, capacity }) => {
    for (let n = first; n < first + capacity; n++) if (states[n] === FREE) return choose(n);
    return say(t('js.not-free'));
  },
  onChange: (changes) => { if (changes.some(([n, state]) => n === wanted && state !== FREE)) drop(t('js.not-free')); },
}).catch((error) => {
  room.hidden = true; // the list below has the same seats
  throw error;
});
const priceOf = new Map(facts.categories.map((c) => [c.id, c.price]));
map.mark('mine', [mine]);
map.focusSeat(mine);

/** tooDear tells of a seat that costs more where that cannot be paid; within a category a change costs nothing. */
function tooDear(n) {
  const { id } = plan.categories[plan.category[n]];
  return !('dearer' in room.dataset) && id !== room.dataset.class && priceOf.get(id) > Number(paid);
}

async function choose(n) {
  if (n === mine) return drop('');
  if (states[n] !== FREE) return drop(t('js.not-free'));
  if (tooDear(n)) return drop(t('js.too-dear'));
  wanted = n;
  map.mark('asking', [n]);
  try {
    const answer = await fetch(at + n, { headers: { Accept: 'text/html' } });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (wanted !== n) return undefined; // another was tapped meanwhile
    const what = page.getElementById('ask');
    if (!what) return drop(page.querySelector('.notice')?.textContent ?? t('js.lost'));
    what.querySelector('.actions')?.remove(); // the map is where another is chosen
    picked.replaceChildren(what);
    map.mark('asking', []);
    map.mark('picked', [n]);
    picked.scrollIntoView({ block: 'nearest' });
  } catch { // offline
    if (wanted === n) drop(t('js.lost'));
  }
  return undefined;
}

/** drop takes the choice back and says why. */
function drop(why) {
  wanted = -1;
  map.mark('asking', []);
  map.mark('picked', []);
  say(why);
}

function say(text) {
  const line = document.createElement('p');
  line.textContent = text;
  picked.replaceChildren(...(text ? [line] : []));
}
