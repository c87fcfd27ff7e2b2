// The refund of an event, kept up to date every two seconds while something moves. The forms need none of this.
import { money } from '../shared/words.js';
import { desk, staff } from './session.js';

history.replaceState(null, '', location.pathname); // what was done is said once, not after every reload

const card = document.querySelector('[data-moves]');
const number = new Intl.NumberFormat('en');
const within = (selector) => card.querySelector(selector);

function draw({ status, orders, money: sums }) {
  const { currency, digits, now } = card.dataset;
  if (status !== now) location.reload(); // other buttons make sense now
  for (const name of ['done', 'total', 'failed']) within(`[data-figure=${name}]`).textContent = number.format(orders[name]);
  for (const name of ['returned', 'owed', 'total', 'refused']) within(`[data-money=${name}]`).textContent = money(sums[name], currency, Number(digits));
  within('[data-if=failed]').hidden = orders.failed === 0;
  within('[data-if=refused]').hidden = sums.refused === 0;
  const bar = within('progress');
  bar.max = orders.total;
  bar.value = orders.done;
  return status === 'running' || sums.owed > 0;
}

const lost = document.querySelector('[data-lost]');
async function look() {
  let moves = true;
  if (!document.hidden) { // a tab nobody sees asks nothing
    try {
      moves = draw(await desk('GET', staff(card.dataset.event, `/refunds/${card.dataset.refund}`)));
      lost.hidden = true;
    } catch (problem) {
      if (problem.status === undefined) throw problem;
      lost.hidden = problem.status === 401;
    }
  }
  if (moves) setTimeout(look, 2000);
  else document.querySelector('[data-aloud]').textContent = 'All of the money is back.';
}
if (card) look();
