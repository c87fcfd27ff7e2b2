// "Call me when it's my turn": a sound, the tab's title, and a notification where the browser allows one. Without it a
// page that nobody looks at asks for nothing, so it could not know.
import { t } from '../shared/words.js';
import { at, write } from './write.js';

// makeCall gives {on(), call()}: whether one wants to be called, and the call itself.
export function makeCall(event) {
  const key = `fs_call_${event}`, button = at('call'), sound = makeSound(), about = document.querySelector('h1').textContent;
  let wanted = kept(key), silent = !window.Notification;

  const notify = (title, body) => {
    if (silent || Notification.permission !== 'granted') return;
    try {
      const notice = new Notification(title, { body, tag: key, requireInteraction: true });
      notice.onclick = () => { window.focus(); notice.close(); };
    } catch { // phones let a page notify only through a service worker, and would let ours sleep anyway
      silent = true;
    }
  };
  const draw = () => {
    button.setAttribute('aria-pressed', wanted);
    let how = '';
    if (wanted && !silent && Notification.permission === 'granted') how = t('room.call-both');
    else if (wanted) how = t(!silent && Notification.permission === 'denied' ? 'room.call-denied' : 'room.call-sound');
    write(at('call-said'), wanted && !sound.ready() ? `${how} ${t('room.call-touch')}` : how);
  };

  button.addEventListener('click', async () => {
    wanted = !wanted;
    keep(key, wanted);
    draw(); // the browser's question may stand unanswered for long
    if (wanted) {
      await sound.allow();
      if (!silent && Notification.permission === 'default') {
        await Notification.requestPermission();
        notify(about, t('room.call-here')); // what it will be like; and whether it works at all
      }
    }
    draw();
  });
  // The beginnings of a touch are no leave to sound, its end is.
  for (const kind of ['mousedown', 'touchend', 'keydown']) addEventListener(kind, async () => { await sound.allow(); draw(); }, { once: true });
  draw();
  return {
    on: () => wanted,
    call() {
      sound.play();
      if (wanted && document.hidden) notify(t('room.turn'), about);
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

// makeSound is two short notes; browsers let them out after the visitor has touched the page.
function makeSound() {
  let context = null;
  return {
    ready: () => !window.AudioContext || context?.state === 'running',
    async allow() {
      context ??= window.AudioContext ? new AudioContext() : null;
      await Promise.race([context?.resume(), new Promise((late) => setTimeout(late, 500))]); // without a speaker it never answers
    },
    play() {
      if (context?.state !== 'running') return;
      [[660, 0], [880, 0.18]].forEach(([pitch, after]) => {
        const note = context.createOscillator(), volume = context.createGain(), start = context.currentTime + after;
        note.frequency.value = pitch;
        volume.gain.setValueAtTime(0.0001, start);
        volume.gain.exponentialRampToValueAtTime(0.2, start + 0.02);
        volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.35);
        note.connect(volume).connect(context.destination);
        note.start(start);
        note.stop(start + 0.4);
      });
    },
  };
}
