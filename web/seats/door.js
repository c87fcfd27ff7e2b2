// Getting inside: who has a turn takes it here, whoever has none is sent back to the event's page.
import { Problem, api, ask } from '../shared/api.js';
import { device, join, kept } from '../shared/place.js';

export const back = (event) => location.replace(`/events/${encodeURIComponent(event)}`);

/** enter takes one's turn, or gives the Problem that says why not. */
export async function enter(event) {
  try {
    await ask('POST', api(event, '/queue/admission'), undefined, { device: device() });
    return null;
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    return problem;
  }
}

/**
 * comeIn reads the basket, and does what it takes to be let in first: shows the kept place where the cookie is gone,
 * takes the turn where there is no admission. It gives null inside, else the Problem.
 */
export async function comeIn(event, basket) {
  for (let tries = 0; ; tries++) {
    try {
      await basket.refresh();
      return null;
    } catch (problem) {
      if (!(problem instanceof Problem) || tries > 2) throw problem;
      const place = kept(event);
      if (problem.status === 401 && place?.place && tries === 0) await join(event, place.place);
      else if (problem.code !== 'not-admitted') return problem;
      else {
        const refused = await enter(event);
        if (refused) return refused;
      }
    }
  }
}
