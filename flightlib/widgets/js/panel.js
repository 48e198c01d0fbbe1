// The job panel: the facts of one job, as the kernel has put them into words.

const labConfig = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
const labBase = labConfig.baseUrl && new URL(labConfig.baseUrl, location.href);
let passesOn; // whether this JupyterLab has jupyter-server-proxy; it is asked once

// Where a browser finds a page of the kernel's machine. Behind a hub, or through a tunnel, it
// reaches JupyterLab and nothing else: there the way leads through it, as the tile's does.
async function wayTo(page) {
  const { hostname, port, pathname, search, hash } = new URL(page);
  if (!labBase || !["127.0.0.1", "localhost"].includes(hostname)) return page;
  passesOn ??= fetch(new URL("server-proxy/servers-info", labBase)).then((answer) => answer.ok, () => false);
  if (!(await passesOn)) return page;
  return new URL(`proxy/${port}${pathname}${search}${hash}`, labBase).href;
}

class JobPanel extends Plain {
  constructor(store, el) {
    super(store, el, () => judgeJob(store));
    const head = make("div", "job");
    [this.dot, this.name, this.state] = [make("span", "mood"), make("strong"), make("span", "job-state")];
    this.link = make("a", "act", "Flink page ↗");
    this.link.target = "_blank";
    this.link.rel = "noopener noreferrer";
    this.stop = this.stopButton("job");
    const acts = make("span", "acts");
    acts.append(this.link, this.stop);
    head.append(this.dot, this.name, this.state, acts);
    this.why = make("div", "why");
    this.facts = make("div", "facts");
    this.body.append(head, this.why, this.facts);
    this.again();
  }

  refresh() {
    const failed = this.store.freshness?.message && !this.store.freshness.ended;
    if (failed && this.stop.disabled) [this.stop.disabled, this.stop.textContent] = [false, "Stop"];
  }

  draw({ name, state, mood, why, page, facts }) {
    this.dot.style.background = this.setup.dots[mood];
    this.name.textContent = name;
    this.state.textContent = state;
    this.root.dataset.job = state;
    this.link.hidden = !page;
    if (page) wayTo(page).then((href) => (this.link.href = href));
    this.stop.hidden = mood === "over" || state === "FAILED";
    if (this.stop.hidden) [this.stop.disabled, this.stop.textContent] = [false, "Stop"];
    this.why.textContent = why;
    this.why.hidden = !why;
    this.facts.replaceChildren(...facts.map((fact) => this.fact(...fact)));
    return true;
  }

  fact(name, value, note) {
    const tile = make("div", "fact");
    tile.append(make("span", "", name), make("b", "", value), make("span", "", note));
    return tile;
  }
}
