// One Lets-Plot figure that lies under the canvas: carried along by a transform while the map
// moves, and built anew when it has come to rest.

const WORLD = [-180, -84, 180, 84];

class Layer {
  constructor(stage, name, spec) {
    this.element = make("div", name);
    stage.append(this.element);
    this.spec = spec;
    this.built = null;
  }

  rebuild(camera, theme, margin = 0) {
    const wanted = camera.bounds(margin);
    const box = WORLD.map((edge, i) => (i < 2 ? Math.max(edge, wanted[i]) : Math.min(edge, wanted[i])));
    const [left, top] = [camera.px(box[0]), camera.py(box[3])];
    const [width, height] = [camera.px(box[2]) - left, camera.py(box[1]) - top];
    const spec = this.spec(theme, box, (camera.scale / camera.homeScale) ** 1.5);
    this.element.replaceChildren(build(spec, width, height));
    this.built = { box, scale: camera.scale, theme };
    this.place(camera);
  }

  place(camera) {
    if (!this.built) return;
    const [x, y] = [camera.px(this.built.box[0]), camera.py(this.built.box[3])];
    const grown = camera.scale / this.built.scale;
    this.element.style.transform = `translate(${x}px, ${y}px) scale(${grown})`;
  }

  // Does it still show what the camera sees, at the right size and in the right colours?
  fits(camera, theme) {
    if (!this.built || this.built.theme !== theme || this.built.scale !== camera.scale) return false;
    const seen = camera.bounds();
    return this.built.box.every((edge, i) => {
      const limit = i < 2 ? Math.max(seen[i], WORLD[i]) : Math.min(seen[i], WORLD[i]);
      return i < 2 ? edge <= limit + 1e-6 : edge >= limit - 1e-6;
    });
  }
}
