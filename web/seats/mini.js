// The whole in a corner while one looks at a part, with a frame round what one sees; pressed or dragged, it leads there.
// For eyes alone: the list says it all in words, and arrows, + and − move the map as well.
const side = 112, share = 0.28; // CSS px at most, and of the map's width
const least = { width: 300, height: 240 }; // of a map that has a corner to spare

/** makeMini puts it into an element; go(x, y) is asked to bring a spot of the plan into the middle. It gives {repaint, frame, destroy}. */
export function makeMini(element, { plan }, overview, go) {
  const shrink = Math.min(side, share * (element.clientWidth || side / share)) / Math.max(plan.width, plan.height), box = document.createElement('div'), frame = document.createElement('i');
  const canvas = document.createElement('canvas'), ctx = canvas.getContext('2d'), ratio = Math.min(2, devicePixelRatio);
  box.className = 'map-mini';
  box.hidden = true;
  box.setAttribute('aria-hidden', 'true');
  canvas.width = Math.ceil(plan.width * shrink * ratio);
  canvas.height = Math.ceil(plan.height * shrink * ratio);
  box.style.width = `${plan.width * shrink}px`;
  box.style.height = `${plan.height * shrink}px`;
  box.append(canvas, frame);
  element.append(box);
  let old = true;

  const lead = (e) => {
    const { left, top } = box.getBoundingClientRect();
    go((e.clientX - left - box.clientLeft) / shrink, (e.clientY - top - box.clientTop) / shrink);
  };
  box.addEventListener('pointerdown', (e) => {
    e.stopPropagation();
    if (e.button > 0) return;
    try { box.setPointerCapture(e.pointerId); } catch { /* gone already: it was a tap */ }
    lead(e);
  });
  box.addEventListener('pointermove', (e) => {
    if (e.buttons) lead(e);
    e.stopPropagation();
  });

  return {
    /** repaint has it follow the overview when it is next seen. */
    repaint: () => { old = true; },
    frame: (camera) => {
      const roomy = camera.width >= least.width && camera.height >= least.height;
      box.hidden = !roomy || camera.zoomed() < 1.5;
      if (box.hidden) return;
      if (old) {
        ctx.clearRect(0, 0, canvas.width, canvas.height);
        ctx.drawImage(overview.canvas, 0, 0, canvas.width, canvas.height);
        old = false;
      }
      const [left, top] = camera.toPlan(0, 0), [right, bottom] = camera.toPlan(camera.width, camera.height);
      const cut = (v, most) => Math.max(0, Math.min(most, v)) * shrink;
      const x = cut(left, plan.width), y = cut(top, plan.height);
      frame.style.transform = `translate(${x}px,${y}px)`;
      frame.style.width = `${cut(right, plan.width) - x}px`;
      frame.style.height = `${cut(bottom, plan.height) - y}px`;
    },
    destroy: () => { canvas.width = 0; box.remove(); },
  };
}
