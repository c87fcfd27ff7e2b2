// The range of the wait as it is shown. Estimates jump with every look; what one reads must not: it comes down by itself,
// and goes up only when it must, slowly. Pure; research: the estimate of each second is modules/queue/wait.go's.

// The unit of the shares below, in s: ten, but less when the turn is near, or one reads "up to 9 minutes" when it comes.
const unit = (wait) => Math.min(10, Math.max(1, wait / 30));

// makeShown gives {hear(at, [p10, p90], paused), left(now)}: an estimate made at a moment (ms), in seconds from then, which
// answers what to begin with another time; and what to show at a moment, in seconds, or null before the first estimate.
export function makeShown({ low, high, heard, still } = { low: 0, high: 0, heard: 0, still: false }) {
  // low and high are the ends of the range as moments, so that it counts down by itself.

  return {
    hear(at, [p10, p90], paused = false) {
      const to = [at + 1000 * p10, at + 1000 * p90], passed = Math.max(0, at - heard);
      if (!heard) [low, high] = to;
      else if (paused || still) { // the clock of the line stood
        low += passed;
        high += passed;
      } else {
        const s = passed / 1000, middle = 1000 * Math.sqrt(Math.max(1, p10) * p90), left = Math.max(high - at, middle);
        const part = (share) => 1 - (1 - share) ** (s / unit(middle / 1000));
        if (to[1] < high) high -= part(0.15) * (high - to[1]);
        else if (middle > 0.75 * (high - at)) high = Math.min(to[1], high + 0.004 * left * s);
        const gap = part(0.5) * (to[0] - low);
        low += Math.min(gap, 0.01 * left * s);
        high = Math.max(high, to[0]); // a line that stands still: never less than the soonest that is likely
        low = Math.min(low, high);
      }
      heard = at;
      still = paused;
      return { low, high, heard, still };
    },
    left: (now) => (heard ? [low, high].map((end) => Math.max(0, (end - now) / 1000)) : null),
  };
}

// outlook is how likely the seats that are left are gone before one's turn: 'gone', 'may', or '' for no worry. lasts is
// how many more positions they feed, null while nobody knows.
export function outlook(ahead, lasts) {
  if (ahead === undefined || lasts == null) return '';
  const far = ahead / Math.max(1, lasts);
  if (far > 1.3) return 'gone';
  return far >= 0.7 ? 'may' : '';
}
