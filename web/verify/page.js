// How a draw is checked, done here step by step: nothing is asked of the server but the log. One's own place comes from
// this browser's storage; any index may be typed instead.
import { keptHead } from '../shared/head.js';
import { kept } from '../shared/place.js';
import { number, t } from '../shared/words.js';
import { laneSeed, makeLineup } from '../waiting/lineup.js';
import { hex, sha256, unhex } from '../waiting/sha256.js';
import { makeShuffle } from '../waiting/shuffle.js';
import { checkLog } from './log.js';
import { save } from './receipt.js';

const proof = JSON.parse(document.getElementById('proof').textContent);
const at = (id) => document.getElementById(id);
const digest = (text) => hex(sha256(new TextEncoder().encode(text)));

// step is a line of the reasoning: what it says, the digits, and whether they agree with what was published.
function step(key, values, digits, agrees) {
  const item = document.createElement('li'), text = item.appendChild(document.createElement('span'));
  text.textContent = t(key, values);
  if (digits) Object.assign(item.appendChild(document.createElement('span')), { className: 'code', textContent: digits });
  if (agrees !== undefined) {
    const mark = item.appendChild(document.createElement('strong'));
    mark.className = agrees ? 'agrees' : 'disagrees';
    mark.textContent = `${agrees ? '✓' : '✗'} ${t(agrees ? 'js.agrees' : 'js.disagrees')}`;
  }
  return item;
}

// work works one position out and shows each step; place is {cohort, index, lane}.
function work(place) {
  const { draw } = proof, lane = place.lane ?? 0, inDraw = place.cohort !== 'tail';
  const seedText = `fairseat draw v1\n${proof.event}\n${draw.size}\n${draw.secret}\n${draw.beacon ?? ''}\n`;
  const lanes = draw.lanes.slice(1), own = draw.lanes[lane];
  const position = inDraw ? makeLineup({ ...draw, lanes })(place.index, lane) : draw.size + place.index;
  if (position === undefined || !own) {
    at('answer').hidden = at('rounds').hidden = at('receipt').hidden = true;
    at('steps').replaceChildren(Number.isFinite(place.index)
      ? step('js.no-such-index', { index: number(place.index), size: number(own?.size ?? 0) }) : step('js.not-an-index'));
    return;
  }
  const steps = [step('js.step-secret', {}, digest(draw.secret), digest(draw.secret) === draw.commitment)];
  if (draw.beacon) steps.push(step('js.step-beacon', { round: draw.round }, hex(sha256(unhex(draw.signature))), hex(sha256(unhex(draw.signature))) === draw.beacon));
  steps.push(step('js.step-seed', { size: number(draw.size) }, digest(seedText), digest(seedText) === draw.seed));
  const rounds = [];
  if (inDraw) {
    const seed = lane ? laneSeed(draw.seed, own.name) : draw.seed;
    if (lane) steps.push(step('js.step-lane-seed', { lane: own.name }, seed));
    const j = makeShuffle(seed, own.size)(place.index, (...round) => rounds.push(round));
    steps.push(step('js.step-shuffle', { index: number(place.index), size: number(own.size), position: number(j) }));
    if (lanes.length) steps.push(step('js.step-lanes', { share: own.share, position: number(position) }));
  } else {
    steps.push(step('js.step-tail', { index: number(place.index), size: number(draw.size), position: number(position) }));
  }
  at('steps').replaceChildren(...steps);
  at('answer').textContent = t(inDraw ? 'js.answer' : 'js.answer-tail', { number: number(position + 1), size: number(draw.size) });
  at('rounds').querySelector('tbody').replaceChildren(...rounds.map((cells) => {
    const row = document.createElement('tr');
    for (const cell of cells) Object.assign(row.appendChild(document.createElement('td')), { className: 'number', textContent: cell });
    return row;
  }));
  at('rounds').hidden = !inDraw;
  at('answer').hidden = at('receipt').hidden = false;
  const shell = at('shell');
  if (inDraw && shell) shell.textContent = shell.textContent.replace(/ index=\d+ /, ` index=${place.index} `).replace(/^lane=\d+ /m, `lane=${lane} `);
  at('save').onclick = () => save(proof, { ...place, lane }, position);
}

if (proof.draw) {
  const mine = kept(proof.event);
  at('own').hidden = false;
  at('whose').textContent = t(mine ? 'js.yours-is' : 'js.no-place', { index: mine && number(mine.index) });
  if (mine) {
    at('index').value = mine.index;
    if (at('lane')) at('lane').value = mine.lane ?? 0;
    work(mine);
  }
  at('which').addEventListener('submit', (submit) => {
    submit.preventDefault();
    const index = /^\s*\d+\s*$/.test(at('index').value) ? Number(at('index').value) : NaN, lane = Number(at('lane')?.value ?? 0);
    const same = mine?.index === index && (mine.lane ?? 0) === lane;
    work(same ? mine : { cohort: 'draw', lane, index: Number.isSafeInteger(index) ? index : Infinity });
  });
  at('print').addEventListener('click', () => print());
}

at('whole').hidden = false;
at('whole').addEventListener('click', async ({ target }) => {
  target.disabled = true;
  const said = at('whole-said'), mine = keptHead(proof.event);
  said.hidden = false;
  const found = await checkLog(proof.event, [proof.head, mine].filter(Boolean), (count) => { said.textContent = t('js.log-reading', { count: number(count) }); })
    .catch(() => null);
  said.className = found?.wrong ? 'disagrees' : '';
  if (!found) said.textContent = t('js.log-away');
  else if (found.wrong) said.textContent = t('js.log-wrong', { entry: number(found.wrong) });
  else said.textContent = `${t('js.log-right', { count: number(found.count) })} ${mine ? t('js.log-kept', { entry: number(mine.seq) }) : ''}`;
  target.disabled = false;
});
