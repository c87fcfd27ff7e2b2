// wallClock gives the moment (ms) at which the clocks of a zone show a local time, or NaN.
export function wallClock(local, zone) {
  const wanted = Date.parse(`${local}Z`);
  const shows = (at) => {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' }).formatToParts(at);
    const part = (type) => Number(parts.find((p) => p.type === type).value);
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  };
  let at = wanted;
  for (let i = 0; i < 3; i++) at -= shows(at) - wanted; // twice is enough, but for the hour around a change
  return shows(at) === wanted ? at : NaN;
}
