// The plan as it travels: FSP1, columns of second-order deltas; modules/seating/plan/fsp1.go describes the layout.
//
// A Plan is {version, width, height, pitch, categories: [{id, name, color}], zones, rows, seats, size, areas, x, y,
// category, row, accessible, companionOf, noteOf}. The drawn seats are 0..seats-1; the places of areas on sale follow up
// to size-1. Seats are columns indexed by seat number n: x and y in plan px, category and row as indexes; a place of an
// area has a category alone. A zone is {name, areas, from, to}, its rows being rows[from..to); a row is {label, zone,
// first, size, table}, table where the seats stand round one. areas lists those on sale: {first, capacity, category (an
// index), zone, label (where it is not the name), …what was drawn}. noteOf says what is special about the view from a seat.
const text = new TextDecoder();

/** decodePlan reads the bytes of …/plan/{version}.bin; it throws when they are not a whole FSP1 file. */
export function decodePlan(bytes) {
  const file = reader(new Uint8Array(bytes));
  if (file.text() !== 'FSP1') throw new Error('not an FSP1 plan');
  const head = JSON.parse(file.text());
  const rowCount = file.count();
  const sizes = Array.from({ length: 5 }, file.count);
  const [rowsAt, xs, ys, categories, numbers] = sizes.map((size) => reader(file.take(size)));

  const zones = head.z.map((z) => ({ name: z.name, areas: z.areas ?? [], from: 0, to: 0 }));
  const rows = [];
  let size = 0, zone = 0;
  for (let i = 0; i < rowCount; i++) {
    const step = rowsAt.count();
    if (step || i === 0) zones[zone + step].from = i;
    zone += step;
    const row = { label: head.s[rowsAt.count()], zone, first: size, size: rowsAt.count(), table: false };
    size += row.size;
    zones[zone].to = i + 1;
    rows.push(row);
  }
  for (const row of head.t ?? []) if (rows[row]) rows[row].table = true;
  const plan = {
    version: head.v, width: head.w, height: head.h, pitch: head.p, categories: head.c, zones, rows, seats: size,
    areas: areasOnSale(zones, head.c),
    x: positions(xs, rows, size, head.q), y: positions(ys, rows, size, head.q), row: new Uint32Array(size),
    accessible: new Set(), companionOf: new Map(head.m ?? []),
    noteOf: new Map((head.o ?? []).map(([n, note]) => [n, head.s[note]])),
  };
  plan.size = plan.areas.reduce((most, area) => Math.max(most, area.first + area.capacity), size);
  plan.category = new Uint8Array(plan.size);
  plan.category.set(runs(categories, size));
  for (const area of plan.areas) plan.category.fill(area.category, area.first, area.first + area.capacity);
  rows.forEach((row, i) => plan.row.fill(i, row.first, row.first + row.size));
  let n = 0;
  for (const step of head.a ?? []) plan.accessible.add(n += step);
  const numberOf = readNumbers(numbers, rows, head.s);
  const rules = new Map((head.l ?? []).map(([row, before, after]) => [row, [head.s[before], head.s[after]]]));

  /** areaOf is the area on sale that a place belongs to, undefined for a drawn seat. */
  plan.areaOf = (place) => (place < size ? undefined : plan.areas.find((area) => place >= area.first && place < area.first + area.capacity));
  /** zoneOf is the index of the zone that a seat or a place is in. */
  plan.zoneOf = (place) => (place < size ? rows[plan.row[place]].zone : plan.areaOf(place)?.zone ?? 0);
  /** number is the last part of a label, as it stands on the seat: "12". */
  plan.number = (seat) => (seat < size ? numberOf[plan.row[seat]](seat - rows[plan.row[seat]].first) : '');
  /** label is what the usher reads: "A-12"; the places of an area all bear its name. */
  plan.label = (seat) => {
    if (seat >= size) return plan.areaOf(seat)?.name ?? '';
    const odd = head.x?.[seat];
    if (odd !== undefined) return odd;
    const { label } = rows[plan.row[seat]];
    const [before, after] = rules.get(plan.row[seat]) ?? [label && `${label}-`, ''];
    return before + plan.number(seat) + after;
  };
  return plan;
}

function areasOnSale(zones, categories) {
  return zones.flatMap((zone, i) => zone.areas.filter((area) => area.capacity > 0).map((area) => ({
    ...area, zone: i, category: Math.max(0, categories.findIndex(({ id }) => id === area.category)),
  }))).sort((a, b) => a.first - b.first);
}

function positions(stream, rows, size, quantum) {
  const out = new Float32Array(size);
  let start = 0;
  for (const row of rows) {
    let last = 0, step = 0;
    for (let i = 0; i < row.size; i++) {
      const v = stream.signed();
      if (i === 0) start = last = start + v;
      else last += step += v;
      out[row.first + i] = last * quantum;
    }
  }
  return out;
}

function runs(stream, size) {
  const out = new Uint8Array(size);
  for (let n = 0; n < size;) {
    const category = stream.count(), to = n + stream.count();
    if (to <= n || to > size) throw new Error('not an FSP1 plan: categories');
    out.fill(category, n, n = to);
  }
  return out;
}

/** readNumbers gives for each row a function from a seat's place in it to its number: most rows just count. */
function readNumbers(stream, rows, strings) {
  return rows.map((row) => {
    if (stream.count() === 1) {
      const first = stream.count(), step = stream.signed();
      return (i) => String(first + i * step);
    }
    const listed = Array.from({ length: row.size }, () => strings[stream.count()]);
    return (i) => listed[i];
  });
}

function reader(bytes) {
  let at = 0;
  const take = (size) => {
    if (at + size > bytes.length) throw new Error('not an FSP1 plan: it ends early');
    return bytes.subarray(at, at += size);
  };
  // No shifts: first numbers go up to 2^31, where a shift would turn negative.
  const count = () => {
    let value = 0, weight = 1, byte;
    do {
      if (at >= bytes.length) throw new Error('not an FSP1 plan: it ends early');
      byte = bytes[at++];
      value += (byte & 127) * weight;
      weight *= 128;
    } while (byte & 128);
    return value;
  };
  const signed = () => {
    const v = count();
    return v % 2 ? -(v + 1) / 2 : v / 2;
  };
  return { take, count, signed, text: () => text.decode(take(count())) };
}
