// The live bars: the kernel sends the whole small figure; it is built anew when it has changed.

class LiveBars {
  constructor(store, el) {
    Object.assign(this, { store, setup: store.setup, drawn: "" });
    this.root = make("div");
    this.root.className = "flightlib";
    const style = document.createElement("style");
    style.textContent = this.setup.css;
    this.stage = make("div", "bars");
    this.stage.style.height = `${this.setup.height}px`;
    this.stage.setAttribute("role", "img");
    this.line = new StatusLine(this.root, store, () => store.freshness?.flights ?? 0);
    const foot = make("div", "foot");
    foot.append(this.line.line);
    this.root.append(style, this.stage, foot);
    el.replaceChildren(this.root);
    this.forgetTheme = watchTheme(() => this.changed("frame"));
    this.sizer = new ResizeObserver(() => this.changed("frame"));
    this.sizer.observe(this.root);
  }

  changed(what) {
    this.line.tell();
    if (what === "frame") this.asked ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.asked = null;
    const theme = themeOf(this.setup.theme);
    wear(this.root, this.store, theme);
    const spec = this.store.latest?.specs?.[theme];
    const width = Math.floor(this.root.clientWidth);
    const picture = JSON.stringify([spec, width]);
    if (!spec || width < 40 || picture === this.drawn) return;
    try {
      this.stage.replaceChildren(build(spec, width, this.setup.height));
      this.stage.setAttribute("aria-label", this.store.latest.words);
      this.drawn = picture;
      this.root.dataset.frames = String(Number(this.root.dataset.frames ?? 0) + 1);
    } catch (error) {
      this.stage.textContent = `The bars cannot be drawn: ${error.message}`;
    }
  }

  close() {
    cancelAnimationFrame(this.asked);
    this.sizer.disconnect();
    this.forgetTheme();
    this.line.close();
  }
}
