// The line that always tells the truth: it counts on by itself when the kernel says no more.

const KERNEL_SILENT_MS = 5000;
const clock = (ms) => new Date(ms).toLocaleTimeString("en-GB");

function ageWords(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  return `${Math.floor(seconds / 60)} min`;
}

// Give the state and the words of the line at this moment.
function judge(store, shown) {
  const now = performance.now();
  const fresh = store.freshness;
  if (!fresh) return { state: "connecting", words: "Waiting for the first word from the kernel…" };
  const quiet = now - store.heard;
  const silent = quiet > KERNEL_SILENT_MS && !fresh.ended;
  const state = silent ? "kernel silent" : fresh.state;
  const some = shown === fresh.flights ? "" : `${whole(shown)} of `;
  const parts = [`${some}${whole(fresh.flights)} flights`];
  if (state === "live") parts.unshift("live"), parts.push(`${whole(fresh.reports_per_s)} reports/s`);
  else parts.unshift(trouble(state, fresh, Date.now() - quiet));
  if (fresh.age_s === null) parts.push("no report yet");
  else parts.push(`newest ${ageWords(fresh.age_s + (now - fresh.at) / 1000)} ago`);
  return { state, words: parts.join(" · ") };
}

function trouble(state, fresh, heardAt) {
  const last = fresh.flights ? ", showing the last picture" : "";
  if (state === "kernel silent")
    return `The kernel has sent nothing since ${clock(heardAt)}${last}`;
  if (state === "connecting" && !fresh.message) return "Connecting to the backend";
  const message = (fresh.message || state).replace(/[.\s]+$/, "");
  return `${message} (since ${clock(fresh.since_ms)}${last})`;
}

class StatusLine {
  constructor(root, store, shown) {
    this.line = make("div", "status");
    this.dot = make("span", "dot");
    this.words = make("span");
    this.line.append(this.dot, this.words);
    this.line.setAttribute("role", "status");
    this.line.setAttribute("aria-live", "off");
    Object.assign(this, { root, store, shown });
    this.timer = setInterval(() => this.tell(), 500);
  }

  tell() {
    const { state, words } = judge(this.store, this.shown());
    this.words.textContent = words;
    if (this.root.dataset.state !== state) {
      this.root.dataset.state = state;
      this.line.setAttribute("aria-live", state === "live" ? "off" : "polite");
    }
  }

  close() {
    clearInterval(this.timer);
  }
}
