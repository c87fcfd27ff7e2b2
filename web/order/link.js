// A private link carries the order's token in its fragment, which no server sees. Shown once as Bearer it becomes this
// browser's cookie; then the page is asked for again, without it.
import { ask } from '../shared/api.js';

async function use() {
  const token = new URLSearchParams(location.hash.slice(1)).get('t');
  if (!token) return;
  const id = location.pathname.split('/').pop();
  try {
    await ask('GET', `/api/v1/orders/${encodeURIComponent(id)}`, undefined, { place: token });
    location.replace(location.pathname);
  } catch { /* not a token of ours: the page says what else there is */ }
}

addEventListener('hashchange', use); // a link pasted over this very page
use();
