// Help with the form of an event: the address a name suggests, what a time is elsewhere, how the colour will look. The
// form says all that matters without it.
import { wallClock } from './wallclock.js';

const field = (name) => document.getElementById(name);

// The address follows the name until somebody writes one.
const slug = field('slug');
if (slug) {
  let own = slug.value !== '';
  const shown = () => { field('slug-shown').textContent = slug.value || '…'; };
  slug.addEventListener('input', () => { own = slug.value !== ''; shown(); });
  field('name').addEventListener('input', () => {
    if (own) return;
    const plain = field('name').value.toLowerCase().replaceAll('ß', 'ss').replace(/ä|ö|ü/g, (c) => ({ ä: 'ae', ö: 'oe', ü: 'ue' })[c]);
    slug.value = plain.normalize('NFD').replace(/\p{M}/gu, '').replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60).replace(/-+$/, '');
    shown();
  });
}

function sayTimes() {
  const zone = field('timezone').value.trim();
  for (const hint of document.querySelectorAll('[data-said]')) {
    hint.dataset.empty ??= hint.textContent.startsWith('That is') ? '' : hint.textContent;
    const local = field(hint.dataset.said).value;
    let said = hint.dataset.empty;
    if (local && zone) {
      try {
        const at = wallClock(local, zone);
        const clock = (timeZone) => new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' }).format(at);
        const city = zone.split('/').at(-1).replaceAll('_', ' ');
        said = Number.isNaN(at) ? 'That hour does not exist on that day: the clocks go forward.'
          : zone === 'UTC' ? `That is ${clock('UTC')} UTC.` : `That is ${clock(zone)} in ${city}, ${clock('UTC')} UTC.`;
      } catch { said = 'This time zone is not known.'; }
    }
    hint.textContent = said;
  }
}
for (const name of ['timezone', 'opens_at', 'starts_at', 'closes_at']) field(name).addEventListener('input', sayTimes);
sayTimes();

// The server makes the colour readable; its own style sheet for this colour says what became of it.
async function sayColour() {
  const chosen = field('accent').value;
  const answer = await fetch(`/assets/accent-${chosen.slice(1)}.css`).catch(() => null);
  const found = answer?.ok ? [...(await answer.text()).matchAll(/--accent: (#\w{6}); --on-accent: (#\w{6})/g)] : [];
  if (found.length !== 2 || field('accent').value !== chosen) return;
  document.querySelectorAll('#accents .sample').forEach((sample, i) => {
    [, sample.style.background, sample.style.color] = found[i];
  });
  const [light, dark] = [found[0][1], found[1][1]];
  field('accent-said').textContent = light === chosen && dark === chosen ? 'Your colour reads well as it is.'
    : light === chosen ? 'Your colour reads well on light pages; dark ones use a lighter tone.'
      : dark === chosen ? 'Your colour reads well on dark pages; light ones use a darker tone.'
        : 'Buttons and links use these tones of it, so that everyone can read them.';
  field('accents').hidden = false;
}
field('accent').addEventListener('input', sayColour);
sayColour();

// Without a waiting room there is no pace to set.
const pace = field('pace');
if (pace) {
  const rooms = document.querySelectorAll('[name=waiting_room]');
  const show = () => { pace.hidden = document.querySelector('[name=waiting_room]:checked')?.value === 'no'; };
  rooms.forEach((choice) => choice.addEventListener('change', show));
  show();
}

// An area sold as a category of the room has no price of its own.
for (const choice of document.querySelectorAll('[name^=sold_as_]')) {
  const own = field(`area_price_${choice.name.slice(8)}`).closest('.field');
  const show = () => { own.hidden = choice.value !== ''; };
  choice.addEventListener('change', show);
  show();
}
