// Taking one's turn. A page that is looked at takes it by itself and says so only when the server has said yes; a hidden
// one waits until it is looked at, so that nobody's room stands empty inside.
import { api, ask } from '../shared/api.js';
import { device } from '../shared/place.js';

// makeTurn gives {state, until, returned, called(place, now), enter(place), moved()}; changed() is called whenever the state changes.
// State: none → asking → in | next (no room yet, asks again) | again (had it before: one must ask for it) | done |
// elsewhere (another device has acted since: this one only looks on). returned: a fault of ours put one out.
export function makeTurn(event, changed) {
  const had = `fs_turn_${event}`;
  let timer = 0, running = false, asked = false, line = null, moves = 0;
  const turn = { state: 'none', until: 0, returned: false };
  const become = (state, until = 0) => {
    Object.assign(turn, { state, until });
    changed();
  };

  // enter takes the turn, whoever asked for it; true when one is in.
  turn.enter = async (place) => {
    clearTimeout(timer);
    const before = moves;
    try {
      const { admitted_until: until } = await ask('POST', api(event, '/queue/admission'), {}, { place: place.place, device: device() });
      remember(had);
      become('in', new Date(until).getTime());
      return true;
    } catch (problem) {
      const after = problem.facts?.retry_after_ms;
      if (problem.code === 'already-bought') become('done');
      else if (problem.code === 'other-device' && before !== moves) return turn.enter(place); // true when it was asked, no more
      else if (problem.code === 'other-device') become('elsewhere');
      else if (problem.code === 'room-full') {
        become('next');
        timer = setTimeout(() => turn.called(place, line), after);
      } else if (problem.status === undefined) throw problem;
      else become('none'); // not open, paused, sold out, no connection: the line says it, and we are called again
      return false;
    }
  };

  // moved is told that this has become the device that may enter.
  turn.moved = () => {
    moves++;
    if (turn.state === 'elsewhere') become('none');
  };

  // called is told with every look at the line that the turn has come; now is what everyone sees of the line.
  turn.called = async (place, now) => {
    line = now;
    turn.returned = now.slowed === 'fault' && remembered(had);
    if (running || document.hidden || !['none', 'next'].includes(turn.state)) return undefined;
    running = true;
    clearTimeout(timer);
    try {
      let inside = false;
      if (!asked) { // one may have been inside already, or have bought
        const { state } = await ask('GET', api(event, '/queue/me'), undefined, { place: place.place });
        asked = true;
        if (state === 'done') return become('done');
        inside = state === 'admitted';
      }
      if (line.phase !== 'open' && !inside) return undefined;
      // Who left on purpose is not let in again without a word; whom we put out is.
      if (!inside && turn.state === 'none' && remembered(had) && !turn.returned) return become('again');
      await turn.enter(place);
    } catch (problem) {
      if (problem.status === undefined) throw problem;
    } finally {
      running = false;
    }
    return undefined;
  };
  return turn;
}

// The tab alone remembers: on another device the turn is taken as if it were new.
function remember(key) {
  try { sessionStorage.setItem(key, '1'); } catch { /* then it is taken again */ }
}
function remembered(key) {
  try { return sessionStorage.getItem(key) !== null; } catch { return false; }
}
