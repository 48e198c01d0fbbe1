// What every map is: a Lets-Plot ground, something over it, a canvas on top, and the line below.
// A map of its own kind says what lies over the ground, what it draws, and what hands can do.

const REST_MS = 160;
const MARGIN_PX = 160;

class GroundMap {
  constructor(store, el) {
    Object.assign(this, { store, setup: store.setup });
    this.camera = new Camera(this.setup.home);
    this.pointer = [-1, -1];
    this.frame = null;
    this.furnish(el);
    this.dress();
    this.forgetTheme = watchTheme(() => this.dress());
    this.sizer = new ResizeObserver(() => this.resize());
    this.sizer.observe(this.root);
    this.resize();
    this.changed("frame");
  }

  furnish(el) {
    const root = (this.root = make("div"));
    root.className = "flightlib";
    root.dataset.frames = "0";
    this.style = document.createElement("style");
    this.style.textContent = this.setup.css;
    this.stage = make("div", "stage");
    this.stage.tabIndex = 0;
    this.stage.setAttribute("role", "application");
    this.stage.setAttribute("aria-label", "Live map. Arrow keys move, plus and minus zoom, 0 goes home.");
    this.ground = new Layer(this.stage, "ground", (theme, box, zoom) => mapSpec(this.setup, theme, box, zoom));
    this.over = this.layOver();
    this.sky = make("canvas", "sky");
    this.tip = make("div", "tip");
    this.tip.hidden = true;
    this.stage.append(this.sky, this.tip, this.buttons());
    this.line = new StatusLine(root, () => judgeOf(this.store, () => this.count()));
    this.trouble = make("div", "trouble");
    this.trouble.hidden = true;
    const foot = make("div", "foot");
    foot.append(this.explain(), this.line.line);
    root.append(this.style, this.stage, this.trouble, foot);
    el.replaceChildren(root);
    gestures(this.stage, this.hands());
  }

  buttons() {
    const box = make("div", "buttons");
    const acts = [["+", "Zoom in", () => this.hands().zoom(1.6)], ["−", "Zoom out", () => this.hands().zoom(1 / 1.6)],
      ["⌂", "Back to the whole region", () => this.hands().home()]];
    for (const [text, title, act] of acts) {
      const button = make("button", "", text);
      button.type = "button";
      button.title = title;
      button.setAttribute("aria-label", title);
      button.addEventListener("click", act);
      button.addEventListener("dblclick", (event) => event.stopPropagation());
      box.append(button);
    }
    return box;
  }

  hands() {
    const move = (how) => (...where) => (how(...where), this.moved());
    return {
      pan: move((dx, dy) => this.camera.pan(dx, dy)),
      zoom: move((factor, x, y) => this.camera.zoom(factor, x, y)),
      home: move(() => this.camera.goHome()),
      hover: (x, y) => ((this.pointer = [x, y]), this.again()),
      pick: (x, y) => this.pick?.(x, y),
      leave: () => this.leave?.(),
    };
  }

  // Something came from the kernel.
  changed(what) {
    if (what !== "frame" || !this.store.latest) return this.line.tell();
    this.frame = null; // unpacked when it is drawn: only the newest ever is
    this.again();
  }

  dress() {
    this.theme = themeOf(this.setup.theme);
    this.palette = wear(this.root, this.store, this.theme);
    this.wearLegend();
    this.moved();
  }

  resize() {
    const width = Math.floor(this.root.clientWidth);
    if (width < 40 || width === this.camera.width) return;
    const height = Math.round(Math.min(this.setup.height, Math.max(240, width * 0.8)));
    this.stage.style.height = `${height}px`;
    this.camera.resize(width, height);
    this.moved();
  }

  moved() {
    if (this.camera.width < 40) return;
    this.ground.place(this.camera);
    this.over?.place(this.camera);
    this.root.dataset.bounds = this.camera.bounds().map((edge) => edge.toFixed(4)).join(",");
    this.restSoon();
    this.again();
  }

  // Wait for a zoom to end before land is drawn anew; while panning, follow at a steady pace.
  restSoon() {
    const panning = this.ground.built?.scale === this.camera.scale;
    if (panning && this.resting) return;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.rest(), this.ground.built ? REST_MS : 0);
  }

  rest() {
    this.resting = null;
    this.guard(() => {
      const began = performance.now();
      if (!this.ground.fits(this.camera, this.theme)) {
        this.ground.rebuild(this.camera, this.theme, MARGIN_PX);
        this.root.dataset.groundMs = (performance.now() - began).toFixed(0);
      }
      this.root.dataset.ready = "true";
    });
    this.again();
  }

  again() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.guard(() => this.draw());
    });
  }

  // The canvas, wiped, in pixels of the page.
  wiped() {
    const { camera, sky } = this;
    const ratio = devicePixelRatio || 1;
    const size = [Math.round(camera.width * ratio), Math.round(camera.height * ratio)];
    if (sky.width !== size[0] || sky.height !== size[1]) [sky.width, sky.height] = size;
    const ink = sky.getContext("2d");
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    ink.clearRect(0, 0, camera.width, camera.height);
    return ink;
  }

  // Lay the newest frame over the ground, as a figure of its own.
  refreshOver(fresh) {
    if (fresh || !this.over.fits(this.camera, this.theme)) this.over.rebuild(this.camera, this.theme);
  }

  // A mistake shows as one line; the last good picture stays.
  guard(act) {
    try {
      act();
      this.trouble.hidden = true;
    } catch (error) {
      this.trouble.textContent = `The map cannot be drawn: ${error.message}`;
      this.trouble.hidden = false;
    }
  }

  close() {
    cancelAnimationFrame(this.asked);
    clearTimeout(this.resting);
    this.sizer.disconnect();
    this.forgetTheme();
    this.line.close();
  }
}
