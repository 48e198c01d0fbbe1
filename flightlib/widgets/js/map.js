// The live map: aircraft on a canvas, or as points drawn by Lets-Plot, over the ground.

const NEAR_PX = 11;

class LiveMap extends GroundMap {
  // The points, if there are any: else the canvas has it all.
  layOver() {
    this.airports = new Map(this.setup.airports.map((a) => [a.code, a]));
    this.picked = null; // { id, trail, told, gone }
    this.fleet = new Fleet();
    if (this.setup.markers !== "points") return null;
    return new Layer(this.stage, "points", (theme, box) => this.pointSpec(theme, box));
  }

  explain() {
    this.card = new Card(() => this.leave());
    this.stage.append(this.card.element);
    this.names = Object.keys(this.setup.palettes.dark[this.setup.colour]);
    this.legend = this.setup.colour === "region" ? new RegionLegend() : new Legend(this.names, () => this.again());
    return this.legend.element;
  }

  wearLegend() {
    const chosen = this.palette[this.setup.colour];
    const shape = (name) => (this.over ? "dot" : name === "CANCELLED" ? "cross" : "arrow");
    this.marks = this.names.map((name) => [chosen[name], shape(name)]);
    this.legend.wear(this.marks, this.palette.sea);
  }

  count() {
    return this.shown().length;
  }

  pick(x, y) {
    this.choose(this.nearest(x, y));
  }
}
