// Taking one's place along: the private link as a text, as a code for a phone's camera, and by mail.
import { api, ask } from '../shared/api.js';
import { link } from '../shared/place.js';
import { t } from '../shared/words.js';
import { at, write } from './write.js';

// makeHand gives hand(kind, place): which state the line is in, and whose place it is about.
export function makeHand(event) {
  const field = at('address'), form = field.form, button = form.querySelector('button'), mail = at('mail');
  let place = null, drawn = '', returns = false;

  at('copy').textContent = t(navigator.share ? 'room.share' : 'room.copy');
  at('copy').addEventListener('click', () => copy(link(event, place.place)));

  // Fetched and not named as the source: where cookies are shut the link still is this place's.
  const draw = async () => {
    if (!at('hand').open || drawn === place?.place) return;
    const token = drawn = place.place;
    try {
      const answer = await fetch(`/events/${encodeURIComponent(event)}/place/qr.svg`, { headers: { Authorization: `Bearer ${token}` } });
      if (!answer.ok || answer.redirected) throw new Error(`code: ${answer.status}`);
      at('qr').src = `data:image/svg+xml,${encodeURIComponent(await answer.text())}`;
      at('qr').hidden = false;
    } catch { // opened again, it is tried again
      drawn = '';
    }
  };
  at('hand').addEventListener('toggle', draw);

  form.addEventListener('submit', async (submit) => {
    submit.preventDefault();
    button.disabled = true;
    let said;
    try {
      await ask('POST', api(event, '/queue'), { email: field.value.trim() }, { place: place.place });
      said = t('room.mailed', { address: field.value.trim() });
    } catch (problem) {
      if (problem.status === undefined) throw problem; // ours, not the server's
      const known = { 'bad-field': t('room.mail-bad'), 'slow-down': t('room.mail-slow') };
      said = known[problem.code] ?? problem.detail ?? t('js.try-again');
    }
    button.disabled = false;
    write(at('mailed'), said);
  });

  return (kind, whose) => {
    place = whose;
    draw();
    const now = kind === 'sold-out' || kind === 'returning';
    if (now === returns) return;
    returns = now; // nobody need stay for a seat that may come back: the address is asked for in sight
    if (now) mail.open = true;
    write(mail.querySelector('summary'), t(now ? 'room.mail-returns' : 'room.mail-open'));
  };
}

// copy gives the link away by whatever way this browser has: its own sheet, the clipboard, or to be copied by hand.
async function copy(address) {
  const button = at('copy'), field = at('link');
  try {
    if (navigator.share) return await navigator.share({ url: address });
    await navigator.clipboard.writeText(address);
    button.textContent = t('room.copied');
  } catch (error) {
    if (error.name === 'AbortError') return undefined;
    Object.assign(field, { hidden: false, value: address });
    field.select();
  }
  return undefined;
}
