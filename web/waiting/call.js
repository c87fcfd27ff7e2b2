// "Call me when it's my turn": a sound, the tab's title, and a notification where the browser allows one. Without it a
// page that nobody looks at asks for nothing, so it could not know.
import { makeRing } from '../shared/ring.js';
import { t } from '../shared/words.js';
import { at, write } from './write.js';

// makeCall gives {on(), call()}: whether one wants to be called, and the call itself.
export function makeCall(event) {
  const key = `fs_call_${event}`, button = at('call'), ring = makeRing(key), about = document.querySelector('h1').textContent;
  let wanted = kept(key);

  const draw = () => {
    button.setAttribute('aria-pressed', wanted);
    let how = '';
    if (wanted && ring.may() === 'granted') how = t('room.call-both');
    else if (wanted) how = t(ring.may() === 'denied' ? 'room.call-denied' : 'room.call-sound');
    write(at('call-said'), wanted && !ring.ready() ? `${how} ${t('room.call-touch')}` : how);
  };

  button.addEventListener('click', async () => {
    wanted = !wanted;
    keep(key, wanted);
    draw(); // the browser's question may stand unanswered for long
    if (wanted) {
      await ring.allow();
      if (ring.may() === 'default') {
        await ring.ask();
        ring.notify(about, t('room.call-here')); // what it will be like; and whether it works at all
      }
    }
    draw();
  });
  // The beginnings of a touch are no leave to sound, its end is.
  for (const kind of ['mousedown', 'touchend', 'keydown']) addEventListener(kind, async () => { await ring.allow(); draw(); }, { once: true });
  draw();
  return {
    on: () => wanted,
    call() {
      ring.play();
      if (wanted && document.hidden) ring.notify(t('room.turn'), about);
    },
  };
}

// This device remembers, so that a page opened again still calls.
function kept(key) {
  try { return localStorage.getItem(key) !== null; } catch { return false; }
}
function keep(key, wanted) {
  try { wanted ? localStorage.setItem(key, '1') : localStorage.removeItem(key); } catch { /* for as long as the page is open */ }
}
