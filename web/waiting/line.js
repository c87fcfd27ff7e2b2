// The line as everyone sees it, asked for again and again: soon when it matters, not at all while nobody looks, and with
// patience while it cannot be reached.
import { api, ask } from '../shared/api.js';
import { hear } from '../shared/clock.js';

const hiddenEvery = 30_000; // for who is to be called: rare, yet soon enough for a turn that is kept
const longest = 15_000;

// watch calls see(now) with each answer of /queue/now, and lost(true) when it cannot be reached, lost(false) when it is
// again. after(now) says in how many ms to look again, null for never; hidden(), whether to look while nobody looks at the
// page. It gives a function that looks at once.
export function watch(event, { see, lost, after, hidden }) {
  let timer = 0, failures = 0, running = false, away = false, next = 0;
  const jitter = (ms) => ms * (0.85 + 0.3 * Math.random());
  const setAway = (is) => {
    if (is !== away) lost(is);
    away = is;
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
    try {
      let age = 0;
      const now = await ask('GET', api(event, '/queue/now'), undefined, {
        answered: (response) => { age = 1000 * Number(response.headers.get('Age') ?? 0); },
      });
      hear(now.now, age + 500, 600); // made within the second before
      setAway(false);
      failures = 0;
      await see(now);
      next = after(now);
    } catch (problem) {
      if (problem.status === undefined) throw problem; // ours, not the line's
      failures++;
      if (failures > 1 || problem.status === 0) setAway(true);
      next = Math.max(1000 * problem.retryAfter, Math.min(longest, 2000 * 2 ** Math.min(failures - 1, 5)));
    } finally {
      running = false;
    }
    plan();
  };

  document.addEventListener('visibilitychange', () => (document.hidden ? plan() : look()));
  addEventListener('online', look);
  addEventListener('offline', () => setAway(true));
  look();
  return look;
}
