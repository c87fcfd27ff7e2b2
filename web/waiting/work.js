// Looks for the number of a challenge, away from the page: the one whose digits behind the salt hash to it. The salt's
// whole blocks are hashed once; what is left with the digits is a block or two for each number.
import { compress, start, unhex } from './sha256.js';

const slice = 5000;

onmessage = ({ data: { salt, challenge, maxnumber } }) => {
  const begun = performance.now(), text = new TextEncoder().encode(salt), whole = text.length >> 6, from = whole << 6;
  const first = start(), head = new DataView(text.buffer, text.byteOffset);
  for (let i = 0; i < whole; i++) compress(first, head, i << 6);
  const wanted = new DataView(unhex(challenge).buffer), goal = Array.from({ length: 8 }, (_, i) => wanted.getInt32(4 * i));
  const bytes = new Uint8Array(128), block = new DataView(bytes.buffer), rest = text.subarray(from), state = start();
  for (let n = 0; n <= maxnumber; n++) {
    const digits = String(n), length = rest.length + digits.length, last = length < 56 ? 64 : 128;
    bytes.fill(0);
    bytes.set(rest);
    for (let i = 0; i < digits.length; i++) bytes[rest.length + i] = digits.charCodeAt(i);
    bytes[length] = 0x80;
    block.setUint32(last - 4, 8 * (from + length));
    state.set(first);
    compress(state, block, 0);
    if (last === 128) compress(state, block, 64);
    if (state[0] === goal[0] && goal.every((x, i) => state[i] === x)) {
      postMessage({ tried: n, number: n, took: Math.round(performance.now() - begun) });
      return;
    }
    if (n % slice === 0) postMessage({ tried: n });
  }
  postMessage({ tried: maxnumber, number: null });
};
