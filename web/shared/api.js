// The one place that speaks to the API: JSON both ways, problems as errors.
import { hearAnswer } from './clock.js';

// Problem is a refusal: code and facts of its problem document, detail in words for a person. status 0 with code
// "offline" is a request that reached nobody.
export class Problem extends Error {
  constructor(status, facts, retryAfter = 0) {
    super(facts.detail ?? facts.code);
    Object.assign(this, { status, code: facts.code, detail: facts.detail, facts, retryAfter });
  }
}

// ask sends one request and gives its JSON (null for 204), or throws a Problem. place is a token to send as Bearer where
// the cookie may be missing, device says which device acts, csrf is the word of a signed-in page; answered hears the
// answer's headers; fresh takes no answer that this browser has kept.
export async function ask(method, path, body, { place, device, key, csrf, signal, answered, fresh } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (place) headers.Authorization = `Bearer ${place}`;
  if (device) headers['Fairseat-Device'] = device;
  if (key) headers['Idempotency-Key'] = key;
  if (csrf) headers['X-CSRF-Token'] = csrf;
  let response;
  try {
    response = await fetch(path, { method, headers, signal, cache: fresh ? 'no-cache' : 'default', body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, { code: 'offline' });
  }
  hearAnswer(response);
  answered?.(response);
  if (response.status === 204) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Problem(response.status, { code: 'busy', ...answer }, Number(response.headers.get('Retry-After') ?? 0));
  }
  return answer;
}

// api is the address of a part of one event.
export const api = (event, rest = '') => `/api/v1/events/${encodeURIComponent(event)}${rest}`;
