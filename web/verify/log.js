// The fairness log, checked in the browser: every line names the SHA-256 of the one before, in sequence, and the entry that
// this page showed as the last is in it.
import { api } from '../shared/api.js';
import { hex, sha256 } from '../waiting/sha256.js';

// checkLog gives {count, wrong}: how many entries there are, and the number of the first that does not fit, or 0. It throws
// when the log does not arrive. head is {seq, hash} or null; reading(count) hears how far it is.
export async function checkLog(event, head, reading) {
  const encoder = new TextEncoder();
  let prev = '', count = 0;
  for (;;) {
    const answer = await fetch(api(event, `/queue/log?format=lines&after=${count}`));
    if (!answer.ok) throw new Error(`log: ${answer.status}`);
    const lines = (await answer.text()).split('\n').filter(Boolean);
    if (!lines.length) return { count, wrong: head && count < head.seq ? count + 1 : 0 };
    for (const line of lines) {
      let entry;
      try { entry = JSON.parse(line); } catch { return { count, wrong: count + 1 }; }
      if (entry.seq !== count + 1 || entry.prev !== prev) return { count, wrong: count + 1 };
      prev = hex(sha256(encoder.encode(line)));
      count++;
      if (head && count === head.seq && prev !== head.hash) return { count, wrong: count };
    }
    reading(count);
  }
}
