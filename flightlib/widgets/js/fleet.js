// Aircraft by the thousand: their markers are cut into pixels once and laid into an image of our own.
// That takes a fraction of the time that as many calls to draw a picture take without a GPU.

const RIM_PX = 96; // around the image, so that a marker at its edge needs no clipping

class Fleet {
  constructor() {
    this.canvas = document.createElement("canvas");
  }

  // Begin an empty picture, in pixels of the device.
  begin(width, height) {
    const { canvas } = this;
    if (!this.image || canvas.width !== width || canvas.height !== height) {
      [canvas.width, canvas.height] = [width, height];
      this.image = new ImageData(width + 2 * RIM_PX, height + 2 * RIM_PX);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.pixels.fill(0);
  }

  // Lay a marker: its middle at a place, to the nearest pixel.
  lay(sprites, look, heading, x, y) {
    const { width, height } = this.image;
    const half = sprites.size / 2;
    const left = Math.round(x - half) + RIM_PX;
    const top = Math.round(y - half) + RIM_PX;
    if (left < 0 || top < 0 || left + sprites.size > width || top + sprites.size > height) return;
    const { columns, rows, inks } = sprites.stamp(look, heading);
    const { pixels } = this;
    for (let i = 0; i < inks.length; i += 1) {
      const at = (top + rows[i]) * width + left + columns[i];
      const ink = inks[i];
      const below = pixels[at];
      pixels[at] = ink >= OPAQUE || below === 0 ? ink : over(ink, below);
    }
  }

  end() {
    this.canvas.getContext("2d").putImageData(this.image, -RIM_PX, -RIM_PX);
    return this.canvas;
  }
}

// A colour of a pixel is one number: alpha, blue, green and red, a byte each.
const OPAQUE = 0xff000000;

function over(ink, below) {
  const upper = ink >>> 24;
  const lower = ((below >>> 24) * (255 - upper)) / 255;
  const alpha = upper + lower;
  const share = upper / alpha;
  const red = (ink & 255) * share + (below & 255) * (1 - share);
  const green = ((ink >>> 8) & 255) * share + ((below >>> 8) & 255) * (1 - share);
  const blue = ((ink >>> 16) & 255) * share + ((below >>> 16) & 255) * (1 - share);
  return (Math.round(alpha) << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red);
}
