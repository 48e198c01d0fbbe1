// What every widget without a map has: a frame in the theme's colours, a body, and a line below.

class Plain {
  constructor(store, el, judge) {
    Object.assign(this, { store, setup: store.setup });
    this.root = make("div");
    this.root.className = "flightlib";
    this.root.dataset.frames = "0";
    const style = document.createElement("style");
    style.textContent = this.setup.css;
    this.body = make("div", "body");
    this.trouble = make("div", "trouble");
    this.trouble.hidden = true;
    this.line = new StatusLine(this.root, judge);
    this.foot = make("div", "foot");
    this.foot.append(this.line.line);
    this.root.append(style, this.body, this.trouble, this.foot);
    el.replaceChildren(this.root);
    this.forgetTheme = watchTheme(() => this.again());
    this.sizer = new ResizeObserver(() => this.again());
    this.sizer.observe(this.root);
  }

  changed(what) {
    this.line.tell();
    this.refresh?.();
    if (what === "frame") this.again();
  }

  again() {
    this.asked ??= requestAnimationFrame(() => {
      this.asked = null;
      this.theme = themeOf(this.setup.theme);
      this.palette = wear(this.root, this.store, this.theme);
      this.guard();
    });
  }

  // A mistake shows as one line; the last good picture stays.
  guard() {
    try {
      if (!this.store.latest || !this.draw(this.store.latest)) return;
      this.root.dataset.frames = String(Number(this.root.dataset.frames) + 1);
      this.trouble.hidden = true;
    } catch (error) {
      this.trouble.textContent = `The picture cannot be drawn: ${error.message}`;
      this.trouble.hidden = false;
    }
  }

  // A button that asks the kernel to stop what is shown; it waits for the answer.
  stopButton(what) {
    const button = make("button", "act", "Stop");
    button.type = "button";
    button.setAttribute("aria-label", `Stop the ${what}`);
    button.addEventListener("click", () => {
      button.disabled = true;
      button.textContent = "Stopping…";
      this.store.send({ type: "stop" });
    });
    return button;
  }

  close() {
    cancelAnimationFrame(this.asked);
    this.sizer.disconnect();
    this.forgetTheme();
    this.line.close();
  }
}
