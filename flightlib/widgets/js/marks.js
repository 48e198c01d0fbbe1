// Markers: a sheet of arrowheads in every colour and heading, drawn once and copied ever after.
// Sizes are pixels of the device, `ratio` of them to a pixel of the page.

const HEADINGS = 72;
const ARROW = [[0, -1], [0.68, 0.86], [0, 0.42], [-0.68, 0.86]];

class Sprites {
  constructor(colours, edge, radius, ratio) {
    this.size = Math.ceil((radius * 2 + 4) * ratio);
    this.ratio = ratio;
    this.sheet = document.createElement("canvas");
    this.sheet.width = this.size * HEADINGS;
    this.sheet.height = this.size * colours.length;
    this.stamps = [];
    const ink = this.sheet.getContext("2d", { willReadFrequently: true });
    colours.forEach(([fill, shape], row) => {
      for (let turn = 0; turn < HEADINGS; turn += 1) {
        ink.save();
        ink.translate((turn + 0.5) * this.size, (row + 0.5) * this.size);
        ink.scale(ratio, ratio);
        if (shape === "arrow") ink.rotate((turn * 2 * Math.PI) / HEADINGS);
        paint(ink, shape, radius, fill, edge);
        ink.restore();
      }
    });
  }

  turn(heading) {
    return Math.round(((heading % 360) / 360) * HEADINGS + HEADINGS) % HEADINGS || 0;
  }

  // Draw one marker, its middle at a place of the page.
  draw(ink, look, heading, x, y) {
    const { size, sheet, ratio } = this;
    const wide = size / ratio;
    const from = [this.turn(heading) * size, look * size, size, size];
    ink.drawImage(sheet, ...from, x - wide / 2, y - wide / 2, wide, wide);
  }

  // The pixels of one marker that are not empty: where they are in it, and their colours.
  stamp(look, heading) {
    const turn = this.turn(heading);
    return (this.stamps[look * HEADINGS + turn] ??= this.cut(look, turn));
  }

  cut(look, turn) {
    const { size, sheet } = this;
    const ink = sheet.getContext("2d");
    const all = new Uint32Array(ink.getImageData(turn * size, look * size, size, size).data.buffer);
    const full = Array.from(all.keys()).filter((at) => all[at] >>> 24);
    return {
      columns: Uint8Array.from(full, (at) => at % size),
      rows: Uint8Array.from(full, (at) => Math.floor(at / size)),
      inks: Uint32Array.from(full, (at) => all[at]),
    };
  }
}

function paint(ink, shape, radius, fill, edge) {
  ink.beginPath();
  if (shape === "arrow") {
    ARROW.forEach(([x, y]) => ink.lineTo(x * radius, y * radius));
    ink.closePath();
    ink.fillStyle = fill;
    ink.strokeStyle = edge;
    ink.lineWidth = 1;
    ink.stroke();
    ink.fill();
    return;
  }
  if (shape === "dot") {
    ink.arc(0, -0.5, radius * 0.62, 0, 2 * Math.PI);
    ink.fillStyle = fill;
    ink.fill();
    return;
  }
  const arm = radius * 0.55;
  for (const [colour, width] of [[edge, 4.5], [fill, 2.4]]) {
    ink.beginPath();
    ink.moveTo(-arm, -arm), ink.lineTo(arm, arm), ink.moveTo(arm, -arm), ink.lineTo(-arm, arm);
    ink.strokeStyle = colour;
    ink.lineWidth = width;
    ink.stroke();
  }
}

// A small picture of one marker, for the legend.
function icon(fill, shape, edge) {
  const canvas = document.createElement("canvas");
  const ratio = Math.max(2, devicePixelRatio);
  canvas.width = canvas.height = 16 * ratio;
  const ink = canvas.getContext("2d");
  ink.scale(ratio, ratio);
  ink.translate(8, 8.5);
  paint(ink, shape, 7, fill, edge);
  return canvas;
}

function line(ink, points, camera) {
  ink.beginPath();
  let before = null;
  for (const [longitude, latitude] of points) {
    const [x, y] = [camera.px(longitude), camera.py(latitude)];
    const jumps = before !== null && Math.abs(longitude - before) > 180;
    if (before === null || jumps) ink.moveTo(x, y);
    else ink.lineTo(x, y);
    before = longitude;
  }
  ink.stroke();
}

function ring(ink, x, y, radius, colour) {
  ink.beginPath();
  ink.arc(x, y, radius, 0, 2 * Math.PI);
  ink.lineWidth = 2;
  ink.strokeStyle = colour;
  ink.stroke();
}
