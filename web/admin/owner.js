// Who has a seat, in words.
import { desk, signedOut, staff } from './session.js';

/**
 * makeOwner fills an element: tell(n) says who has seat n, now; area(area, places) asks how many of an area's free places
 * are meant. does: {price(minor), clock(time), moment(time), count(n) → words, chosen(places, n)}: that many were chosen.
 */
export function makeOwner(element, event, does) {
  let asked = 0;
  const link = (text, href) => Object.assign(document.createElement('a'), { textContent: text, href });
  const bdi = (text) => Object.assign(document.createElement('bdi'), { textContent: text });
  const said = (seat) => {
    switch (seat.state) {
      case 'free': return [`free, ${does.price(seat.price)}.`];
      case 'held': return [`a fan is choosing it, until ${does.clock(seat.until)}.`];
      case 'paying': return ['being paid for: ', link('the order', `/admin/orders/${seat.order}`), '.'];
      case 'sold': return ['sold: ', link('the order', `/admin/orders/${seat.order}`), '.'];
      case 'off': return ['its category has no price, so it is not for sale.'];
      default: return seat.block
        ? [seat.block.name ? 'kept for ' : 'not for sale', bdi(seat.block.name), ' (', bdi(seat.block.reason), ')',
          seat.block.until ? `, until ${does.moment(seat.block.until)}. ` : ', for ever. ', link('Its entry', `#block-${seat.block.id}`)]
        : ['not for sale.'];
    }
  };
  const show = (...nodes) => {
    element.replaceChildren(...nodes);
    element.hidden = false;
  };
  return {
    area: (area, places) => {
      asked++;
      const name = document.createElement('b'), label = document.createElement('label');
      const many = Object.assign(document.createElement('input'), { type: 'number', min: 0, max: places.length, value: places.length, inputMode: 'numeric' });
      const go = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet', textContent: 'Choose' });
      name.append(bdi(area.name));
      label.append('How many', many);
      go.addEventListener('click', () => does.chosen(places, Math.max(0, Math.min(places.length, Number(many.value) || 0))));
      show(name, `: ${does.count(places.length)} free. `, label, ' ', go);
    },
    tell: async (n) => {
      const mine = ++asked; // only the last tap is answered
      try {
        const seat = await desk('GET', staff(event, `/seats/${n}`));
        if (mine !== asked) return;
        const name = document.createElement('b');
        name.append(bdi(seat.label));
        show(name, ': ', ...said(seat));
      } catch (problem) {
        if (problem.status === undefined) throw problem;
        if (mine === asked && problem.status === 401) show(...signedOut());
        else if (mine === asked) show(problem.detail ?? 'The server does not answer; tap again in a moment.');
      }
    },
  };
}
