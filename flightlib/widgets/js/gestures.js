// Hands on the map: drag and pinch, wheel, double click, keys. Calls back; draws nothing.

const STEP = 80;
const KEYS = {
  ArrowLeft: ["pan", STEP, 0], ArrowRight: ["pan", -STEP, 0],
  ArrowUp: ["pan", 0, STEP], ArrowDown: ["pan", 0, -STEP],
  "+": ["zoom", 1.5], "=": ["zoom", 1.5], "-": ["zoom", 1 / 1.5], "0": ["home"], Escape: ["leave"],
};
const A_CLICK_PX = 4;

function gestures(stage, on) {
  const fingers = new Map();
  let moved = 0;
  const at = (event) => {
    const box = stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const spread = () => {
    const [a, b] = [...fingers.values()];
    return { gap: Math.hypot(a[0] - b[0], a[1] - b[1]), x: (a[0] + b[0]) / 2, y: (a[1] + b[1]) / 2 };
  };
  const listen = {
    pointerdown(event) {
      if (event.button || event.target !== stage) return;
      stage.setPointerCapture(event.pointerId);
      if (!fingers.size) moved = 0;
      fingers.set(event.pointerId, at(event));
    },
    pointermove(event) {
      const before = fingers.get(event.pointerId);
      const here = at(event);
      if (!before) return on.hover(...here);
      const pair = fingers.size === 2 ? spread() : null;
      fingers.set(event.pointerId, here);
      moved += Math.hypot(here[0] - before[0], here[1] - before[1]);
      if (pair) on.zoom(spread().gap / Math.max(pair.gap, 1), pair.x, pair.y);
      else if (moved > A_CLICK_PX) on.pan(here[0] - before[0], here[1] - before[1]);
    },
    pointerup(event) {
      const held = fingers.delete(event.pointerId);
      if (held && moved <= A_CLICK_PX) on.pick(...at(event));
    },
    pointercancel: (event) => fingers.delete(event.pointerId),
    pointerleave: () => on.hover(-1, -1),
    dblclick: () => on.home(),
    wheel(event) {
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 30 : 1;
      on.zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY * lines)) / 400), ...at(event));
    },
    keydown(event) {
      const [what, ...how] = KEYS[event.key] ?? [];
      if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // else the notebook takes the key as a command of its own
      on[what](...how);
    },
  };
  for (const [name, act] of Object.entries(listen))
    stage.addEventListener(name, act, name === "wheel" ? { passive: false } : undefined);
}
