// The server's clock: a fan's own may be wrong by minutes, and countdowns must not be. Whatever an answer says of the
// time is never ahead of it, only behind: by its way to us, by the cut to a second, by how long a cache has kept it. So
// the latest we were told counts, and an old answer, of a cache whose server is gone, sets nothing back.
let offset = 0; // ms to add to our clock
let run; // our clock less the page's own time, which nobody sets: it moves when our clock is set, or the device slept

// hear learns that the server's clock has reached a moment, as Date, RFC 3339 or ms.
export function hear(at) {
  const before = run, mine = Date.now();
  run = mine - performance.now();
  const gap = new Date(at).getTime() - mine;
  if (before === undefined || Math.abs(run - before) > 1000 || gap > offset) offset = gap;
}

// hearAnswer learns from the Date of an answer, and from a moment that its body names, which is as old as Age says.
// nginx tells a Date of its own and no age; other caches tell the Date of before and the age of it.
export function hearAnswer(response, at) {
  const date = response.headers.get('Date');
  if (date) hear(date);
  if (at) hear(new Date(at).getTime() + 1000 * Number(response.headers.get('Age') ?? 0));
}

// now is the server's time in ms.
export const now = () => Date.now() + offset;
