// Places without a number: how many are free in an area, what one costs, how many somebody wants.
import { money, number, plural, t } from '../shared/words.js';
import { areaName } from './say.js';
import { freeIn } from './state.js';

const $ = (id) => document.getElementById(id);

/** areaSays is an area in words: "312 free, 39.00 EUR each". */
export function areaSays({ states, prices, currency, digits, locked }, area) {
  const price = prices[area.category] ?? null, free = freeIn(states, area);
  if (!free || price === null) return t('js.none-free');
  const said = plural('js.each', free, { price: money(price, currency, digits) });
  return locked?.has(area.category) ? `${said}, ${t('js.with-code')}` : said;
}

/**
 * tellWords is what a button says by which somebody asks to be called when a place of a full area comes free, or asks for it no
 * more; "" where there is nothing to wait for.
 */
export function tellWords({ states, prices, wishes }, area) {
  if (freeIn(states, area) || (prices[area.category] ?? null) === null) return '';
  return wishes.has(area.first) ? t('js.tell-no') : wishes.full() ? '' : t('js.tell-place');
}

/** makeStanding gives {open(area), update()}; on: hold(area, quantity) when somebody has decided, tell(area) when there is nothing to decide on. */
export function makeStanding(room, on) {
  let area = null, many = 1, back = null;
  const most = () => Math.max(0, Math.min(room.max - room.basket.seats.length, freeIn(room.states, area)));
  const update = () => {
    if (!area) return;
    const limit = most();
    many = Math.max(1, Math.min(many, limit));
    $('area-name').textContent = areaName(area);
    $('area-says').textContent = limit || !freeIn(room.states, area) ? areaSays(room, area) : plural('js.too-many-plain', room.max);
    $('area-many').textContent = number(many);
    $('area-fewer').disabled = many <= 1;
    $('area-more').disabled = many >= limit;
    const tell = tellWords(room, area);
    $('area-hold').disabled = !limit && !tell;
    $('area-hold').textContent = tell || plural('js.take-places', many);
  };
  const step = (by) => () => {
    many += by;
    update();
  };
  const close = () => {
    const within = $('area').contains(document.activeElement);
    $('area').hidden = true;
    area = null;
    if (within) back?.focus();
  };
  $('area-fewer').addEventListener('click', step(-1));
  $('area-more').addEventListener('click', step(1));
  $('area-close').addEventListener('click', close);
  $('area').addEventListener('keydown', (e) => { if (e.key === 'Escape') close(); });
  $('area-hold').addEventListener('click', async () => { if (tellWords(room, area) ? on.tell(area) : await on.hold(area, many)) close(); });
  return {
    open: (wanted, party) => {
      [area, many, back] = [wanted, party, document.activeElement];
      $('area').hidden = false;
      update();
      $('area').scrollIntoView({ block: 'nearest' });
      $('area-hold').focus({ preventScroll: true });
    },
    update,
  };
}
