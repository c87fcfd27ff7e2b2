// The waiting room: from what everyone sees and one's own place to what is drawn. Loaded once there is a place.
import { now as serverNow } from '../shared/clock.js';
import { keepHead } from '../shared/head.js';
import { makeCall } from './call.js';
import { makeDrawing } from './draw.js';
import { makeShown } from './shown.js';
import { pollAfter, standing } from './standing.js';
import { makeTurn } from './turn.js';
import { at } from './write.js';

// makeRoom gives see(now, place), to be told of each look at the line and each change of place; after(now), how soon to
// look again; hidden(), whether to look while nobody looks at the page; and moved(), to be told that this has become the device
// that may enter. here() makes it so.
export function makeRoom(event, zone, here) {
  const state = { zone, now: null, place: null, serving: 0, stand: {}, wait: null };
  const call = makeCall(event), drawing = makeDrawing(event, call.call);
  let mini = null, shown = null;
  const draw = () => {
    state.wait = shown?.left(serverNow()) ?? null;
    return state.now && state.place && drawing(state);
  };
  const turn = state.turn = makeTurn(event, draw);

  at('go').addEventListener('click', async (click) => {
    click.preventDefault();
    if (turn.state === 'elsewhere' && !await here()) return;
    if ((turn.state === 'in' && turn.until > serverNow()) || await turn.enter(state.place)) location.assign(at('go').href);
  });
  setInterval(draw, 1000); // countdowns; nothing is touched that stays as it is

  return {
    see(now, place) {
      keepHead(event, now);
      if (place && place.place !== state.place?.place) shown = makeShown(kept(place)); // another place's wait is another wait
      // What a cache or another replica says may be older: nobody called is called back.
      Object.assign(state, { now, place, serving: Math.max(state.serving, now.serving) });
      state.stand = place ? standing(now, place, state.serving) : {};
      if (state.stand.wait) keep(place, shown.hear(new Date(now.now).getTime(), state.stand.wait, now.phase === 'paused'));
      if (state.stand.position !== undefined && now.phase !== 'ended' && now.seats_free > 0) {
        mini ??= import('./mini.js').then(({ showMini }) => showMini(event, now)).catch(() => {}); // words say it too
      }
      if (state.stand.called) turn.called(place, now);
      draw();
    },
    moved: turn.moved,
    after: (now) => (['in', 'done'].includes(turn.state) ? 10_000 : pollAfter(now, state.stand)),
    hidden: call.on,
  };
}

// A page that is loaded again goes on with what it has shown.
const name = ({ place }) => `fs_shown_${place}`;
function kept(place) {
  try { return JSON.parse(sessionStorage.getItem(name(place))) ?? undefined; } catch { return undefined; }
}
function keep(place, range) {
  try { sessionStorage.setItem(name(place), JSON.stringify(range)); } catch { /* then it begins anew */ }
}
