// What the boot script finds in the drawing code, by the kind of widget.

export const map = (store, el) => new LiveMap(store, el);
export const bars = (store, el) => new LiveBars(store, el);
