// Where things are: the Mercator plane, a view of it that moves and zooms, great circles.

const RADIAN = Math.PI / 180;
const mercator = (latitude) => Math.atanh(Math.sin(latitude * RADIAN)) / RADIAN;
const latitudeOf = (y) => Math.asin(Math.tanh(y * RADIAN)) / RADIAN;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const TOP = mercator(84);

// A window on the Mercator plane: its middle in degrees, its scale in pixels per degree.
class Camera {
  constructor(home) {
    this.box = home;
    this.width = this.height = 1;
    this.zoomed = false;
  }

  resize(width, height) {
    const grown = width / this.width;
    [this.width, this.height] = [width, height];
    if (this.zoomed) this.scale *= grown;
    else this.goHome();
  }

  goHome() {
    const [west, south, east, north] = this.box;
    const [low, high] = [mercator(south), mercator(north)];
    this.scale = Math.min(this.width / (east - west), this.height / (high - low));
    this.homeScale = this.scale;
    [this.x, this.y] = [(west + east) / 2, (low + high) / 2];
    this.zoomed = false;
  }

  px(longitude) {
    return (longitude - this.x) * this.scale + this.width / 2;
  }

  py(latitude) {
    return (this.y - mercator(latitude)) * this.scale + this.height / 2;
  }

  // The place under a pixel, as [longitude, latitude].
  place(px, py) {
    return [this.x + (px - this.width / 2) / this.scale, latitudeOf(this.y - (py - this.height / 2) / this.scale)];
  }

  pan(dx, dy) {
    this.x = clamp(this.x - dx / this.scale, -180, 180);
    this.y = clamp(this.y + dy / this.scale, -TOP, TOP);
    this.zoomed = true;
  }

  // Zoom about a pixel, which stays over the same place.
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const scale = clamp(this.scale * factor, Math.min(this.homeScale / 4, 3), this.homeScale * 60);
    const [dx, dy] = [px - this.width / 2, py - this.height / 2];
    this.x += dx / this.scale - dx / scale;
    this.y -= dy / this.scale - dy / scale;
    this.scale = scale;
    this.pan(0, 0);
  }

  // [west, south, east, north] in degrees, with a margin in pixels around it.
  bounds(margin = 0) {
    const [wide, high] = [this.width / 2 + margin, this.height / 2 + margin];
    return [
      this.x - wide / this.scale,
      latitudeOf(this.y - high / this.scale),
      this.x + wide / this.scale,
      latitudeOf(this.y + high / this.scale),
    ];
  }
}

// The shortest way between two places on the globe, as [longitude, latitude] points.
function greatCircle([lon1, lat1], [lon2, lat2], steps = 64) {
  const vector = (lon, lat) => [
    Math.cos(lat * RADIAN) * Math.cos(lon * RADIAN),
    Math.cos(lat * RADIAN) * Math.sin(lon * RADIAN),
    Math.sin(lat * RADIAN),
  ];
  const [a, b] = [vector(lon1, lat1), vector(lon2, lat2)];
  const angle = Math.acos(clamp(a[0] * b[0] + a[1] * b[1] + a[2] * b[2], -1, 1));
  if (angle < 1e-9) return [[lon1, lat1]];
  return Array.from({ length: steps + 1 }, (_, i) => {
    const [p, q] = [Math.sin((1 - i / steps) * angle), Math.sin((i / steps) * angle)];
    const [x, y, z] = a.map((value, axis) => (p * value + q * b[axis]) / Math.sin(angle));
    return [Math.atan2(y, x) / RADIAN, Math.asin(clamp(z, -1, 1)) / RADIAN];
  });
}
