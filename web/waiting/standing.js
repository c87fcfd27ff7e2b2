// How one place stands, worked out from what everyone sees (/queue/now) and what joining told. Pure.
import { makeLineup } from './lineup.js';

let drawn = null; // {key, lineup, burnt}: worked out once, and again when more is burnt

// draw is the order of a draw that took place, and the positions nobody stands at, in order.
function draw(of) {
  const { size, burnt, lanes = [] } = of, key = JSON.stringify([of.seed, burnt, lanes]);
  if (drawn?.key !== key) {
    const lineup = makeLineup(of), gone = [];
    [burnt, ...lanes.map((lane) => lane.burnt)].forEach((ranges, lane) => {
      for (const [from, to] of ranges) for (let i = from; i < to; i++) gone.push(!lane && i >= size ? i : lineup(i, lane));
    });
    drawn = { key, lineup, burnt: gone.sort((a, b) => a - b) };
  }
  return drawn;
}

// standing gives {position, ahead, number, of, inDraw, called, wait}; before the draw, {}. serving is the largest seen.
export function standing(now, place, serving) {
  if (now.draw && now.draw.size === null) return {};
  const size = now.draw?.size ?? 0, { lineup, burnt } = now.draw ? draw(now.draw) : { burnt: [] };
  const inDraw = place.cohort === 'draw' && now.draw !== null;
  const position = inDraw ? lineup(place.index, place.lane) : size + place.index;
  if (position === undefined) return {}; // not of this draw: the server will say so
  const ahead = Math.max(0, position - serving - burnt.filter((p) => p >= serving && p < position).length);
  const open = new Date(now.now) >= new Date(now.opens_at);
  return {
    position, ahead, number: position + 1, of: inDraw ? size : Math.max(now.joined, position + 1), inDraw,
    called: open && position < serving, wait: waitFor(now.wait, ahead),
  };
}

// waitFor is [p10, p90] in seconds for one whose turn is the call after those ahead: linear between the points, which
// begin at (0: 0 to 4), and past the last with its slope.
export function waitFor(points, ahead) {
  let from = { ahead: 0, p10_s: 0, p90_s: 4 }, to = points[0];
  if (!to) return null;
  for (const next of points.slice(1)) {
    if (ahead + 1 <= to.ahead) break;
    [from, to] = [to, next];
  }
  const share = to.ahead > from.ahead ? (ahead + 1 - from.ahead) / (to.ahead - from.ahead) : 0;
  return ['p10_s', 'p90_s'].map((p) => Math.round(from[p] + share * (to[p] - from[p])));
}

// pollAfter is how soon to look again, in ms: the server's law for the middle of the line, bent to our own place.
export function pollAfter(now, { ahead, wait }) {
  if (ahead === undefined || !wait) return now.poll_after_ms;
  const middle = Math.sqrt(Math.max(1, wait[0]) * wait[1]) / 15;
  return 1000 * Math.min(ahead < 5 * now.cap ? 4 : 20, Math.max(2, middle));
}
