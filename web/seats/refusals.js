// What the server's refusals mean to the person, and what they can do now.
import { number, plural, t } from '../shared/words.js';
import { names, priceOf } from './say.js';

/**
 * explain gives {text, taken, offer, take, instead, best, code, door} for a refusal: the words, seats to mark as gone, seats that are
 * held instead, seats that could be held now (with their label, and what makes way for them), a smaller wish for the house
 * to fill, categories that a code must open, whether the way on is the waiting room. room is {plan, prices, basket, max}, wanted the body that was sent.
 */
export function explain(problem, wanted, room) {
  const { plan, basket, max } = room, { facts } = problem;
  switch (problem.code) {
    case 'seats-taken': {
      const taken = facts.seats ?? [], offer = facts.offer ?? [];
      if (!offer.length) return { taken, text: plural('js.taken', taken.length, { seats: names(plan, taken) }) };
      const why = { seats: names(plan, taken), offer: names(plan, offer), why: likeness(room, taken, offer) };
      return { taken, offer, text: plural('js.taken-offer', offer.length, why) };
    }
    case 'leaves-orphan': {
      const seats = facts.seats ?? [], suggest = facts.suggest ?? [];
      if (!suggest.length) return { text: plural('js.orphan', seats.length, { seats: names(plan, seats) }) };
      const same = priceOf(room, suggest) === priceOf(room, wanted.seats ?? []);
      return {
        text: plural('js.orphan-shift', seats.length, { seats: names(plan, seats), suggest: names(plan, suggest), price: same ? t('js.same-price-too') : '' }),
        take: suggest, label: t('js.take', { seat: names(plan, suggest) }), instead: wanted.instead_of,
      };
    }
    case 'companion-seat': {
      const seats = facts.seats ?? [], places = facts.with ?? [];
      const all = [...new Set([...wanted.seats ?? [], ...places])];
      return {
        text: t('js.companion-of', { seats: names(plan, seats), places: names(plan, places) }),
        take: all, label: all.length === 2 ? t('js.take-both') : t('js.take', { seat: names(plan, all) }), instead: wanted.instead_of,
      };
    }
    case 'too-many': {
      const most = facts.max ?? max, held = basket.seats;
      if (held.length === 0 || wanted.seats?.length !== 1) return { text: plural('js.too-many-plain', most) };
      const last = held[held.length - 1];
      return {
        text: plural('js.too-many', most, { held: names(plan, [last.n]), seat: names(plan, wanted.seats) }),
        take: wanted.seats, label: t('js.swap'), instead: [last.n],
      };
    }
    case 'none-left': {
      if (wanted.area) return { text: plural('js.none-left-area', wanted.quantity) };
      const quantity = wanted.best?.quantity ?? 1;
      return { text: plural(wanted.best?.category ? 'js.none-left-price' : 'js.none-left', quantity), best: quantity > 1 ? quantity - 1 : 0 };
    }
    case 'access-code-required': return { text: t('js.code-needed'), code: facts.categories };
    case 'slow-down': return { text: slow(problem, (seats) => names(plan, seats)) };
    case 'hold-expired': return { text: t('js.expired') };
    case 'sold-out': return { text: t('js.sold-out'), door: true };
    case 'ended': return { text: t('js.ended'), door: true };
    case 'offline': return { text: t('js.offline') };
    case 'busy': return { text: t('js.busy') };
    default: return { text: problem.detail ?? t('js.busy') };
  }
}

/** slow says which budget is used up, and when there is more of it. */
function slow({ facts, retryAfter }, named) {
  const seconds = number(Math.max(1, Math.ceil(retryAfter)));
  switch (facts.reason) {
    case 'held-long': return plural('js.slow-held-long', Math.max(1, Math.ceil(retryAfter / 60)));
    case 'just-expired': return t('js.slow-just-expired', { seconds });
    case 'others-first': return t('js.slow-others-first', { seats: named(facts.seats ?? []), seconds });
    default: return t('js.slow-down', { seconds });
  }
}

/** likeness says how the offer compares with what was lost: "same row, same price". */
function likeness(room, lost, offer) {
  const { plan } = room, row = (n) => plan.row[n];
  const price = priceOf(room, offer) / offer.length - priceOf(room, lost) / lost.length;
  const near = offer.every((n) => lost.some((other) => row(other) === row(n)));
  return [near && t('js.same-row'), t(price === 0 ? 'js.same-price' : price < 0 ? 'js.less' : 'js.more')].filter(Boolean).join(', ');
}
