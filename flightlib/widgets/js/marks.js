// Markers: a sheet of arrowheads in every colour and heading, drawn once and copied ever after.

const HEADINGS = 72;
const ARROW = [[0, -1], [0.68, 0.86], [0, 0.42], [-0.68, 0.86]];

class Sprites {
  constructor(colours, edge, radius, ratio) {
    this.cell = Math.ceil(radius * 2 + 4);
    this.colours = colours.length;
    this.sheet = document.createElement("canvas");
    this.sheet.width = this.cell * ratio * HEADINGS;
    this.sheet.height = this.cell * ratio * colours.length;
    this.ratio = ratio;
    const ink = this.sheet.getContext("2d");
    ink.scale(ratio, ratio);
    colours.forEach(([fill, shape], row) => {
      for (let turn = 0; turn < HEADINGS; turn += 1) {
        ink.save();
        ink.translate((turn + 0.5) * this.cell, (row + 0.5) * this.cell);
        if (shape === "arrow") ink.rotate((turn * 2 * Math.PI) / HEADINGS);
        paint(ink, shape, radius, fill, edge);
        ink.restore();
      }
    });
  }

  draw(ink, row, heading, x, y) {
    const size = this.cell * this.ratio;
    const turn = Math.round(((heading % 360) / 360) * HEADINGS + HEADINGS) % HEADINGS;
    const half = this.cell / 2;
    ink.drawImage(this.sheet, turn * size, row * size, size, size, x - half, y - half, this.cell, this.cell);
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
