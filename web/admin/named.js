// Seats as staff write them, as modules/seating/named.go does: "A-1..A-12, B-3, Balcony, #40..#52".

/**
 * makeNames gives {write(rising seats) → text, whole sections and each row's short; read(text) → {seats, rising, and
 * unknown, the parts that mean nothing}}. What is written is read again, here and by the server.
 */
export function makeNames(plan) {
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
  const meaning = (part) => {
    const single = one(part);
    if (single >= 0) return [single];
    const whole = section(part);
    return whole.length ? whole : between(part);
  };

  const plain = (text) => text !== '' && text.trim() === text && !/[,;\n\r#]|\.\./.test(text);
  const placeName = (n) => {
    const area = plan.areaOf(n), text = area && plain(area.name) ? `${area.name} ${n - area.first + 1}` : '';
    return text && one(text) === n ? text : `#${n}`;
  };
  const name = (n) => (n >= plan.seats ? placeName(n) : plain(plan.label(n)) ? plan.label(n) : `#${n}`);
  /** whole gives the zone all of whose seats begin at seats[i], if its name means those alone. */
  const whole = (seats, i) => {
    const zone = seats[i] < plan.seats ? plan.zones[plan.zoneOf(seats[i])] : undefined;
    if (!zone || plan.rows[zone.from].first !== seats[i] || !plain(zone.name)) return null;
    const last = plan.rows[zone.to - 1], size = last.first + last.size - seats[i];
    if (size < 2 || seats[i + size - 1] !== seats[i] + size - 1) return null;
    return meaning(zone.name).length === size ? { name: zone.name, size } : null;
  };
  return {
    write: (seats) => {
      if (!labels) learn();
      const parts = [], rowOf = (n) => (n < plan.seats ? plan.row[n] : plan.areaOf(n));
      for (let i = 0; i < seats.length;) {
        const zone = whole(seats, i);
        let to = zone ? i + zone.size - 1 : i;
        while (!zone && to + 1 < seats.length && seats[to + 1] === seats[to] + 1 && rowOf(seats[to + 1]) === rowOf(seats[i])) to++;
        if (zone) parts.push(zone.name);
        else if (to - i < 2) for (let j = i; j <= to; j++) parts.push(name(seats[j]));
        else if (name(seats[i]).startsWith('#') || name(seats[to]).startsWith('#')) parts.push(`#${seats[i]}..#${seats[to]}`);
        else parts.push(`${name(seats[i])}..${name(seats[to])}`);
        i = to + 1;
      }
      return parts.join(', ');
    },
    read: (text) => {
      if (!labels) learn();
      const seats = new Set(), unknown = [];
      for (const part of text.replaceAll('…', '..').split(/[,;\n\r]/).map((p) => p.trim()).filter(Boolean)) {
        const some = meaning(part);
        if (!some.length) unknown.push(part);
        for (const n of some) seats.add(n);
      }
      return { seats: [...seats].sort((a, b) => a - b), unknown };
    },
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
