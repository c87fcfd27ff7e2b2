// The sheet's contents: how many, which price, what is mine, what it costs, how long it is kept.
import { countdown } from '../shared/countdown.js';
import { money, plural, t } from '../shared/words.js';
import { makeChips } from './chips.js';
import { home } from './notes.js';
import { showOthers, showPicked } from './picked.js';
import { FREE } from './state.js';

const $ = (id) => document.getElementById(id);

/**
 * makePanel gives {update(), party(), chips}: party is how many seats a tap takes. on: best(quantity) · giveBack(n) · swap(other) ·
 * filter(), when chips or the party change · minute() and end() of the clock.
 */
export function makePanel(room, on) {
  const { basket, max, plan, states, prices } = room, drawn = plan.seats > 0; // else there are areas alone
  let many = Math.max(1, Math.min(2, max, left())), just = false, stop = null, deadline = 0;
  const chips = makeChips(room.plan, room.hues, on.filter);
  $('legend').hidden = !drawn;

  /** left is how many a party may be, as far as it matters: free and on sale now. */
  function left() {
    let free = 0;
    for (let n = 0; n < plan.seats && free < max; n++) free += states[n] === FREE && prices[plan.category[n]] !== null;
    return free;
  }
  /** rest is how many of the party are without a seat; a whole party anew for who has all and wants more. */
  const rest = () => {
    const held = basket.seats.length;
    return held && held < many ? Math.max(1, Math.min(many - held, max - held)) : many;
  };
  const draw = () => {
    const held = basket.seats.length;
    $('many').textContent = many;
    $('fewer').disabled = many <= 1;
    $('more').disabled = many >= max;
    $('best').textContent = plural(held && held < many ? 'js.more-seats' : 'js.best', rest());
    $('choose').hidden = held > 0 && (held >= many || !drawn);
    $('best').hidden = !drawn;
    $('choose').querySelector('.many').hidden = max === 1 || !drawn;
    $('just').hidden = rest() < 2 || !drawn;
    $('or').textContent = drawn ? plural('js.or-tap', just ? 1 : rest()) : t('js.tap-area');
  };
  const set = (n) => {
    many = Math.max(1, Math.min(max, n));
    draw();
    on.filter();
  };
  $('fewer').addEventListener('click', () => set(many - 1));
  $('more').addEventListener('click', () => set(many + 1));
  $('just').addEventListener('click', () => {
    just = !just;
    $('just').setAttribute('aria-pressed', String(just));
    draw();
    on.filter();
  });
  let seeking = false; // a second click on its way asks for nothing more
  $('best').addEventListener('click', async () => {
    if (seeking) return;
    seeking = true;
    $('best').setAttribute('aria-busy', 'true');
    try { await on.best(rest()); } finally {
      seeking = false;
      $('best').removeAttribute('aria-busy');
    }
  });

  const clock = (until) => {
    if (until === deadline) return;
    stop?.();
    [stop, deadline] = [null, until];
    if (!until) return;
    stop = countdown(until, {
      tick: (text, left) => {
        $('left').textContent = text;
        $('clock').classList.toggle('soon', left <= 60_000);
      },
      minute: on.minute, end: on.end,
    });
  };

  return {
    chips,
    party: () => (just || basket.seats.length >= many ? 1 : rest()),
    update: () => {
      const held = basket.seats.length, within = $('sheet').contains(document.activeElement);
      showPicked(room, basket, on.giveBack);
      showOthers(room, basket, on.swap);
      $('pay').hidden = held === 0;
      $('sheet').classList.toggle('has-seats', held > 0);
      $('sum-seats').textContent = plural(basket.seats.every((seat) => seat.n < plan.seats) ? 'js.seats' : 'js.tickets', held);
      $('sum').textContent = held ? money(basket.total, basket.currency, room.digits) : '';
      clock(basket.expiresAt());
      draw();
      // A button that did its work may be gone: whoever goes by the keyboard must not begin anew.
      if (within && !document.activeElement?.getClientRects().length || within && document.activeElement === document.body) home()?.focus({ preventScroll: true });
    },
  };
}
