// The density map: how many flights there are in each cell, as Lets-Plot's own rectangles.

const degrees = (value, high, low) => `${Math.abs(value)}° ${value < 0 ? low : high}`;

class LiveDensity extends GroundMap {
  layOver() {
    return new Layer(this.stage, "tiles", (theme, box) => this.tileSpec(theme, box));
  }

  explain() {
    this.legend = make("div", "legend");
    this.legend.append(make("span", "total", `flights in a cell of ${this.setup.cell}°:`));
    this.steps = this.setup.palettes.dark.density.map(() => {
      const step = make("span", "step");
      step.append(make("i", "swatch"), make("span"));
      this.legend.append(step);
      return step;
    });
    return this.legend;
  }

  wearLegend() {
    this.steps.forEach((step, i) => (step.firstChild.style.background = this.palette.density[i]));
  }

  count() {
    return this.store.freshness?.flights ?? 0;
  }

  take() {
    if (this.frame || !this.store.latest) return;
    const { cells, labels } = this.store.latest;
    this.frame = cells;
    this.at = new Map(cells.west.map((west, i) => [`${west} ${cells.south[i]}`, i]));
    labels.forEach((label, i) => (this.steps[i].lastChild.textContent = label));
    this.root.dataset.frames = String(this.store.frames);
    this.root.dataset.cells = String(cells.west.length);
    this.root.dataset.flights = String(cells.flights.reduce((all, some) => all + some, 0));
    this.line.tell();
  }

  draw() {
    const fresh = !this.frame;
    this.take();
    const ink = this.wiped();
    if (!this.frame) return;
    this.refreshOver(fresh);
    this.drawHover(ink);
  }

  // Only what is seen is drawn; the two rows out of sight keep a picture without flights whole.
  tileSpec(theme, [west, south, east, north]) {
    const { cell, tileSpecs } = this.setup;
    const { frame } = this;
    const seen = frame.west.map((_, i) => i).filter((i) => frame.west[i] < east && frame.west[i] + cell > west
      && frame.south[i] < north && frame.south[i] + cell > south);
    const spec = tileSpecs[theme];
    const away = -720;
    const corner = (name, more) => [away + more, ...seen.map((i) => frame[name][i] + more)];
    const data = {
      west: corner("west", 0), east: corner("west", cell),
      south: [0, ...seen.map((i) => frame.south[i])], north: [cell, ...seen.map((i) => frame.south[i] + cell)],
      step: ["0", ...seen.map((i) => String(frame.step[i]))],
    };
    const layers = [{ ...spec.layers[0], data }];
    return { ...spec, layers, coord: { ...spec.coord, xlim: [west, east], ylim: [south, north] } };
  }

  drawHover(ink) {
    const { camera, setup: { cell } } = this;
    const [x, y] = this.pointer;
    const [longitude, latitude] = camera.place(x, y);
    const [west, south] = [longitude, latitude].map((value) => Math.floor(value / cell) * cell);
    const row = x < 0 ? undefined : this.at.get(`${west} ${south}`);
    if (row === undefined) return void (this.tip.hidden = true);
    const [left, top] = [camera.px(west), camera.py(south + cell)];
    ink.lineWidth = 2;
    ink.strokeStyle = this.palette.ink;
    ink.strokeRect(left, top, camera.px(west + cell) - left, camera.py(south) - top);
    const flights = this.frame.flights[row];
    const where = `from ${degrees(south, "N", "S")}, ${degrees(west, "E", "W")}`;
    say(this.tip, `${whole(flights)} ${flights === 1 ? "flight" : "flights"}`, [where], x, y, camera.width);
  }
}
