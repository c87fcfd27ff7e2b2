// Seats as staff write them, as modules/seating/named.go does: "A-1..A-12, B-3, Balcony, #40..#52".

/** nameSeats writes rising seats so that readSeats, and the server, read them again: each row's short. */
export function nameSeats(plan, seats) {
  const name = (n) => {
    const label = n < plan.seats ? plan.label(n) : '';
    return label && !/[,;\n\r]|\.\./.test(label) ? label : `#${n}`;
  };
  const parts = [];
  for (let i = 0; i < seats.length;) {
    let to = i;
    const drawn = seats[i] < plan.seats, row = drawn ? plan.row[seats[i]] : -1;
    while (to + 1 < seats.length && seats[to + 1] === seats[to] + 1 && (seats[to + 1] < plan.seats ? plan.row[seats[to + 1]] : -1) === row) to++;
    if (to - i > 1) parts.push(drawn ? `${name(seats[i])}..${name(seats[to])}` : `#${seats[i]}..#${seats[to]}`);
    else for (let j = i; j <= to; j++) parts.push(name(seats[j]));
    i = to + 1;
  }
  return parts.join(', ');
}

/** makeReader gives a function text → {seats (rising), unknown: [part, …]}. */
export function makeReader(plan) {
  let labels = null;
  const learn = () => {
    labels = new Map();
    for (let n = 0; n < plan.seats; n++) {
      const lower = plan.label(n).toLowerCase();
      labels.set(lower, labels.has(lower) ? -1 : n);
    }
    for (let n = 0; n < plan.seats; n++) labels.set(plan.label(n), n);
  };
  const one = (text) => {
    if (/^#\d+$/.test(text)) return Number(text.slice(1)) < plan.size ? Number(text.slice(1)) : -1;
    return labels.get(text) ?? labels.get(text.toLowerCase()) ?? placeOf(plan, text);
  };
  const section = (name) => [
    ...plan.zones.filter((zone) => zone.name === name && zone.from < zone.to).flatMap((zone) => rows(plan, zone.from, zone.to)),
    ...plan.areas.filter((area) => area.name === name).flatMap((area) => count(area.first, area.first + area.capacity - 1)),
  ];
  const between = (part) => {
    const [first, last, more] = part.split('..');
    const a = one(first.trim()), b = one(last?.trim() ?? ''), from = Math.min(a, b), to = Math.max(a, b);
    if (more !== undefined || from < 0) return [];
    if (part.startsWith('#') || (from >= plan.seats && plan.areaOf(from) === plan.areaOf(to))) return count(from, to);
    if (to >= plan.seats) return [];
    const zone = plan.rows[plan.row[a]].zone, label = plan.rows[plan.row[a]].label;
    if (zone !== plan.rows[plan.row[b]].zone) return [];
    // Rows of one name are one row with aisles in it: those between its two ends stand elsewhere.
    const sameRow = label === plan.rows[plan.row[b]].label;
    return count(from, to).filter((n) => !sameRow || plan.rows[plan.row[n]].label === label);
  };
  return (text) => {
    if (!labels) learn();
    const seats = new Set(), unknown = [];
    for (const part of text.replaceAll('…', '..').split(/[,;\n\r]/).map((p) => p.trim()).filter(Boolean)) {
      const single = one(part);
      const some = single >= 0 ? [single] : section(part);
      const found = some.length ? some : between(part);
      if (!found.length) unknown.push(part);
      for (const n of found) seats.add(n);
    }
    return { seats: [...seats].sort((a, b) => a - b), unknown };
  };
}

/** placeOf is the place of an area that "Floor 17" means; -1 for none. */
function placeOf(plan, text) {
  for (const area of plan.areas) {
    const number = text.startsWith(`${area.name} `) ? Number(text.slice(area.name.length + 1)) : 0;
    if (Number.isInteger(number) && number >= 1 && number <= area.capacity) return area.first + number - 1;
  }
  return -1;
}

/** rows are the seats of plan.rows[from..to). */
export function rows(plan, from, to) {
  const out = [];
  for (let r = from; r < to; r++) for (let i = 0; i < plan.rows[r].size; i++) out.push(plan.rows[r].first + i);
  return out;
}

const count = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
