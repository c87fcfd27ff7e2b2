// Whoever is at the desk may be signed out while a page is open: after half a day, or in another tab. The page stays as it
// is, with all that was chosen and typed, and goes on when somebody has signed in again, in another tab.
import { ask } from '../shared/api.js';
import { watch } from '../shared/live.js';

const notice = document.querySelector('[data-signed-out]'), fields = document.getElementsByName('csrf');
let waiting = []; // for somebody to be signed in again

/** staff is the API's address of a part of one event. */
export const staff = (event, rest) => `/api/v1/admin/events/${encodeURIComponent(event)}${rest}`;

/** desk is ask as whoever is signed in now: one who came back has another csrf than the page was made with. */
export async function desk(method, path, body, options) {
  const once = () => ask(method, path, body, { csrf: fields[0].value, ...options });
  try {
    return heard(await once().catch(async (problem) => {
      if (problem.code !== 'not-allowed' || !await renewed()) throw problem;
      return once(); // what is refused so has done nothing
    }));
  } catch (problem) {
    if (problem.status === 401) notice.hidden = false;
    throw problem;
  }
}

function heard(answer) {
  if (!notice.hidden) renewed().catch(() => {}); // for the forms that the browser sends by itself
  notice.hidden = true;
  for (const go of waiting) go(true);
  waiting = [];
  return answer;
}

/** renewed puts the csrf of the session that is open now into every form, and tells whether it is another. */
async function renewed() {
  const { csrf } = await ask('GET', '/api/v1/admin/session');
  const other = csrf !== fields[0].value;
  for (const field of fields) field.value = csrf;
  return other;
}

/** watchDesk is watch for staff; signed out, it waits until they are back. */
export const watchDesk = (event, since, on) => watch(event, since, {
  ...on,
  out: () => {
    notice.hidden = false;
    return new Promise((go) => { waiting.push(go); });
  },
}, staff(event, '/live'));

/** signedOut says in a place of one's own that nothing happened, with the way back. */
export const signedOut = () => ['You were signed out, and nothing happened. What you chose and typed is still here: ',
  Object.assign(document.createElement('a'), { textContent: 'sign in in another tab', href: '/admin/session', target: '_blank', rel: 'noopener' }), ', then try again.'];
