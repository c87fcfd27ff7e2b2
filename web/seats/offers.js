// What the house says no to, and what it offers instead: each refusal becomes a sentence and at most two answers.
import { plural, t } from '../shared/words.js';
import { note, unsay } from './notes.js';
import { explain } from './refusals.js';
import { names } from './say.js';
import { tellWords } from './standing.js';
import { FREE, HELD, freeIn } from './state.js';

/**
 * makeOffers gives {refused(problem, wanted), standing()}: the second says what is still offered when the page is opened again. on: mark(kind, seats), patch(changes) and show(seats) of the map · outside(), where somebody
 * without a turn goes · locked(ids) and code(), of categories that a code must open · door, the address of the waiting room.
 */
export function makeOffers(room, on) {
  const { basket, states, plan } = room;

  /** offered says which seats are held instead. Whoever closes it keeps them; whoever takes another gives them up. */
  const offered = (text, offer, own = true) => {
    on.show(offer);
    return note(text, {
      kind: 'warn', own, shut: (byHand) => byHand && basket.hold(offer),
      acts: [
        { label: plural('js.keep', offer.length), act: () => basket.hold(offer) },
        { label: plural('js.another', offer.length), act: () => basket.giveBack(...offer) },
      ],
    });
  };

  /** reread asks until it hears what is in the basket: nobody knows whether what was asked for in vain was done. */
  const reread = (pause) => {
    clearTimeout(reread.timer);
    reread.timer = setTimeout(async () => {
      const heard = !basket.busy() && await basket.refresh().then(() => true, ({ status }) => status > 0 && status < 500);
      if (!heard) return reread(Math.min(2 * pause, 30_000));
      return unsay(t('js.offline'));
    }, pause * (0.85 + 0.3 * Math.random()));
  };

  const refused = async (problem, wanted) => {
    if (problem.status === 401 || problem.code === 'not-admitted') return on.outside(problem);
    if (problem.status === 0 || problem.status >= 500) reread(1000);
    const said = explain(problem, wanted, room);
    if (said.code) on.locked(said.code);
    if (said.taken) {
      on.mark('lost', said.taken);
      on.patch(said.taken.filter((n) => states[n] === FREE).map((n) => [n, HELD]));
    }
    if (said.offer?.length) {
      await basket.refresh().catch(() => {});
      const kept = said.offer.filter(basket.has);
      if (kept.length) return offered(said.text, kept);
    }
    const full = problem.code === 'none-left' && plan.areas.find((area) => area.id === wanted.area && !freeIn(states, area));
    const acts = [
      said.take && { label: said.label, act: () => basket.hold(said.take, said.instead) },
      said.best && { label: plural('js.best', said.best), act: () => basket.best(said.best, wanted.best) },
      said.code && { label: t('js.code-type'), act: on.code },
      said.door && { label: t('js.to-waiting'), href: on.door },
      // One that was lost may come back: who held it may let it go.
      said.taken?.length === 1 && said.taken[0] < plan.seats && !said.offer?.length && !room.wishes.has(said.taken[0]) && { label: t('js.tell'), act: () => on.wish(said.taken[0]) },
      full && tellWords(room, full) === t('js.tell-place') && { label: t('js.tell-place'), act: () => on.wish(full.first) },
    ];
    if (said.take && problem.code !== 'too-many') on.mark('hover', said.take);
    return note(said.text, { kind: 'warn', acts, shut: () => on.mark('hover', []) });
  };
  return {
    refused,
    standing: () => {
      const { offered: offer } = basket;
      if (offer.length) offered(plural('js.still-offered', offer.length, { offer: names(plan, offer) }), offer, false);
    },
  };
}

/** slowly says that the answer takes long: what is dotted is not anybody's yet. */
export function slowly(room, wanted) {
  note(wanted.seats ? plural('js.still-asking', wanted.seats.length, { seats: names(room.plan, wanted.seats) }) : t('js.still-seeking'));
}
