// What disturbs the sky, drawn under the aircraft: outlines that move with the frames, and labels.
// It is drawn on the canvas of each frame, so that no figure is built anew and no zoom is lost.

const DASHES = { storm: [], holding: [10, 5], delay: [2, 4], outage: [6, 5], surge: [10, 4, 2, 4] };
const LINE_PX = 20;

function drawOutlines(ink, marks, camera, palette) {
  const placed = marks.filter((mark) => mark.outline.length);
  ink.save();
  ink.lineJoin = "round";
  for (const mark of placed) {
    ink.beginPath();
    for (const [longitude, latitude] of mark.outline) ink.lineTo(camera.px(longitude), camera.py(latitude));
    ink.closePath();
    ink.strokeStyle = ink.fillStyle = palette.mark[mark.kind] ?? palette.ink;
    ink.globalAlpha = 0.14;
    ink.fill();
    ink.globalAlpha = 0.95;
    ink.lineWidth = 1.8;
    ink.setLineDash(DASHES[mark.kind] ?? []);
    ink.stroke();
    if (mark.reach.length) drawReach(ink, mark.reach, camera);
  }
  ink.restore();
}

// How large it will become: a thin line that is not filled.
function drawReach(ink, reach, camera) {
  ink.beginPath();
  for (const [longitude, latitude] of reach) ink.lineTo(camera.px(longitude), camera.py(latitude));
  ink.closePath();
  ink.lineWidth = 1.2;
  ink.setLineDash([3, 5]);
  ink.stroke();
}

// Labels lie over the aircraft, each in sight while its outline is, none over another.
function drawLabels(ink, marks, camera, palette) {
  ink.save();
  ink.font = '600 13px Inter, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif';
  ink.textBaseline = "middle";
  ink.textAlign = "center";
  const taken = [];
  for (const mark of marks) {
    const half = ink.measureText(mark.label).width / 2 + 6;
    const place = mark.outline.length ? labelPlace(mark, camera, half) : [half + 8, 20];
    if (!place) continue;
    const [x, y] = free(place, half, taken, mark.outline.length ? 1 : 0);
    taken.push([x, y, half]);
    ink.globalAlpha = 0.8;
    ink.fillStyle = palette.panel;
    ink.fillRect(x - half, y - LINE_PX / 2 + 1, 2 * half, LINE_PX - 2);
    ink.globalAlpha = 1;
    ink.fillStyle = palette.mark[mark.kind] ?? palette.ink;
    ink.fillText(mark.label, x, y + 0.5);
  }
  ink.restore();
}

// Move a label up or down, as little as it takes, to where no other one is; notes only go down.
function free([x, y], half, taken, both) {
  for (let step = 0; step <= 8; step += 1) {
    const moved = y + LINE_PX * (both ? (step % 2 ? -1 : 1) * Math.ceil(step / 2) : step);
    if (taken.every(([a, b, wide]) => Math.abs(x - a) >= half + wide || Math.abs(moved - b) >= LINE_PX)) return [x, moved];
  }
  return [x, y];
}

function labelPlace({ outline, anchor, reach }, camera, half) {
  const edge = reach.length ? reach : outline;
  const xs = edge.map(([longitude]) => camera.px(longitude));
  const ys = edge.map(([, latitude]) => camera.py(latitude));
  const beside = Math.max(...xs) < 0 || Math.min(...xs) > camera.width;
  if (!anchor || beside || Math.max(...ys) < 0 || Math.min(...ys) > camera.height) return null;
  const low = LINE_PX / 2 + 2;
  const x = clamp(camera.px(anchor[0]), half, Math.max(half, camera.width - half));
  return [x, clamp(camera.py(anchor[1]), low, camera.height - low)];
}
