// The live map: a socket that says what every seat is and what happens to one's own. It comes back by itself, with
// jitter, from where it was; it is closed while nobody looks, so that a forgotten tab keeps no place in the sale.
import { api, ask } from './api.js';

const first = 500, longest = 15_000; // ms before it is tried again
const pollFrom = 3; // failures after which the map is asked for instead: some networks let no socket through

/**
 * watch opens the live map of an event, from a version one already has (-1 for none), and gives {close}.
 * on: snapshot(base64, version, due) · delta([[n, state], …], version, due), where due is [[n, seconds since 1970], …]: about when held
 * seats may come back; a held seat of a frame that is not named there has no such moment · hold({seats, expires_at}) · expired([n, …]) ·
 * order({id, status, slow, safe_until}), slow when a bank does not answer · lost() and back(), once each way · out(reason), when one is no longer inside: nothing
 * follows, unless it gives true for somebody who is inside again. path is where the map is told to whom else may watch.
 */
export function watch(event, since, on, path = api(event, '/live')) {
  const address = new URL(path, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const stop = new AbortController();
  let socket = null, version = since, failures = 0, timer = 0, lost = false, reason = '';

  const open = () => {
    clearTimeout(timer);
    if (socket || document.hidden || stop.signal.aborted) return;
    address.search = version >= 0 ? `?since=${version}` : '';
    socket = new WebSocket(address, 'fairseat.live.v1');
    socket.onopen = () => { failures = 0; said(false); };
    socket.onmessage = ({ data }) => hear(JSON.parse(data));
    socket.onclose = ({ code }) => {
      socket = null;
      if (code === 4001) return end(reason);
      later(code === 1012 ? Math.random() * 1000 : undefined); // a restarting server is back soon, but not for all at once
    };
  };
  const drop = () => {
    if (!socket) return;
    socket.onclose = socket.onmessage = null;
    socket.close();
    socket = null;
  };

  const hear = (frame) => {
    switch (frame.t) {
      case 'snapshot':
        version = frame.v;
        return on.snapshot(frame.s, frame.v, frame.due ?? []);
      case 'delta':
        // Something was missed: the next connection brings the whole map.
        if (frame.p !== version) {
          version = -1;
          drop();
          return open();
        }
        version = frame.v;
        return on.delta(frame.c, frame.v, frame.due ?? []);
      case 'bye':
        reason = frame.reason;
        return undefined;
      default:
        return on[frame.t]?.(frame.t === 'expired' ? frame.seats : frame);
    }
  };

  const later = (wait = Math.min(longest, first * 2 ** failures) * (0.5 + Math.random() / 2)) => {
    failures++;
    // One short break is nobody's worry.
    if (failures > 1) said(true);
    if (failures >= pollFrom) poll();
    clearTimeout(timer);
    timer = setTimeout(open, wait);
  };
  const poll = async () => {
    try {
      const seats = await ask('GET', api(event, '/seats'), undefined, { signal: stop.signal });
      if (seats.version > version) on.snapshot(seats.status, version = seats.version, seats.due ?? []);
      said(false);
    } catch { /* it is tried again with the next connection */ }
  };
  const said = (now) => {
    if (now !== lost) on[now ? 'lost' : 'back']?.();
    lost = now;
  };
  const end = async (why) => {
    clearTimeout(timer);
    let again = true; // where the line cannot be asked, the next connection tells
    try { again = await on.out?.(why); } catch { /* tried again */ }
    if (!again) return close();
    if (!stop.signal.aborted) later(1000 + Math.random() * 1000); // not in a rush, should it happen again
  };
  const close = () => {
    stop.abort();
    clearTimeout(timer);
    drop();
  };

  const listen = (target, name, act) => target.addEventListener(name, act, { signal: stop.signal });
  listen(document, 'visibilitychange', () => (document.hidden ? (clearTimeout(timer), drop()) : open()));
  listen(window, 'pagehide', drop);
  listen(window, 'pageshow', open);
  listen(window, 'online', () => { failures = 0; open(); });
  listen(window, 'offline', () => { drop(); failures++; said(true); later(); });
  open();
  return { close };
}
