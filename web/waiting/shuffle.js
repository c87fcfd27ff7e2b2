// The draw: compute_shuffled_index of the Ethereum consensus specification, 90 rounds of swap-or-not, as the server has
// it in modules/queue/draw.go. The page works its place out itself, so that nobody need be asked, nor trusted.
import { sha256, unhex } from './sha256.js';

const rounds = 90;

// makeShuffle prepares the permutation of 0..size-1 under a seed (64 hex digits): a function from index to position.
// seen(round, pivot, mirror, bit, index) hears of every round.
export function makeShuffle(seed, size) {
  const input = new Uint8Array(37), blocks = new Map(), pivots = [];
  input.set(unhex(seed));
  for (let r = 0; r < rounds; r++) {
    input[32] = r;
    // The first eight bytes are a little-endian number; its remainder, from the top down.
    pivots.push(sha256(input.subarray(0, 33)).subarray(0, 8).reduceRight((rest, byte) => (rest * 256 + byte) % size, 0));
  }
  // 256 positions share one hash of a round, a bit each.
  const block = (round, n) => {
    const key = n * rounds + round;
    if (!blocks.has(key)) {
      input[32] = round;
      new DataView(input.buffer).setUint32(33, n, true);
      blocks.set(key, sha256(input));
    }
    return blocks.get(key);
  };
  return (index, seen) => {
    for (let r = 0; r < rounds; r++) {
      const mirror = (pivots[r] + size - index) % size, upper = Math.max(index, mirror);
      const bits = block(r, Math.floor(upper / 256));
      const bit = bits[(upper % 256) >> 3] >> (upper % 8) & 1;
      if (bit) index = mirror;
      seen?.(r, pivots[r], mirror, bit, index);
    }
    return index;
  };
}
