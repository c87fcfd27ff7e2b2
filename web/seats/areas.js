// What is drawn beside the seats: stage, walls, standing areas. Quiet: the organiser's own colours would shout down
// the seats, so only their shapes are kept.

/** drawAreas draws them with k device px a plan px, the plan's corner at (ox, oy). */
export function drawAreas(ctx, plan, k, ox, oy, look) {
  for (const zone of plan.zones) {
    for (const area of zone.areas) drawArea(ctx, area, k, ox, oy, look);
  }
}

function drawArea(ctx, area, k, ox, oy, look) {
  ctx.save();
  ctx.fillStyle = look.area;
  if (area.shape === 'polygon') {
    ctx.beginPath();
    for (const point of area.points ?? []) ctx.lineTo(ox + point.x * k, oy + point.y * k);
    ctx.fill();
  } else if (area.shape !== 'text') {
    ctx.translate(ox + area.x * k, oy + area.y * k);
    ctx.rotate((area.rotation ?? 0) * Math.PI / 180);
    ctx.beginPath();
    if (area.shape === 'rectangle') ctx.rect(0, 0, area.width * k, area.height * k);
    else ctx.ellipse(0, 0, area.width * k / 2, area.height * k / 2, 0, 0, 7);
    ctx.fill();
  }
  ctx.restore();
  const text = area.text;
  if (!text?.text) return;
  // Text keeps the size it was drawn with, but nobody needs letters below 9 px or as tall as the screen.
  const px = (text.size || 16) * k;
  if (px < 7) return;
  ctx.fillStyle = look.soft;
  ctx.font = `600 ${Math.min(px, 96)}px ${look.font}`;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(text.text, ox + text.x * k, oy + text.y * k);
}
