// The sheet's contents: how many, which price, what is mine, what it costs, how long it is kept.
import { countdown } from '../shared/countdown.js';
import { money, plural, t } from '../shared/words.js';

const $ = (id) => document.getElementById(id);

/** makePanel gives {update(basket), many(), category(), filter()}. on: best, giveBack(n), filter(), minute(), end(). */
export function makePanel({ plan, max, hues, digits }, on) {
  let many = Math.min(2, max), stop = null, deadline = 0, chosen = null, held = 0;
  const chips = [...document.querySelectorAll('.chip')];

  const ask = () => {
    // Who holds some is offered the rest of the party.
    const rest = Math.max(1, Math.min(many - held || 1, max - held));
    $('many').textContent = many;
    $('fewer').disabled = many <= 1;
    $('more').disabled = many >= max;
    $('best').textContent = plural('js.best', held && held < many ? rest : many);
    $('choose').hidden = held > 0 && held >= many;
    document.querySelector('.many').hidden = max === 1;
    return held && held < many ? rest : many;
  };
  $('fewer').addEventListener('click', () => { many = Math.max(1, many - 1); ask(); });
  $('more').addEventListener('click', () => { many = Math.min(max, many + 1); ask(); });
  let seeking = false; // a second click on its way asks for nothing more
  $('best').addEventListener('click', async () => {
    if (seeking) return;
    seeking = true;
    try { await on.best(ask(), chosen); } finally { seeking = false; }
  });

  for (const chip of chips) {
    const { hue, notches } = hues[plan.categories.findIndex((c) => c.id === chip.dataset.category)] ?? { hue: 0, notches: 0 };
    chip.classList.add(`hue-${hue}`);
    if (notches) chip.classList.add(`notch-${Math.min(2, notches)}`);
    chip.addEventListener('click', () => {
      chosen = chosen === chip.dataset.category ? null : chip.dataset.category;
      for (const other of chips) other.setAttribute('aria-pressed', String(other.dataset.category === chosen));
      on.filter(chosen === null ? null : new Set([plan.categories.findIndex((c) => c.id === chosen)]));
    });
  }

  const seatLine = (seat, leaving, asking) => {
    const li = document.createElement('li'), category = plan.categories.findIndex((c) => c.id === seat.category);
    const hue = Object.assign(document.createElement('span'), { className: `chip-hue hue-${hues[category]?.hue ?? 0}`, ariaHidden: 'true' });
    const name = document.createElement('span'), back = Object.assign(document.createElement('button'), { type: 'button', className: 'plain', textContent: '✕' });
    name.className = 'picked-name';
    name.append(Object.assign(document.createElement('bdi'), { textContent: seat.label }), Object.assign(document.createElement('small'), { className: 'soft', textContent: plan.categories[category]?.name ?? '' }));
    back.setAttribute('aria-label', t('js.give-back', { seat: seat.label }));
    back.disabled = leaving || asking;
    back.addEventListener('click', () => on.giveBack(seat.n));
    li.classList.toggle('waiting', leaving || asking);
    li.append(hue, name, Object.assign(document.createElement('span'), { className: 'number', textContent: money(seat.price, seat.currency, digits) }), back);
    return li;
  };

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
    update: (basket) => {
      held = basket.seats.length;
      const line = (seat) => seatLine({ ...seat, currency: basket.currency }, basket.leaving.has(seat.n), basket.asking.has(seat.n));
      $('picked').replaceChildren(...basket.seats.map(line));
      $('picked').hidden = $('pay').hidden = held === 0;
      $('sheet').classList.toggle('has-seats', held > 0);
      $('sum-seats').textContent = plural('js.seats', held);
      $('sum').textContent = held ? money(basket.total, basket.currency, digits) : '';
      clock(basket.expiresAt());
      ask();
    },
  };
}
