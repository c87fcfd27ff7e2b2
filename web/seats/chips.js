// The chips: which prices one wants to see, and whether a wheelchair place must be among the seats.

/**
 * makeChips gives {chosen(), accessible()}: a Set of category indexes or null for all, and a boolean. hues as huesOf gives
 * them; changed() is called after every press.
 */
export function makeChips(plan, hues, changed) {
  const chosen = new Set(), wheel = document.getElementById('wheel');
  let accessible = false;
  const index = new Map(plan.categories.map((category, i) => [category.id, i]));

  for (const chip of document.querySelectorAll('.chip[data-category]')) {
    const category = index.get(chip.dataset.category), { hue, notches } = hues[category] ?? { hue: 0, notches: 0 };
    chip.classList.add(`hue-${hue}`);
    if (notches) chip.classList.add(`notch-${Math.min(2, notches)}`);
    if (category === undefined) continue;
    chip.addEventListener('click', () => {
      if (!chosen.delete(category)) chosen.add(category);
      chip.setAttribute('aria-pressed', String(chosen.has(category)));
      changed();
    });
  }
  wheel.hidden = !plan.accessible.size;
  wheel.addEventListener('click', () => {
    accessible = !accessible;
    wheel.setAttribute('aria-pressed', String(accessible));
    changed();
  });
  return { chosen: () => (chosen.size ? chosen : null), accessible: () => accessible };
}
