// The server's clock: a fan's own may be wrong by minutes, and countdowns must not be.
let offset = 0; // ms to add to our clock
let known = Infinity; // how far off it may be

// hear learns the server's time from a moment it named: at as Date or RFC 3339, ms old, and off by at most exact ms.
export function hear(at, age = 0, exact = 50) {
  const error = exact + age / 10;
  if (error > known) return;
  known = error;
  offset = new Date(at).getTime() + age - Date.now();
}

// hearAnswer learns from the Date of an answer, which is cut to the second.
export function hearAnswer(response) {
  const date = response.headers.get('Date');
  if (date) hear(new Date(date).getTime() + 500, 1000 * Number(response.headers.get('Age') ?? 0), 600);
}

// now is the server's time in ms.
export const now = () => Date.now() + offset;
