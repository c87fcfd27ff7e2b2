// "Check the draw": every step done again here, beside what one types to do it oneself. Loaded when somebody asks.
import { number, t } from '../shared/words.js';
import { hex, sha256 } from './sha256.js';
import { makeShuffle } from './shuffle.js';

const digest = (text) => hex(sha256(new TextEncoder().encode(text)));

// check fills an element with the proof of one draw, as it concerns one place.
export function check(element, event, { now: { draw }, place, stand }) {
  const seedText = `fairseat draw v1\n${event}\n${draw.size}\n${draw.secret}\n${draw.beacon ?? ''}\n`;
  const here = place.cohort === 'draw' ? makeShuffle(draw.seed, draw.size)(place.index) : draw.size + place.index;
  const figures = { index: number(place.index), size: number(draw.size), position: number(here), number: number(here + 1) };
  const rows = [
    ['js.check-commitment', draw.commitment, digest(draw.secret) === draw.commitment],
    ['js.check-secret', draw.secret],
    ['js.check-size', number(draw.size)],
    ['js.check-seed', draw.seed, digest(seedText) === draw.seed],
    ['js.check-place', t(place.cohort === 'draw' ? 'js.check-place-is' : 'js.check-tail', figures), here === stand.position],
  ];
  const list = document.createElement('dl');
  for (const [key, value, agrees] of rows) {
    const term = list.appendChild(document.createElement('dt')), text = list.appendChild(document.createElement('dd'));
    term.textContent = t(key);
    text.textContent = value;
    if (agrees !== undefined) {
      const mark = text.appendChild(document.createElement('strong'));
      mark.className = agrees ? 'agrees' : 'disagrees';
      mark.textContent = ` ${agrees ? '✓' : '✗'} ${t(agrees ? 'js.check-ok' : 'js.check-bad')}`;
    }
  }
  const how = document.createElement('p'), own = document.createElement('p'), shell = document.createElement('pre');
  how.textContent = t('js.check-how');
  own.textContent = t('js.check-shell');
  shell.tabIndex = 0; // it scrolls sideways, by keyboard too
  shell.textContent = `printf %s ${draw.secret} | sha256sum\nprintf '${seedText.replaceAll('\n', '\\n')}' | sha256sum`;
  element.replaceChildren(how, list, own, shell);
}
