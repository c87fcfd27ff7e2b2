// One curve over time, as SVG: a line, what is under it, and as many words as one needs to read it.
const ns = 'http://www.w3.org/2000/svg';
const left = 44, bottom = 22, top = 10;

const part = (svg, name, attributes, text) => {
  const node = svg.appendChild(document.createElementNS(ns, name));
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
};

// nice is the next round number above: 1, 2, 5, 10, 20, 50, …
function nice(n) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, n)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= n);
}

const number = new Intl.NumberFormat('en');

// clocks read a moment in the venue's zone; the later end of a curve names it.
const clocks = (zone) => [undefined, 'short'].map((timeZoneName) => new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: zone || 'UTC', timeZoneName }));

// drawCurve draws points [{at: ms, value}], oldest first, into an element; steps says that a value lasts until the next.
export function drawCurve(element, points, { steps = false, label, zone }) {
  const width = element.clientWidth, height = element.clientHeight;
  if (width === 0 || points.length === 0) return;
  const from = points[0].at, to = Math.max(points.at(-1).at, from + 1000);
  const most = nice(Math.max(...points.map((p) => p.value)));
  const x = (at) => left + (width - left) * (at - from) / (to - from);
  const y = (value) => height - bottom - (height - bottom - top) * value / most;
  let line = '';
  points.forEach((p, i) => {
    if (i === 0) line = `M${x(p.at).toFixed(1)} ${y(p.value).toFixed(1)}`;
    else line += `${steps ? `H${x(p.at).toFixed(1)}` : ''}L${x(p.at).toFixed(1)} ${y(p.value).toFixed(1)}`;
  });
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label(points[0], points.at(-1), Math.max(...points.map((p) => p.value))));
  for (const value of [0, most / 2, most]) {
    if (!Number.isInteger(value)) continue;
    part(svg, 'line', { class: 'grid', x1: left, x2: width, y1: y(value), y2: y(value) });
    part(svg, 'text', { x: left - 8, y: y(value) + 4, 'text-anchor': 'end' }, number.format(value));
  }
  part(svg, 'path', { class: 'under', d: `${line}L${x(points.at(-1).at)} ${y(0)}H${left}Z` });
  part(svg, 'path', { class: 'line', d: line });
  const now = points.at(-1); // a dot: a single point has no line yet
  part(svg, 'circle', { class: 'dot', cx: points.length > 1 ? x(now.at) : left, cy: y(now.value), r: 3 });
  const [earlier, later] = clocks(zone);
  if (to - from > 60_000) part(svg, 'text', { x: left, y: height - 4 }, earlier.format(from));
  part(svg, 'text', { x: width, y: height - 4, 'text-anchor': 'end' }, later.format(to));
  element.replaceChildren(svg);
}
