// What every seat is, as the public map tells it: two bits a seat, and changes by seat number.
export const FREE = 0, HELD = 1, SOLD = 2, BLOCKED = 3;

/** unpackStates reads the base64 of …/seats and of a snapshot into one byte a seat. */
export function unpackStates(base64, size) {
  const packed = atob(base64), out = new Uint8Array(size);
  for (let n = 0; n < size; n++) out[n] = packed.charCodeAt(n >> 2) >> (2 * (n & 3)) & 3;
  return out;
}

/** applyChanges writes [[n, state], …] and gives those that really changed something; moved(n, was, is) is told of each. */
export function applyChanges(states, changes, moved = () => {}) {
  return changes.filter(([n, state]) => {
    const was = states[n], changed = n < states.length && was !== state;
    if (!changed) return false;
    states[n] = state;
    moved(n, was, state);
    return true;
  });
}

/** freeBy counts free seats by a number below keys: a column of the plan; size leaves out what comes after. */
export function freeBy(states, keyOf, keys, size = states.length) {
  const out = new Uint32Array(keys);
  for (let n = 0; n < size; n++) if (states[n] === FREE) out[keyOf(n)]++;
  return out;
}

/** freeIn counts the free places of an area on sale. */
export function freeIn(states, { first, capacity }) {
  let free = 0;
  for (let n = first; n < first + capacity; n++) free += states[n] === FREE;
  return free;
}
