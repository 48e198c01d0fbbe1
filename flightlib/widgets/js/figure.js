// Lets-Plot figures in an element: built aside and swapped in, so that a failure leaves the last.

function build(spec, width, height) {
  const holder = document.createElement("div");
  const inner = document.createElement("div");
  inner.style.cssText = `width:${width}px;height:${height}px`;
  holder.append(inner);
  // Lets-Plot measures text in the page: an element outside of it would give none.
  holder.style.cssText = "position:absolute;left:0;top:0;visibility:hidden";
  document.body.append(holder);
  const sized = { ...spec, ggsize: { width, height } };
  const sizing = { width_mode: "FIXED", height_mode: "FIXED", width, height };
  try {
    globalThis.LetsPlot.buildPlotFromRawSpecs(sized, inner, sizing);
    const failure = inner.querySelector("svg") ? "" : inner.textContent.trim().split("\n")[0];
    if (failure) throw new Error(failure);
  } finally {
    holder.remove();
  }
  return inner;
}

// Which rows of a layer a window needs: of the ground, the lines that touch it; of the airports,
// the busiest in it, and no more than there is room for.
function rowsWithin(data, most, [west, south, east, north]) {
  const { longitude, latitude, line } = data;
  const keep = [];
  if (most) {
    for (let row = 0; row < longitude.length && keep.length < most; row += 1) {
      const [x, y] = [longitude[row], latitude[row]];
      if (x > west && x < east && y > south && y < north) keep.push(row);
    }
    return keep;
  }
  for (let start = 0, end = 0; start < line.length; start = end) {
    let [left, low, right, high] = [Infinity, Infinity, -Infinity, -Infinity];
    for (end = start; end < line.length && line[end] === line[start]; end += 1) {
      left = Math.min(left, longitude[end]);
      right = Math.max(right, longitude[end]);
      low = Math.min(low, latitude[end]);
      high = Math.max(high, latitude[end]);
    }
    if (left <= east && right >= west && low <= north && high >= south)
      for (let row = start; row < end; row += 1) keep.push(row);
  }
  return keep;
}

// A map's specification for a window: its limits, and of its data only what is seen.
function mapSpec(setup, theme, bounds, zoom) {
  const [west, south, east, north] = bounds;
  const spec = setup.specs[theme];
  const layers = spec.layers.map((layer, i) => {
    const keep = rowsWithin(setup.data[i], setup.most[i] && setup.most[i] * zoom, bounds);
    const pick = ([name, column]) => [name, keep.map((row) => column[row])];
    return { ...layer, data: Object.fromEntries(Object.entries(setup.data[i]).map(pick)) };
  });
  return { ...spec, layers, coord: { ...spec.coord, xlim: [west, east], ylim: [south, north] } };
}
