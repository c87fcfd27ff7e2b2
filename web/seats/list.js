// The map in words: section › row › seat, over the same states, for keyboards, screen readers and whoever likes lists.
// A section's rows are built when it is opened, in a large section the seats of a row when that is opened; inside a
// section one seat is a tab stop and the arrows move.
import { plural, t } from '../shared/words.js';
import { makeRows } from './listrow.js';
import { announce } from './notes.js';
import { areaName, say, sectionName } from './say.js';
import { areaSays, tellWords } from './standing.js';
import { FREE, freeIn } from './state.js';

const large = 600; // seats of a section from which its rows are opened one by one
const rest = 15_000; // ms between two sentences about what others do

/**
 * createList builds into an element, from room and party. on: pick(n), a seat that was pressed · hold([n, …]), seats side by side ·
 * look(n), one that has focus · area(area), a standing area · tell(area), one that is full · size(), the party. gives {update(seats | undefined), filter(chosen, accessible)}:
 * chosen a Set of category indexes or null.
 */
export function createList(element, room, party, on) {
  const { plan, states } = room, sections = [];
  const want = { only: null, accessible: false, free: false };
  const rows = makeRows(element, room, party, want, on);
  let said = 0; // when something was last said about what others do

  const build = (section) => {
    const { zone, body } = section;
    const first = plan.rows[zone.from]?.first ?? 0, last = plan.rows[zone.to - 1], seats = last ? last.first + last.size - first : 0;
    const here = plan.rows.slice(zone.from, zone.to), called = new Map();
    for (const { label } of here) called.set(label, (called.get(label) ?? 0) + 1);
    section.rows = here.map(({ label }, i) => rows.make(zone.from + i, seats > large, called.get(label) > 1));
    body.append(...section.areas.map((line) => line.element), ...section.rows.map((row) => row.element));
    section.rows[0]?.stop();
    for (const row of section.rows) row.update();
    section.built = true;
  };
  const open = (section, yes) => {
    section.head.setAttribute('aria-expanded', String(yes));
    if (yes && !section.built) build(section);
    section.body.hidden = !yes;
  };
  const areaLine = (area) => {
    const line = document.createElement('div'), name = Object.assign(document.createElement('bdi'), { textContent: areaName(area) });
    const left = Object.assign(document.createElement('span'), { className: 'soft number' }), ask = Object.assign(document.createElement('button'), { type: 'button', className: 'quiet' });
    line.className = 'list-area';
    ask.addEventListener('click', () => (tellWords(room, area) ? on.tell(area) : on.area(area)));
    line.append(name, left, ask);
    return {
      element: line, area,
      update: () => {
        left.textContent = areaSays(room, area);
        line.hidden = Boolean(want.accessible || want.only && !want.only.has(area.category));
        const tell = tellWords(room, area);
        ask.textContent = tell || t('js.how-many');
        ask.setAttribute('aria-label', tell ? `${tell}: ${areaName(area)}` : t('js.how-many-in', { area: areaName(area) }));
        ask.disabled = !tell && freeIn(states, area) === 0;
      },
    };
  };
  const free = (section) => {
    let count = 0;
    for (const { area, element: line } of section.areas) if (!line.hidden) count += freeIn(states, area);
    for (let n = section.first; n < section.end; n++) if (states[n] === FREE && rows.wanted(n)) count++;
    return count;
  };
  const count = (section) => {
    for (const line of section.areas) line.update();
    section.free = free(section);
    section.left.textContent = section.free ? plural('js.free-seats', section.free) : t('js.none-free');
    section.title.hidden = want.free && !section.free;
  };

  const tools = document.createElement('div'), only = Object.assign(document.createElement('button'), { type: 'button', className: 'chip', textContent: t('js.only-free') });
  tools.className = 'list-tools';
  tools.append(only);
  only.setAttribute('aria-pressed', 'false');
  only.addEventListener('click', () => {
    want.free = !want.free;
    only.setAttribute('aria-pressed', String(want.free));
    redraw();
  });

  plan.zones.forEach((zone, i) => {
    const here = plan.areas.filter((area) => area.zone === i);
    if (zone.from === zone.to && !here.length) return;
    const title = document.createElement('h2'), head = Object.assign(document.createElement('button'), { type: 'button', className: 'list-head' });
    const left = Object.assign(document.createElement('span'), { className: 'soft' }), body = document.createElement('div');
    head.append(Object.assign(document.createElement('bdi'), { textContent: zone.from === zone.to && !zone.name ? t('js.no-seats') : sectionName(plan, i) }), left);
    title.append(head);
    body.id = `section-${i}`;
    body.className = 'list-body';
    head.setAttribute('aria-controls', body.id);
    const last = plan.rows[zone.to - 1], first = zone.to > zone.from ? plan.rows[zone.from].first : 0;
    const section = { zone, title, head, left, body, first, end: zone.to > zone.from ? last.first + last.size : 0, areas: here.map(areaLine), rows: [], built: false, free: 0 };
    head.addEventListener('click', () => open(section, body.hidden));
    element.append(title, body);
    sections.push(section);
  });
  if (plan.seats > 0) element.prepend(tools);

  const redraw = () => {
    element.classList.toggle('only-free', want.free);
    for (const section of sections) {
      for (const row of section.rows) row.update();
      count(section);
    }
  };
  /** tell says what others do: at once about the seat in focus, and now and then how much is left where somebody reads. */
  const tell = (seats, before) => {
    const at = document.activeElement, n = Number(at?.dataset.n);
    if (!element.contains(at)) return;
    if (at.matches('.list-seat') && seats.includes(n) && !room.basket.has(n) && !room.basket.asking.has(n)) {
      said = performance.now();
      return announce(say(room, n));
    }
    const i = sections.findIndex((section) => section.body.contains(at));
    if (i < 0 || sections[i].free === before[i] || performance.now() - said < rest) return;
    said = performance.now();
    announce(t('js.left-in', { left: sections[i].left.textContent, section: sections[i].head.querySelector('bdi').textContent }));
  };
  for (const section of sections) open(section, sections.length === 1);

  return {
    /** update shows new states, of these seats or of all. */
    update: (seats) => {
      if (element.hidden) return undefined; // whoever opens the list calls filter, which draws all of it
      if (!seats) return redraw();
      const before = sections.map((section) => section.free);
      rows.update(seats);
      for (const section of sections) count(section);
      return tell(seats, before);
    },
    filter: (chosen, accessible) => {
      Object.assign(want, { only: chosen, accessible });
      redraw();
    },
  };
}
