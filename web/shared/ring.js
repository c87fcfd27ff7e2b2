// Calling somebody who looks elsewhere: two short notes, and a notification where the browser allows one.

/**
 * makeRing gives {ready(), allow(), ask(), may(), play(), notify(title, body)}; tag keeps one notification from standing beside
 * the next. allow() must come from a touch: browsers let no sound out before. ask() asks for notifications, where they
 * can be had; may() is "granted", "denied", "default", or "" where there are none.
 */
export function makeRing(tag) {
  const sound = makeSound();
  let silent = !window.Notification;
  return {
    ...sound,
    may: () => (silent ? '' : Notification.permission),
    ask: async () => { if (!silent && Notification.permission === 'default') await Notification.requestPermission(); },
    notify: (title, body) => {
      if (silent || Notification.permission !== 'granted') return;
      try {
        const notice = new Notification(title, { body, tag, requireInteraction: true });
        notice.onclick = () => { window.focus(); notice.close(); };
      } catch { // phones let a page notify only through a service worker, and would let ours sleep anyway
        silent = true;
      }
    },
  };
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
