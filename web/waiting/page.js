// The event's page: a door for those without a place, the waiting room for those with one. Message → state → draw.
import { bring, inTime } from '../shared/bring.js';
import { forget, fromLink, join, kept } from '../shared/place.js';
import { learn, plural, t } from '../shared/words.js';
import { door } from './door.js';
import { watch } from './line.js';
import { yours } from './when.js';
import { at, dress, write } from './write.js';

const { event, zone, starts, words, sheet, room: roomScript, join: joinScript } = at('event').dataset;
const state = { now: null, place: kept(event), unseen: null }; // unseen: what the server has not been shown yet, {token, here, at}
let room = null, loading = null, tries = 0;

// load brings the room. What does not come is asked for again with the next look, and at last by beginning anew: one of the
// scripts that the room's own needs may be what the browser no longer tries.
async function load() {
  let module;
  try {
    [module] = await inTime(Promise.all([bring(roomScript), learn(words), dress(sheet)]));
  } catch {
    if (++tries < 3 || !navigator.onLine || !state.place) return;
    address(`#p=${state.place.place}&own`);
    location.reload();
    return;
  }
  room = module.makeRoom(event, zone, () => have(state.place.place, true));
  await draw();
}

async function draw() {
  const { now, place } = state;
  if (place && !room) { // until it works the page stays as it is: what is pressed in there would do nothing
    loading ??= load().finally(() => { loading = null; });
    return undefined;
  }
  document.body.classList.toggle('waiting', Boolean(place));
  at('door').hidden = Boolean(place);
  at('room').hidden = !place;
  if (!now) return undefined;
  if (place) return room.see(now, place);
  const { big, lead, open } = door(now, zone);
  if (!('refunding' in at('door').dataset)) { // that the page knows better
    write(at('door-big'), big);
    if (lead !== undefined) write(at('door-lead'), lead);
  }
  const form = at('join');
  form.hidden = !open && (now.phase === 'ended' || !('early' in form.dataset));
  return undefined;
}

// tellFree says how much is left; after the sale that means nothing to anybody.
function tellFree({ id, free }) {
  const cell = document.querySelector(`[data-free="${CSS.escape(id)}"]`);
  if (cell && state.now.phase === 'ended') cell.textContent = '';
  else if (cell && free !== null) cell.textContent = free ? plural('js.left', free) : t('js.gone');
}

const look = watch(event, {
  see(now) {
    state.now = now;
    if (state.unseen && Date.now() - state.unseen.at > 4000) show();
    now.categories.forEach(tellFree);
    return draw();
  },
  lost(away) {
    const net = at('net');
    net.classList.toggle('good', !away);
    write(net, t({ offline: 'js.offline', silent: 'js.silent' }[away] ?? 'js.online'));
    if (away) return;
    if (state.unseen) show();
    setTimeout(() => net.classList.contains('good') && write(net, ''), 5000);
  },
  after: (now) => (now.phase === 'ended' ? null : room?.after(now) ?? now.poll_after_ms),
  hidden: () => room?.hidden() ?? false,
});

// have takes a place: a new one, or the one of a link or of before, shown to the server, which sets the cookie for the
// pages to come. here: somebody means it to be used on this device from now on. True when it is had, 'asks' when the line
// asks for more than a click.
async function have(token, here) {
  const old = token === state.place?.place;
  let had = false;
  if (token) state.unseen = { token, here, at: Date.now() };
  try {
    Object.assign(state, { place: await join(event, token, here), unseen: null });
    if (here) room?.moved(); // which may have asked before, as a device that only looks on
    if (/[#&]p=/.test(location.hash)) address();
    write(at('refused'), '');
    had = true;
  } catch (problem) {
    const { code, status } = problem;
    if (status === undefined) throw problem; // ours, not the server's
    if (status === 403 || problem.facts.ways) return 'asks';
    if (token && !old && code !== 'bad-place') address(`#p=${token}${here ? '' : '&own'}`); // a page loaded again still has it
    if (code === 'bad-place') {
      state.unseen = null;
      if (old) {
        forget(event);
        state.place = null;
      }
      write(at('refused'), t(old ? 'js.lost-place' : 'js.no-such-place'));
    } else if (!state.place && !['not-yet', 'ended', 'offline'].includes(code)) {
      write(at('refused'), t(code === 'slow-down' ? 'js.slow-down' : 'js.try-again'));
    }
  }
  await draw();
  look();
  return had;
}

const show = () => have(state.unseen.token, state.unseen.here);

// address sets what stands behind the page's address, for itself alone.
function address(hash = '') {
  history.replaceState(null, '', location.pathname + location.search + hash);
}

at('asks').addEventListener('submit', async (submit) => {
  submit.preventDefault();
  const form = submit.target, button = form.querySelector('button');
  button.disabled = true;
  if ('asks' in form.dataset || await have() === 'asks') {
    const module = await inTime(bring(joinScript)).catch(() => null);
    button.disabled = false;
    if (module) await module.send(form, have);
    else if (navigator.onLine) form.submit(); // it works without script too
    else write(at('refused'), t('js.try-again'));
  }
  button.disabled = false;
  if (state.place) at('main').focus();
});
// Another tab joined, or let go.
addEventListener('storage', ({ key }) => {
  if (key !== `fs_place_${event}`) return;
  state.place = kept(event);
  draw();
});

// A link to here, opened where the page is open already.
addEventListener('hashchange', () => /[#&][pcm]=/.test(location.hash) && location.reload());

if (starts) write(at('yours'), yours(starts, zone));
// An access code that came by a link stands in the form.
const field = at('join-access'), code = fromLink('c');
if (code && field) field.value = code;
else if (code) write(at('refused'), t('js.no-codes'));
const own = location.hash.endsWith('&own'), given = fromLink('p'), pass = fromLink('m'), mine = state.place?.place;
// Somebody else's link must not take one's own place away unasked.
const token = given && (!mine || given === mine || confirm(t('js.other-place'))) ? given : mine;
if (token) have(token, token === given && !own);
else if (pass) inTime(bring(joinScript)).then(({ present }) => present(event, pass, have)).catch(() => write(at('refused'), t('js.try-again')));
