// Bars and lines: the kernel sends the whole small figure; it is built anew when it has changed.

class LivePlot extends Plain {
  constructor(store, el) {
    super(store, el, () => judgeOf(store, () => store.freshness?.flights ?? Infinity));
    this.drawn = "";
    this.body.classList.add("flightlib-plot");
    this.body.style.height = `${this.setup.height}px`;
    this.body.setAttribute("role", "img");
    this.again();
  }

  draw({ specs, words }) {
    const spec = specs[this.theme];
    const width = Math.floor(this.root.clientWidth);
    const picture = JSON.stringify([spec, width]);
    if (!spec || width < 40 || picture === this.drawn) return false;
    this.body.replaceChildren(build(spec, width, this.setup.height));
    this.body.setAttribute("aria-label", words);
    this.drawn = picture;
    return true;
  }
}
