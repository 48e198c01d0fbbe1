// What the boot script finds in the drawing code, by the kind of widget.

export const map = (store, el) => new LiveMap(store, el);
export const density = (store, el) => new LiveDensity(store, el);
export const plot = (store, el) => new LivePlot(store, el);
export const table = (store, el) => new LiveTable(store, el);
export const panel = (store, el) => new JobPanel(store, el);
