// The last entry of the fairness log that this browser saw before the draw was public. A log written anew after that
// does not hold it: the page that checks the draw looks for it.
const name = (event) => `fs_head_${event}`;

// keepHead remembers it, from what /queue/now says; once the draw took place it stays as it is.
export function keepHead(event, { log, draw, now }) {
  if (!log || !draw || draw.size !== null) return;
  try {
    localStorage.setItem(name(event), JSON.stringify({ ...log, seen: now }));
  } catch { /* then there is nothing to compare with */ }
}

// keptHead is {seq, hash, seen}, or null.
export function keptHead(event) {
  try {
    return JSON.parse(localStorage.getItem(name(event)));
  } catch {
    return null;
  }
}
