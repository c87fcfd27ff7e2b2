// The fairness log, checked in the browser: every line names the SHA-256 of the one before, in sequence, and the entries
// that were the last at some time are in it.
import { api } from '../shared/api.js';
import { hex, sha256 } from '../waiting/sha256.js';

// checkLog gives {count, wrong}: how many entries there are, and the number of the first that does not fit, or 0. It throws
// when the log does not arrive. heads are {seq, hash}; reading(count) hears how far it is.
export async function checkLog(event, heads, reading) {
  const encoder = new TextEncoder();
  let prev = '', count = 0;
  for (;;) {
    const answer = await fetch(api(event, `/queue/log?format=lines&after=${count}`));
    if (!answer.ok) throw new Error(`log: ${answer.status}`);
    const lines = (await answer.text()).split('\n').filter(Boolean);
    if (!lines.length) return { count, wrong: heads.some(({ seq }) => seq > count) ? count + 1 : 0 };
    for (const line of lines) {
      let entry;
      try { entry = JSON.parse(line); } catch { return { count, wrong: count + 1 }; }
      if (entry.seq !== count + 1 || entry.prev !== prev) return { count, wrong: count + 1 };
      prev = hex(sha256(encoder.encode(line)));
      count++;
      if (heads.some(({ seq, hash }) => seq === count && hash !== prev)) return { count, wrong: count };
    }
    reading(count);
  }
}
