// A code that opens seats: what stands by their price, the field for it, and what the server says.
import { Problem, api, ask } from '../shared/api.js';
import { number, t } from '../shared/words.js';
import { announce } from './notes.js';

const $ = (id) => document.getElementById(id);
const said = ['unknown', 'not-yet', 'over', 'used-up'];

/** lockedOf are the categories of the plan, by index, that are open to this place with a code alone. */
export function lockedOf(plan, event, basket) {
  const locked = event.categories.filter((c) => c.locked && !basket.unlocked?.includes(c.id)).map((c) => c.id);
  return new Set(plan.categories.flatMap((c, i) => (locked.includes(c.id) ? [i] : [])));
}

/**
 * makeCode gives {show(), shut(ids)}: the first brings the field into sight, the second says that categories are not open after
 * all. room.locked is what lockedOf gave, and loses what a code opens; changed() is called after.
 */
export function makeCode(event, room, changed) {
  const box = $('code'), form = $('code-form'), field = $('code-typed');
  const marks = () => {
    for (const mark of document.querySelectorAll('[data-locked]')) mark.hidden = !room.locked.has(room.plan.categories.findIndex((c) => c.id === mark.dataset.locked));
  };
  const say = (text, bad) => {
    $('code-said').textContent = text;
    $('code-said').classList.toggle('error', bad);
    field.toggleAttribute('aria-invalid', bad);
    announce(text);
  };
  const refused = (problem) => {
    if (said.includes(problem.facts.reason)) return t(`js.code-${problem.facts.reason}`);
    if (problem.code === 'hold-expired') return t('js.code-no-seats');
    if (problem.code === 'slow-down') return t('js.slow-down', { seconds: number(Math.max(1, Math.ceil(problem.retryAfter))) });
    return problem.status === 0 ? t('js.offline') : problem.detail ?? t('js.busy');
  };
  form?.addEventListener('submit', async (e) => {
    e.preventDefault();
    const code = field.value.trim();
    if (!code || form.getAttribute('aria-busy')) return;
    form.setAttribute('aria-busy', 'true');
    try {
      const { unlocked = [] } = await ask('POST', api(event.slug, '/promo'), { code });
      const opened = room.plan.categories.filter((c) => unlocked.includes(c.id));
      opened.forEach((c) => room.locked.delete(room.plan.categories.indexOf(c)));
      say(opened.length ? t('js.code-opens', { names: opened.map((c) => c.name).join(', ') }) : t('js.code-no-seats'), !opened.length);
      marks();
      changed();
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      say(refused(problem), true);
    } finally {
      form.removeAttribute('aria-busy');
    }
  });
  marks();
  return {
    show: () => {
      if (!box) return;
      box.open = true;
      field.focus({ preventScroll: true });
      box.scrollIntoView({ block: 'nearest' });
    },
    shut: (ids = []) => {
      room.plan.categories.forEach((c, i) => ids.includes(c.id) && room.locked.add(i));
      marks();
      changed();
    },
  };
}
