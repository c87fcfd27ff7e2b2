// A private link carries the order's token in its fragment, which no server sees. Shown once as Bearer it becomes this
// browser's cookie; then the page is asked for again, without it.
const token = new URLSearchParams(location.hash.slice(1)).get('t');
if (token) {
  const id = location.pathname.split('/').pop();
  const answer = await fetch(`/api/v1/orders/${encodeURIComponent(id)}`, { headers: { Authorization: `Bearer ${token}` } });
  if (answer.ok) location.replace(location.pathname);
}
