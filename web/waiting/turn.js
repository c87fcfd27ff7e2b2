// Taking one's turn. A page that is looked at takes it by itself and says so only when the server has said yes; a hidden
// one waits until it is looked at, so that nobody's room stands empty inside.
import { api, ask } from '../shared/api.js';

// makeTurn gives {state, until, called(place, open), enter(place)}; changed() is called whenever the state changes.
// State: none → asking → in | next (no room yet, asks again) | again (had it before: one must ask for it) | done.
export function makeTurn(event, changed) {
  const had = `fs_turn_${event}`;
  let timer = 0, running = false, asked = false, open = false;
  const turn = { state: 'none', until: 0 };
  const become = (state, until = 0) => {
    Object.assign(turn, { state, until });
    changed();
  };

  // enter takes the turn, whoever asked for it; true when one is in.
  turn.enter = async (place) => {
    clearTimeout(timer);
    try {
      const { admitted_until: until } = await ask('POST', api(event, '/queue/admission'), {}, { place: place.place });
      remember(had);
      become('in', new Date(until).getTime());
      return true;
    } catch (problem) {
      const after = problem.facts?.retry_after_ms;
      if (problem.code === 'already-bought') become('done');
      else if (problem.code === 'room-full') {
        become('next');
        timer = setTimeout(() => turn.called(place, open), after);
      } else if (problem.status === undefined) throw problem;
      else become('none'); // not open, paused, sold out, no connection: the line says it, and we are called again
      return false;
    }
  };

  // called is told with every look at the line that the turn has come, and whether anyone is let in.
  turn.called = async (place, isOpen) => {
    open = isOpen;
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
      if (!open && !inside) return undefined;
      // Who left on purpose is not let in again without a word.
      if (!inside && turn.state === 'none' && remembered(had)) return become('again');
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

// makeSound is two short notes, once; browsers allow it after the visitor has touched the page.
export function makeSound() {
  let context = null, played = false;
  const allow = () => {
    context ??= window.AudioContext ? new AudioContext() : null;
    context?.resume();
  };
  for (const kind of ['pointerdown', 'keydown']) addEventListener(kind, allow, { once: true });
  return () => {
    if (played || context?.state !== 'running') return;
    played = true;
    [[660, 0], [880, 0.18]].forEach(([pitch, after]) => {
      const note = context.createOscillator(), volume = context.createGain(), at = context.currentTime + after;
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.2, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.35);
      note.connect(volume).connect(context.destination);
      note.start(at);
      note.stop(at + 0.4);
    });
  };
}
