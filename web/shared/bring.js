// Fetching what a page needs later, where a connection may fail or hang.

const had = new Map(); // address → the module, or how often it was asked for

// bring imports a module by its address. By the standard a browser that could not fetch one never tries again under the same
// name; a name with another fragment is another name for the same file.
export async function bring(address) {
  const before = had.get(address) ?? 0;
  if (typeof before !== 'number') return before;
  had.set(address, before + 1);
  const module = await import(before ? `${address}#${before}` : address);
  had.set(address, module);
  return module;
}

// inTime is a promise that gives up after ten seconds.
export const inTime = (promise) => Promise.race([promise, new Promise((_, giveUp) => { setTimeout(giveUp, 10_000, new Error('it does not come')); })]);
