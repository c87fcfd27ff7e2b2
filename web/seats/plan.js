// The plan as it travels: FSP1, columns of second-order deltas; modules/seating/plan/fsp1.go describes the layout.
//
// A Plan is {version, width, height, pitch, categories: [{id, name, color}], zones, rows, size, x, y, category, row,
// accessible, companionOf}. Seats are columns indexed by seat number n: x and y in plan px, category and row as
// indexes. A zone is {name, areas, from, to}, its rows being rows[from..to); a row is {label, zone, first, size}.
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
    const row = { label: head.s[rowsAt.count()], zone, first: size, size: rowsAt.count() };
    size += row.size;
    zones[zone].to = i + 1;
    rows.push(row);
  }
  const plan = {
    version: head.v, width: head.w, height: head.h, pitch: head.p, categories: head.c, zones, rows, size,
    x: positions(xs, rows, size, head.q), y: positions(ys, rows, size, head.q),
    category: runs(categories, size), row: new Uint32Array(size),
    accessible: new Set(), companionOf: new Map(head.m ?? []),
  };
  rows.forEach((row, i) => plan.row.fill(i, row.first, row.first + row.size));
  let n = 0;
  for (const step of head.a ?? []) plan.accessible.add(n += step);
  const numberOf = readNumbers(numbers, rows, head.s);
  const rules = new Map((head.l ?? []).map(([row, before, after]) => [row, [head.s[before], head.s[after]]]));

  /** number is the last part of a label, as it stands on the seat: "12". */
  plan.number = (seat) => numberOf[plan.row[seat]](seat - rows[plan.row[seat]].first);
  /** label is what the usher reads: "A-12". */
  plan.label = (seat) => {
    const odd = head.x?.[seat];
    if (odd !== undefined) return odd;
    const { label } = rows[plan.row[seat]];
    const [before, after] = rules.get(plan.row[seat]) ?? [label && `${label}-`, ''];
    return before + plan.number(seat) + after;
  };
  return plan;
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
