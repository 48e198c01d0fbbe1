// The only script a notebook keeps: it asks the kernel for everything else, and holds what came.
// Lets-Plot, the drawing code, the ground and every frame arrive as messages, never as state.

const page = (globalThis.__flightlib ??= { modules: new Map() });

const unzip = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();

async function load(bytes) {
  const text = await unzip(bytes);
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return await import(url);
  } finally {
    URL.revokeObjectURL(url);
  }
}

// Two widgets that ask for the same module share one: the key holds its version.
function module(key, bytes) {
  if (!page.modules.has(key)) {
    const coming = load(bytes);
    coming.catch(() => page.modules.delete(key));
    page.modules.set(key, coming);
  }
  return page.modules.get(key);
}

class Store {
  constructor(model) {
    this.client = crypto.randomUUID();
    this.model = model;
    this.views = new Set();
    this.roster = new Map();
    this.latest = this.freshness = this.setup = this.app = this.trouble = null;
    this.heard = performance.now();
    this.frames = 0;
  }

  send(message) {
    try {
      this.model.send({ client: this.client, ...message });
    } catch {
      // no kernel to tell: the status line says so by itself
    }
  }

  async receive(message, buffers) {
    this.heard = performance.now();
    if (message.freshness) this.freshness = { ...message.freshness, at: this.heard };
    if (message.type === "setup") await this.prepare(message, buffers);
    if (message.type === "frame") {
      for (const [index, ...row] of message.roster ?? []) this.roster.set(index, row);
      this.latest = { ...message, buffer: buffers?.[0], heard_ms: Date.now() };
      this.frames += 1;
    }
    for (const view of this.views) view.changed?.(message.type);
  }

  async prepare(message, [plot, app, payload]) {
    this.count();
    if (this.setup || this.preparing) return;
    this.preparing = true;
    try {
      await module(`plot ${message.plot}`, plot);
      this.app = await module(`app ${message.app}`, app);
      this.setup = { ...message, ...JSON.parse(await unzip(payload)) };
    } catch (error) {
      this.trouble = `The picture cannot be drawn here: ${error.message}`;
    } finally {
      this.preparing = false;
    }
  }

  count() {
    this.send({ type: "views", count: this.views.size });
  }
}

export default () => {
  let store;
  return {
    initialize({ model }) {
      store = new Store(model);
      const listen = (message, buffers) => store.receive(message, buffers);
      model.on("msg:custom", listen);
      const light = document.body.dataset.jpThemeLight;
      store.send({ type: "hello", theme: light && (light === "true" ? "light" : "dark") });
      return () => model.off("msg:custom", listen);
    },
    render({ el }) {
      const line = document.createElement("div");
      line.setAttribute("role", "status");
      line.style.cssText = "padding:.5em;opacity:.75";
      line.textContent = "Waiting for the kernel…";
      el.replaceChildren(line);
      let drawn = null;
      const view = {
        changed(what) {
          if (store.trouble) line.textContent = store.trouble;
          else if (drawn) drawn.changed(what);
          else if (store.setup) {
            try {
              drawn = store.app[store.setup.kind](store, el);
            } catch (error) {
              line.textContent = `The picture cannot be drawn: ${error.message}`;
              el.replaceChildren(line);
            }
          }
        },
      };
      store.views.add(view);
      store.count();
      view.changed("setup");
      const late = setTimeout(() => {
        if (!drawn && !store.trouble) line.textContent += " Run this cell again to see it live.";
      }, 8000);
      return () => {
        clearTimeout(late);
        store.views.delete(view);
        drawn?.close();
        store.count();
      };
    },
  };
};
