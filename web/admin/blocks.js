// What is not for sale: the list as the server writes it, a way from each entry to the map, and on the map what is kept for
// somebody apart from what nobody may have.
import { ask } from '../shared/api.js';

/** makeBlocks gives {refresh() reads it anew, of(n) → the block that has seat n}. show(seats) shows one on the map. */
export function makeBlocks(hand, { staff, map, show }) {
  const list = hand.querySelector('[data-blocks]'), total = hand.querySelector('[data-block-count]');
  let ofSeat = new Map(), byID = new Map(), seen = '';

  const dress = () => {
    for (const entry of list.querySelectorAll('[data-block]')) {
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet', textContent: 'Show on the map' });
      button.addEventListener('click', () => show(byID.get(entry.dataset.block)?.seats ?? []));
      entry.querySelector('.where').before(button);
    }
  };
  // What somebody has opened stays open; a form in which somebody types stays as it is.
  const key = (details) => `${details.closest('[data-block]').id} ${details.className}`;
  const write = async () => {
    const answer = await fetch(location.pathname);
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html'), entries = fresh.querySelector('[data-blocks]');
    if (!entries || list.contains(document.activeElement) && document.activeElement.matches('input')) return false;
    const open = new Set([...list.querySelectorAll('details[open]')].map(key));
    list.replaceChildren(...entries.childNodes);
    for (const details of list.querySelectorAll('details')) details.open = open.has(key(details));
    total.textContent = fresh.querySelector('[data-block-count]').textContent;
    dress();
    return true;
  };

  dress();
  return {
    refresh: async () => {
      const { blocks } = await ask('GET', staff('/blocks'));
      const now = JSON.stringify(blocks);
      if (now === seen) return;
      byID = new Map(blocks.map((block) => [block.id, block]));
      ofSeat = new Map(blocks.flatMap((block) => block.seats.map((n) => [n, block])));
      map.mark('kept', [...ofSeat].filter(([, block]) => block.name).map(([n]) => n));
      const asListed = [...list.querySelectorAll('[data-block]')].map((entry) => entry.dataset.block).join() === [...byID.keys()].join();
      if (seen === '' && asListed || await write()) seen = now;
    },
    of: (n) => ofSeat.get(n),
  };
}
