// Zones as floors: where they lie, which lie over one another, and which of them can be looked at alone.
const over = 0.3; // share of the smaller box from which two zones are in one another's way

/** boundsOf is the box round a zone's seats and areas on sale, and the middle of them: {left, top, right, bottom, x, y, size}. */
export function boundsOf(plan, index) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity, x: 0, y: 0, size: 0 };
  const add = (left, top, right, bottom) => {
    box.left = Math.min(box.left, left); box.right = Math.max(box.right, right);
    box.top = Math.min(box.top, top); box.bottom = Math.max(box.bottom, bottom);
  };
  const { from, to } = plan.zones[index];
  for (let r = from; r < to; r++) {
    for (let n = plan.rows[r].first, end = n + plan.rows[r].size; n < end; n++, box.size++) {
      add(plan.x[n], plan.y[n], plan.x[n], plan.y[n]);
      box.x += plan.x[n];
      box.y += plan.y[n];
    }
  }
  [box.x, box.y] = [box.x / box.size, box.y / box.size];
  for (const area of plan.areas) if (area.zone === index) add(...boxOf(area));
  return box;
}

/** boxOf is the box round an area as [left, top, right, bottom]; one that is turned is taken as its circle. */
export function boxOf(area) {
  const { x, y, width = 0, height = 0, rotation = 0 } = area;
  if (area.shape === 'polygon') {
    const xs = area.points.map((p) => p.x), ys = area.points.map((p) => p.y);
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
  }
  if (area.shape !== 'rectangle') return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
  if (!rotation) return [x, y, x + width, y + height];
  const a = rotation * Math.PI / 180, cos = Math.cos(a), sin = Math.sin(a);
  const cx = x + (width * cos - height * sin) / 2, cy = y + (width * sin + height * cos) / 2;
  const halfX = (Math.abs(width * cos) + Math.abs(height * sin)) / 2, halfY = (Math.abs(width * sin) + Math.abs(height * cos)) / 2;
  return [cx - halfX, cy - halfY, cx + halfX, cy + halfY];
}

/** covers tells whether two boxes lie over one another to a good part. */
export function covers(a, b) {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left), height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return false;
  const areaOf = (box) => (box.right - box.left) * (box.bottom - box.top);
  return width * height >= over * Math.min(areaOf(a), areaOf(b));
}

/**
 * floors lists the zones worth choosing between as [{zone, name}], zone being its index for map.showZone: a few of some
 * size that have names. Empty where there is nothing to choose: one zone, or a stadium's hundred blocks.
 */
export function floors(plan) {
  const all = plan.zones.map((zone, i) => ({ zone: i, name: zone.name, size: boundsOf(plan, i).size + placesIn(plan, i) })).filter(({ size }) => size > 0);
  const large = all.filter(({ size, name }) => name && size >= plan.size / 20);
  return all.length <= 12 && large.length > 1 ? large.map(({ zone, name }) => ({ zone, name })) : [];
}

const placesIn = (plan, zone) => plan.areas.reduce((sum, area) => sum + (area.zone === zone ? area.capacity : 0), 0);

/** shownZones says of each zone how it is drawn while one is looked at alone: 0 as ever, 1 faded, 2 not at all. */
export function shownZones(plan, alone) {
  const out = new Uint8Array(plan.zones.length);
  if (alone === null) return out;
  const boxes = plan.zones.map((_, i) => boundsOf(plan, i));
  return out.map((_, i) => {
    if (i === alone || boxes[i].left === Infinity) return 0; // a zone without seats is the room: stage and walls
    return covers(boxes[i], boxes[alone]) ? 2 : 1;
  });
}
