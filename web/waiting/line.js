// The line as everyone sees it, asked for again and again: soon when it matters, not at all while nobody looks, and with
// patience while it cannot be reached.
import { api, ask } from '../shared/api.js';
import { hearAnswer, now as serverNow } from '../shared/clock.js';

const hiddenEvery = 30_000; // for who is to be called: rare, yet soon enough for a turn that is kept
const longest = 15_000;
// What a cache goes on saying when its server has gone: no server that answers is as far behind.
const silence = 30_000;

// watch calls see(now) with each answer of /queue/now, and lost('offline') when nothing can be reached, lost('silent') when
// the line does not answer, or only a cache with its last word, lost('') when it does again. after(now) says in how many
// ms to look again, null for never; hidden(), whether to look while nobody looks at the page. It gives a function that
// looks at once.
export function watch(event, { see, lost, after, hidden }) {
  let timer = 0, failures = 0, running = false, away = '', next = 0, cuts = 0;
  const jitter = (ms) => ms * (0.85 + 0.3 * Math.random());
  const setAway = (why) => {
    if (why !== away) lost(why);
    away = why;
  };

  const plan = () => {
    clearTimeout(timer);
    if (next === null || running || (document.hidden && !hidden())) return;
    timer = setTimeout(look, jitter(document.hidden ? Math.max(next, hiddenEvery) : next));
  };

  const look = async () => {
    clearTimeout(timer);
    if (running || (document.hidden && !hidden())) return;
    running = true;
    const before = cuts;
    try {
      let answer;
      const now = await ask('GET', api(event, '/queue/now'), undefined, { answered: (response) => { answer = response; } });
      hearAnswer(answer, now.now);
      const cut = cuts > before; // what was on its way when the connection went says nothing of it
      if (!cut) setAway(serverNow() - new Date(now.now) > silence ? 'silent' : '');
      failures = 0;
      await see(now);
      next = cut ? 1000 : after(now);
    } catch (problem) {
      if (problem.status === undefined) throw problem; // ours, not the line's
      failures++;
      if (failures > 1 || problem.status === 0) setAway(problem.status === 0 ? 'offline' : 'silent');
      next = Math.max(1000 * problem.retryAfter, Math.min(longest, 2000 * 2 ** Math.min(failures - 1, 5)));
    } finally {
      running = false;
    }
    plan();
  };

  document.addEventListener('visibilitychange', () => (document.hidden ? plan() : look()));
  addEventListener('online', look);
  addEventListener('offline', () => {
    cuts++;
    setAway('offline');
  });
  look();
  return look;
}
