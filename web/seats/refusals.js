// What the server's refusals mean to the person, and what they can do now.
import { number, plural, t } from '../shared/words.js';

/**
 * explain gives {text, taken, swap, wait} for a refusal: the words, seats to mark as gone, a seat that could make way
 * for the wanted one, seconds to wait. room is {plan, basket, max}, wanted {seats} or {best} as asked.
 */
export function explain(problem, wanted, { plan, basket, max }) {
  const names = (seats) => seats.map((n) => plan.label(n)).join(', ');
  switch (problem.code) {
    case 'seats-taken': {
      const taken = problem.facts.seats ?? [], offer = problem.facts.offer ?? [];
      if (offer.length) return { taken, text: t('js.taken-offer', { seats: names(taken), offer: names(offer) }) };
      return { taken, text: plural('js.taken', taken.length, { seats: names(taken) }) };
    }
    case 'too-many': {
      const most = problem.facts.max ?? max, held = basket.seats;
      if (held.length === 0 || !wanted.seats) return { text: plural('js.too-many-plain', most) };
      const last = held[held.length - 1];
      return { text: plural('js.too-many', most, { held: last.label, seat: names(wanted.seats) }), swap: last.n };
    }
    case 'none-left':
      return { text: plural(wanted.best?.category ? 'js.none-left-price' : 'js.none-left', wanted.best?.quantity ?? 1) };
    case 'slow-down':
      return { text: slow(problem, names), wait: problem.retryAfter };
    case 'hold-expired': return { text: t('js.expired') };
    case 'sold-out': return { text: t('js.sold-out') };
    case 'ended': return { text: t('js.ended') };
    case 'offline': return { text: t('js.offline') };
    case 'busy': return { text: t('js.busy') };
    default: return { text: problem.detail ?? t('js.busy') };
  }
}

// slow says which budget is used up, and when there is more of it.
function slow({ facts, retryAfter }, names) {
  const seconds = number(Math.max(1, Math.ceil(retryAfter)));
  switch (facts.reason) {
    case 'held-long': return plural('js.slow-held-long', Math.max(1, Math.ceil(retryAfter / 60)));
    case 'just-expired': return t('js.slow-just-expired', { seconds });
    case 'others-first': return t('js.slow-others-first', { seats: names(facts.seats ?? []), seconds });
    default: return t('js.slow-down', { seconds });
  }
}
