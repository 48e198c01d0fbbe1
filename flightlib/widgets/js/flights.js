// What the live map draws and answers about the flights themselves.

Object.assign(LiveMap.prototype, {
  // Take the newest frame, if one has come: rows, words, and the trail of the picked flight.
  take() {
    if (this.frame || !this.store.latest) return Boolean(this.frame);
    this.frame = unpack(this.store.latest);
    this.codes = this.frame[this.setup.colour === "region" ? "hue" : this.setup.colour];
    this.root.dataset.frames = String(this.store.frames);
    this.root.dataset.flights = String(this.frame.rows);
    this.forgetGone();
    if (this.frame.index.some((index) => !this.store.roster.has(index))) this.askRoster();
    this.legend.count(this.codes, (row) => wordsOf(this.store, this.frame.index[row]).region);
    this.follow();
    this.line.tell();
    return true;
  },

  // Tell whoever listens when a new frame is on the screen: by the next one the page has painted
  // it. Times are epoch milliseconds; ages of the frame's reports count from `at_ms`.
  announce(begun_ms) {
    const { frame, store } = this;
    const { at_ms, sent_ms, heard_ms } = store.latest;
    requestAnimationFrame(() => {
      const times = { at_ms, sent_ms, heard_ms, begun_ms, drawn_ms: Date.now() };
      const detail = { ...times, frame, roster: store.roster };
      this.root.dispatchEvent(new CustomEvent("flightlib-frame", { bubbles: true, detail }));
    });
  },

  // Who is in no frame any more never comes back under the same number: their words can go.
  forgetGone() {
    const { frame, store: { roster } } = this;
    if (roster.size <= frame.rows * 1.2 + 100) return;
    const here = new Set(frame.index);
    for (const index of roster.keys()) if (!here.has(index)) roster.delete(index);
  },

  askRoster() {
    const now = performance.now();
    if (now - (this.askedRoster ?? -1e9) < 5000) return;
    this.askedRoster = now;
    this.store.send({ type: "roster" });
  },

  shown() {
    const rows = [];
    for (let row = 0; row < (this.frame?.rows ?? 0); row += 1)
      if (!this.legend.hidden.has(this.codes[row])) rows.push(row);
    return rows;
  },

  draw() {
    const began = performance.now();
    const fresh = !this.frame;
    this.take();
    if (fresh && this.frame) this.announce(Date.now());
    const ink = this.wiped();
    if (!this.frame) return;
    if (this.over) this.project();
    else this.layFleet(devicePixelRatio || 1);
    const happening = this.store.latest.marks ?? [];
    this.root.dataset.marks = String(happening.length);
    drawOutlines(ink, happening, this.camera, this.palette);
    if (this.picked) this.drawPicked(ink);
    if (this.over) this.refreshOver(fresh);
    else this.drawArrows(ink);
    drawLabels(ink, happening, this.camera, this.palette);
    this.drawHover(ink);
    this.root.dataset.frameMs = (performance.now() - began).toFixed(1);
  },

  project() {
    const { camera, frame } = this;
    this.x = frame.longitude.map((longitude) => camera.px(longitude));
    this.y = frame.latitude.map((latitude) => camera.py(latitude));
  },

  // The fuller the picture, the smaller its markers.
  cutSprites(ratio, seen) {
    const { width, height } = this.camera;
    const room = Math.sqrt((width * height) / Math.max(seen, 1));
    const radius = clamp(Math.round(room * 0.62) / 2, 4.5, 8.5);
    const made = `${radius} ${ratio} ${this.theme}`;
    if (this.sprites?.made === made) return;
    const looks = [...this.marks, [this.palette.faint, "arrow"]];
    this.sprites = new Sprites(looks, this.palette.sea, radius, ratio);
    this.grounded = new Sprites(looks, this.palette.sea, radius * 0.62, ratio);
    this.sprites.made = made;
  },

  inSight() {
    const { x, y, camera } = this;
    const [wide, high] = [camera.width + 12, camera.height + 12];
    return this.shown().filter((row) => x[row] > -12 && y[row] > -12 && x[row] < wide && y[row] < high);
  },

  spritesOf(row) {
    return this.setup.grounded.includes(this.frame.phase[row]) ? this.grounded : this.sprites;
  },

  lookOf(row) {
    const { codes, marks } = this;
    return codes[row] in marks ? codes[row] : marks.length;
  },

  // Lay all aircraft anew, unless they were laid for this very frame and view: those on the ground
  // are small and lie below those that fly.
  layFleet(ratio) {
    const { camera, frame, fleet } = this;
    const view = [camera.x, camera.y, camera.scale, camera.width, camera.height, ratio, this.theme, ...this.legend.hidden];
    if (fleet.frame === frame && fleet.view === view.join()) return;
    [fleet.frame, fleet.view] = [frame, view.join()];
    this.project();
    const seen = this.inSight();
    this.cutSprites(ratio, seen.length);
    fleet.begin(this.sky.width, this.sky.height);
    const flying = [];
    for (const row of seen) {
      if (this.spritesOf(row) === this.sprites) flying.push(row);
      else this.lay(this.grounded, row, ratio);
    }
    for (const row of flying) this.lay(this.sprites, row, ratio);
    fleet.end();
  },

  lay(sprites, row, ratio) {
    this.fleet.lay(sprites, this.lookOf(row), this.frame.heading[row], this.x[row] * ratio, this.y[row] * ratio);
  },

  // The picked aircraft is on top of all others.
  drawArrows(ink) {
    const { picked } = this;
    ink.save();
    ink.setTransform(1, 0, 0, 1, 0, 0);
    ink.globalAlpha = picked ? 0.5 : 1;
    ink.drawImage(this.fleet.canvas, 0, 0);
    ink.restore();
    if (!(picked?.row >= 0)) return;
    const { row } = picked;
    this.spritesOf(row).draw(ink, this.lookOf(row), this.frame.heading[row], this.x[row], this.y[row]);
  },

  pointSpec(theme, [west, south, east, north]) {
    const rows = this.shown();
    const spec = this.setup.pointSpecs[theme];
    const column = (name) => rows.map((row) => this.frame[name][row]);
    const value = rows.map((row) => this.names[this.codes[row]]);
    const data = { longitude: column("longitude"), latitude: column("latitude"), value };
    const layers = [{ ...spec.layers[0], data }];
    return { ...spec, layers, coord: { ...spec.coord, xlim: [west, east], ylim: [south, north] } };
  },

  drawPicked(ink) {
    const { picked, palette, camera } = this;
    const ends = [picked.told.words.origin, picked.told.words.destination].map((code) => this.airports.get(code));
    if (ends.every(Boolean)) {
      ink.setLineDash([6, 5]);
      ink.lineWidth = 1.6;
      ink.strokeStyle = palette.route;
      line(ink, greatCircle(...ends.map((end) => [end.longitude, end.latitude])), camera);
      ink.setLineDash([]);
      for (const end of ends) ring(ink, camera.px(end.longitude), camera.py(end.latitude), 5, palette.route);
    }
    const colour = this.marks[picked.code]?.[0] ?? palette.faint;
    ink.lineWidth = 3.5;
    ink.strokeStyle = colour;
    line(ink, picked.trail, camera);
    if (picked.row >= 0) ring(ink, this.x[picked.row], this.y[picked.row], 14, palette.route);
  },

  nearest(x, y) {
    let [best, least] = [-1, NEAR_PX ** 2];
    for (const row of this.shown()) {
      const away = (this.x[row] - x) ** 2 + (this.y[row] - y) ** 2;
      if (away < least) [best, least] = [row, away];
    }
    return best;
  },

  drawHover(ink) {
    const [x, y] = this.pointer;
    const row = x < 0 ? -1 : this.nearest(x, y);
    this.stage.classList.toggle("flightlib-over", row >= 0);
    if (row < 0) return this.hoverAirport(x, y);
    const told = facts(this.store, this.frame, row);
    ring(ink, this.x[row], this.y[row], 12, this.palette.ink);
    const first = [told.type, told.route].filter(Boolean).join(" · ");
    const height = [told.level, told.speed].filter(Boolean).join(" · ");
    const lines = [first, height, told.status, told.region && `Region ${told.region}`];
    say(this.tip, told.callsign, lines, this.x[row], this.y[row], this.camera.width);
  },

  hoverAirport(x, y) {
    let [found, least] = [null, 8 ** 2];
    for (const airport of x < 0 ? [] : this.airports.values()) {
      const away = (this.camera.px(airport.longitude) - x) ** 2 + (this.camera.py(airport.latitude) - y) ** 2;
      if (away < least) [found, least] = [airport, away];
    }
    if (!found) this.tip.hidden = true;
    else say(this.tip, `${found.iata} ${found.city}`, [found.name, found.code], x, y, this.camera.width);
  },

  choose(row) {
    if (row < 0) return this.leave();
    const told = facts(this.store, this.frame, row);
    if (!told.words.flight_id) return this.askRoster();
    this.picked = { id: told.words.flight_id, trail: [], told, row };
    this.follow();
    this.again();
  },

  leave() {
    this.picked = null;
    this.card.element.hidden = true;
    delete this.root.dataset.selected;
    this.again();
  },

  // Find the picked flight in the newest frame; its trail grows by each place it is seen at.
  follow() {
    const { picked, frame, store } = this;
    if (!picked) return;
    picked.row = frame.index.findIndex((index) => store.roster.get(index)?.[0] === picked.id);
    if (picked.row >= 0) {
      picked.told = facts(store, frame, picked.row);
      picked.code = this.codes[picked.row];
      const here = [frame.longitude[picked.row], frame.latitude[picked.row]];
      const last = picked.trail.at(-1);
      const moved = !last || last[0] !== here[0] || last[1] !== here[1];
      if (moved && this.setup.source !== "lake") picked.trail.push(here); // the past is no trail
    }
    this.card.tell(picked.told, picked.trail, this.airports, picked.row < 0);
    this.root.dataset.selected = picked.told.callsign;
    this.root.dataset.trail = String(picked.trail.length);
  },
});
