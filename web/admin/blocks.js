// What is not for sale: the list as the server writes it, a way from each entry to the map, and on the map what is kept for
// somebody apart from what nobody may have.
import { desk, staff } from './session.js';

const few = 8; // entries that one finds at a glance

/**
 * makeBlocks gives {read() → the blocks as they are now, with their seats; refresh() shows them; of(n) → the block that has
 * seat n}. show(seats) shows one on the map.
 */
export function makeBlocks(hand, event, { map, show }) {
  const list = hand.querySelector('[data-blocks]'), total = hand.querySelector('[data-block-count]');
  let ofSeat = new Map(), byID = new Map(), seen = '', asked = 0, heard = 0;

  const dress = () => {
    for (const entry of list.querySelectorAll('[data-block]')) {
      const button = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet', textContent: 'Show on the map' });
      button.addEventListener('click', () => show(byID.get(entry.dataset.block)?.seats ?? []));
      entry.querySelector('.where').before(button);
    }
  };
  // What somebody has opened stays open; a form in which somebody types stays as it is.
  const key = (details) => `${details.closest('[data-block]').id} ${details.className}`;
  // The focus stays on the same button of the same entry; when the entry is gone, on the one in its place, or on the heading.
  const controls = (entry) => [...entry.querySelectorAll('summary, a, button, input')];
  const grip = () => {
    const at = document.activeElement, entry = list.contains(at) ? at.closest('[data-block]') : null;
    if (!entry) return () => {};
    const place = [...list.querySelectorAll('[data-block]')].indexOf(entry), nth = controls(entry).indexOf(at);
    return () => {
      const entries = [...list.querySelectorAll('[data-block]')], same = entries.find((other) => other.id === entry.id);
      const to = same ? controls(same)[nth] : entries.length ? controls(entries[Math.min(place, entries.length - 1)])[0] : total.closest('h2');
      if (to?.matches('h2')) to.tabIndex = -1;
      to?.focus({ preventScroll: true });
    };
  };
  const write = async () => {
    const answer = await fetch(location.pathname);
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html'), entries = fresh.querySelector('[data-blocks]');
    if (!entries || list.contains(document.activeElement) && document.activeElement.matches('input')) return false;
    if ([...list.querySelectorAll('details[open] input')].some((input) => input.value !== input.defaultValue)) return false;
    const back = grip();
    const open = new Set([...list.querySelectorAll('details[open]')].map(key));
    list.replaceChildren(...entries.childNodes);
    for (const details of list.querySelectorAll('details')) details.open = open.has(key(details));
    total.textContent = fresh.querySelector('[data-block-count]').textContent;
    dress();
    sift();
    back();
    return true;
  };

  // Where there are many, some words find an entry.
  const sifter = hand.querySelector('[data-sift]'), wanted = sifter.querySelector('input');
  const sift = () => {
    const entries = [...list.querySelectorAll('[data-block]')], words = wanted.value.trim().toLowerCase();
    sifter.hidden = entries.length <= few && !words;
    for (const entry of entries) {
      entry.hidden = words !== '' && ![...entry.querySelectorAll('h3, .why, .where p')].some((said) => said.textContent.toLowerCase().includes(words));
    }
    wanted.nextElementSibling.textContent = words ? `${entries.filter((entry) => !entry.hidden).length} of ${entries.length}` : '';
  };
  wanted.addEventListener('input', sift);
  window.addEventListener('hashchange', () => { // "Its entry" leads to one, whatever was looked for
    wanted.value = '';
    sift();
    list.querySelector(':target')?.scrollIntoView();
  });

  const read = async () => (await desk('GET', staff(event, '/blocks?seats=none'))).blocks;
  const withSeats = (block) => ({ ...block, seats: unspan(block.spans) });
  dress();
  sift();
  return {
    read: async () => (await read()).map(withSeats),
    refresh: async () => {
      const mine = ++asked, answer = await read(), now = JSON.stringify(answer);
      if (mine < heard) return;
      heard = mine; // what says nothing new is an answer too: an older one must not come after it
      if (now === seen) return;
      const blocks = answer.map(withSeats);
      byID = new Map(blocks.map((block) => [block.id, block]));
      ofSeat = new Map(blocks.flatMap((block) => block.seats.map((n) => [n, block])));
      map.mark('kept', [...ofSeat].filter(([, block]) => block.name).map(([n]) => n));
      const asListed = [...list.querySelectorAll('[data-block]')].map((entry) => entry.dataset.block).join() === [...byID.keys()].join();
      if (seen === '' && asListed || await write()) seen = now;
    },
    of: (n) => ofSeat.get(n),
  };
}

/** unspan gives the numbers that "3-17 20" stands for. */
const unspan = (spans) => spans.split(' ').filter(Boolean).flatMap((span) => {
  const [from, to = from] = span.split('-').map(Number);
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
});
