// The waiting room: from what everyone sees and one's own place to what is drawn. Loaded once there is a place.
import { now as serverNow } from '../shared/clock.js';
import { makeDrawing } from './draw.js';
import { pollAfter, standing } from './standing.js';
import { makeSound, makeTurn } from './turn.js';
import { at } from './write.js';

// makeRoom gives see(now, place), to be told of each look at the line and each change of place, and after(now), how soon
// to look again.
export function makeRoom(event, zone) {
  const state = { zone, now: null, place: null, serving: 0, stand: {} };
  const drawing = makeDrawing(event, { sound: makeSound() });
  let mini = null;
  const draw = () => state.now && state.place && drawing(state);
  const turn = state.turn = makeTurn(event, draw);

  at('go').addEventListener('click', async (click) => {
    click.preventDefault();
    if ((turn.state === 'in' && turn.until > serverNow()) || await turn.enter(state.place)) location.assign(at('go').href);
  });
  setInterval(draw, 1000); // countdowns; nothing is touched that stays as it is

  return {
    see(now, place) {
      // What a cache or another replica says may be older: nobody called is called back.
      Object.assign(state, { now, place, serving: Math.max(state.serving, now.serving) });
      state.stand = place ? standing(now, place, state.serving) : {};
      if (state.stand.position !== undefined && now.phase !== 'ended' && now.seats_free > 0) {
        mini ??= import('./mini.js').then(({ showMini }) => showMini(event, now)).catch(() => {}); // words say it too
      }
      if (state.stand.called) turn.called(place, now.phase === 'open');
      draw();
    },
    after: (now) => (['in', 'done'].includes(turn.state) ? 10_000 : pollAfter(now, state.stand)),
  };
}
