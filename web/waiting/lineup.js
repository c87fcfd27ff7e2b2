// The line that a draw makes, as modules/queue/lanes.go has it: each part (those in no lane, and every lane) is shuffled by
// itself, and all of them stand by the number (2j+1)/share.
import { hex, sha256 } from './sha256.js';
import { makeShuffle } from './shuffle.js';

export const laneSeed = (seed, name) => hex(sha256(new TextEncoder().encode(`fairseat lane v1\n${seed}\n${name}\n`)));

// makeLineup gives position(index, lane) for what /queue/now says of a draw that took place; lane is 0 for none, and
// undefined is the answer for an index that is not of this draw.
export function makeLineup({ seed, size, lanes = [] }) {
  const parts = lanes.map((lane) => ({ ...lane, seed: laneSeed(seed, lane.name) }));
  const rest = (of, from) => lanes.reduce((left, lane) => left - lane[of], from);
  parts.unshift({ seed, size: rest('size', size), share: rest('share', 100) });
  for (const part of parts) part.shuffle = part.size ? makeShuffle(part.seed, part.size) : null;
  return (index, own = 0) => {
    const part = parts[own];
    if (!part || index >= part.size) return undefined;
    const j = part.shuffle(index);
    return parts.reduce((position, { share, size: people }, other) => {
      if (other === own) return position;
      // Of equal ones lanes go first, in their order.
      const most = (2 * j + 1) * share - (own && (!other || other > own) ? 1 : 0);
      return position + Math.min(people, Math.floor((Math.floor(most / part.share) + 1) / 2));
    }, j);
  };
}
