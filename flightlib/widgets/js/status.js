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

// What the line of a query or a job says while the kernel says nothing; else nothing.
function silence({ freshness, heard }) {
  if (!freshness) return { state: "connecting", words: "Waiting for the first word from the kernel…" };
  const quiet = performance.now() - heard;
  if (quiet <= KERNEL_SILENT_MS || freshness.ended) return null;
  return { state: "kernel silent", words: `The kernel has sent nothing since ${clock(Date.now() - quiet)}` };
}

// A query's line: how it stands, how many rows there are, how fast they come, and since when not.
function judgeQuery(store, shown = Infinity) {
  const unheard = silence(store);
  if (unheard) return unheard;
  const now = performance.now();
  const fresh = store.freshness;
  const running = fresh.state === "running";
  const known = fresh.state === "disconnected" ? "" : `${fresh.state}${fresh.message ? ": " : ""}`;
  const rows = `${whole(fresh.total)} ${fresh.total === 1 ? "row" : "rows"}`;
  const parts = [`${known}${fresh.message.replace(/[.\s]+$/, "")}`];
  const end = fresh.whole ? "first" : "newest";
  parts.push(shown < fresh.total ? `${rows}, the ${end} ${whole(shown)} here` : rows);
  const state = running ? (fresh.trouble ? "troubled" : "live") : fresh.state;
  if (fresh.whole) return { state, words: parts.join(" · ") };
  if (running) parts.push(`${fresh.rows_per_s < 10 ? fresh.rows_per_s.toFixed(1) : whole(fresh.rows_per_s)} rows/s`);
  if (fresh.age_s === null) parts.push(running ? "no row yet" : "no row came");
  else if (running) parts.push(`last row ${ageWords(fresh.age_s + (now - fresh.at) / 1000)} ago`);
  return { state, words: parts.join(" · ") };
}

// A job's line: when the cluster was last asked, or what stands in the way.
function judgeJob(store) {
  const unheard = silence(store);
  if (unheard) return unheard;
  const { message, ended, state } = store.freshness;
  if (message) return { state: ended ? state : "troubled", words: message };
  const asked = (performance.now() - store.heard) / 1000;
  return { state: "live", words: `asked the cluster ${ageWords(asked)} ago` };
}

// The line of a widget, by what stands behind its picture.
function judgeOf(store, count) {
  const { source } = store.setup;
  if (source === "query") return judgeQuery(store, count());
  if (source === "lake") return judgeLake(store);
  if (source === "commits") return judgeCommits(store);
  return judge(store, count());
}

class StatusLine {
  constructor(root, judge) {
    this.line = make("div", "status");
    this.dot = make("span", "dot");
    this.words = make("span");
    this.line.append(this.dot, this.words);
    this.line.setAttribute("role", "status");
    this.line.setAttribute("aria-live", "off");
    Object.assign(this, { root, judge });
    this.timer = setInterval(() => this.tell(), 500);
  }

  tell() {
    const { state, words } = this.judge();
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
