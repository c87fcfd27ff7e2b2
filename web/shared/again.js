// A page whose scripts did not all come, in a crowd or a tunnel, stands there as if it worked. So it begins anew: within
// seconds, later less often, when the connection is back; and never before the server answers, for half a page is better
// than a browser's own error.
(() => {
  const key = 'fs_again'; // how often this tab has
  let failed = false, tries = 0, timer = 0;
  const remember = (n) => {
    try {
      if (n === 0) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, n);
    } catch { /* then it does not slow down */ }
  };
  try { tries = Number(sessionStorage.getItem(key)); } catch { /* as above */ }

  const later = () => { timer = setTimeout(again, Math.min(300_000, 4000 * 2 ** tries) * (0.85 + 0.3 * Math.random())); };
  async function again() {
    clearTimeout(timer);
    remember(++tries);
    const answer = await fetch(location.href, { cache: 'no-store' }).catch(() => null);
    if (answer?.ok) location.reload();
    else later();
  }

  addEventListener('error', ({ target }) => {
    if (failed || target?.tagName !== 'SCRIPT') return;
    failed = true;
    addEventListener('online', again);
    later();
  }, true);
  addEventListener('load', () => failed || remember(0));
})();
