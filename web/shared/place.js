// A place in line lives three times: in the cookie that requests carry, in this browser's storage, and in a private
// link. Where storage is shut (private mode), the cookie alone does.
import { api, ask } from './api.js';

const name = (event) => `fs_place_${event}`;

// kept is what joining answered: {place, cohort, index, joined_at}, or null.
export function kept(event) {
  try {
    return JSON.parse(localStorage.getItem(name(event)));
  } catch {
    return null;
  }
}

// keep remembers a place on this device.
export function keep(event, place) {
  try {
    localStorage.setItem(name(event), JSON.stringify(place));
  } catch { /* the cookie has it */ }
  return place;
}

// forget lets go of a place that the server refuses.
export function forget(event) {
  try {
    localStorage.removeItem(name(event));
  } catch { /* nothing was kept */ }
}

// join gives the place one has, or a new one; either way the cookie is set. token is a place from elsewhere; here says that
// it is to be used on this device from now on, and on the others no more.
export async function join(event, token, here = false) {
  return keep(event, await ask('POST', api(event, '/queue'), {}, { place: token, device: here ? device() : undefined }));
}

let id = '';

// device is this browser's own random name: the last device that acts for a place is the one that may enter.
export function device() {
  if (id) return id;
  id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, '0')).join('');
  try {
    id = localStorage.getItem('fs_device') ?? id;
    localStorage.setItem('fs_device', id);
  } catch { /* for as long as the page is open */ }
  return id;
}

// fromLink takes what a private link carries under a name, #p=… for a place, out of the address bar and history too.
export function fromLink(name) {
  const token = new URLSearchParams(location.hash.slice(1)).get(name);
  if (token) history.replaceState(null, '', location.pathname + location.search);
  return token;
}

// link is the private link that opens this place on another device.
export const link = (event, place) => `${location.origin}/events/${encodeURIComponent(event)}#p=${place}`;
