// Joining a line that asks for something. The steps are the server's own forms, put in place one after the other; what a
// challenge asks for is worked out meanwhile. Loaded when it is needed.
import { device } from '../shared/place.js';
import { t } from '../shared/words.js';
import { at, write } from './write.js';

let worker = null;

// send sends one step, and shows the next or calls done.
export async function send(form, done) {
  worker?.terminate();
  if (at('refused')) write(at('refused'), '');
  const buttons = form.querySelectorAll('button');
  buttons.forEach((button) => { button.disabled = true; });
  try {
    const answer = await fetch(form.action, {
      method: 'POST', redirect: 'manual', headers: { Accept: 'text/html', 'Fairseat-Device': device() }, body: new URLSearchParams(new FormData(form)),
    });
    if (answer.type === 'opaqueredirect') return await done();
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('asks');
    if (!next) throw new Error('no step'); // we cannot answer right now
    at('asks').replaceChildren(...next.childNodes);
    begin(done);
  } catch {
    if (at('refused')) write(at('refused'), t('js.try-again'));
    else form.submit(); // the page alone has no words for it; its problem has
  } finally {
    buttons.forEach((button) => { button.disabled = false; });
  }
  return undefined;
}

// present joins by the pass of a mail's link, which stands for the digits of the mail.
export function present(event, pass, done) {
  const form = Object.assign(document.createElement('form'), { action: `/events/${encodeURIComponent(event)}/join` });
  form.append(Object.assign(document.createElement('input'), { name: 'code', value: pass }));
  return send(form, done);
}

// begin takes up the step that stands there: the focus goes to what is next, and a challenge is worked on.
export function begin(done) {
  const work = at('work');
  if (work) solve(work, done);
  (at('asks').querySelector('[aria-invalid]') ?? at('asks').querySelector('[data-focus]') ?? at('asks').querySelector('input:not([type=hidden])'))?.focus();
}

function solve(work, done) {
  const challenge = JSON.parse(work.dataset.challenge);
  const give = () => {
    worker.terminate();
    work.hidden = true;
    at('work-failed').hidden = false;
    at('join-email').focus();
  };
  work.hidden = false;
  worker = new Worker(work.dataset.worker, { type: 'module' });
  worker.onerror = give;
  worker.onmessage = ({ data }) => {
    at('tried').value = 1000 * Math.min(1, data.tried / challenge.maxnumber);
    if (data.number === undefined) return;
    if (data.number === null) {
      give();
      return;
    }
    const { algorithm, challenge: hash, salt, signature } = challenge;
    at('proven').elements.proof.value = btoa(JSON.stringify({ algorithm, challenge: hash, number: data.number, salt, signature, took: data.took }));
    send(at('proven'), done);
  };
  worker.postMessage(challenge);
  at('stop').addEventListener('click', give);
}
