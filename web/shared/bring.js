const had = new Map(); // address → the module, or how often it was asked for

// bring imports a module by its address, or throws after ten seconds. By the standard a browser that could not fetch one
// never tries again under the same name; a name with another fragment is another name for the same file.
export async function bring(address) {
  const before = had.get(address) ?? 0;
  if (typeof before !== 'number') return before;
  had.set(address, before + 1);
  const late = new Promise((_, give) => { setTimeout(give, 10_000, new Error(`${address} does not come`)); });
  const module = await Promise.race([import(before ? `${address}#${before}` : address), late]);
  had.set(address, module);
  return module;
}
