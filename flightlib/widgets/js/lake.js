// The lines of what is read from the lake: which snapshot it is, how old it is, what is in the way.

const LATE_S = 15; // the lake is committed to more often than that, while its job runs

const aged = ({ age_s, at }) => age_s + (performance.now() - at) / 1000;
const counted = (number, what) => `${whole(number)} ${what}${number === 1 ? "" : "s"}`;

function told(fresh, parts, late) {
  const message = (fresh.message ?? "").replace(/[.\s]+$/, "");
  const state = fresh.state === "live" && late ? "troubled" : fresh.state;
  return { state, words: [message, ...parts].filter(Boolean).join(" · ") };
}

// When the next commit is due, by the usual distance of the last ones; and whether it is late.
function due(fresh) {
  if (!fresh.usual_s || fresh.ended) return ["", false];
  const left = fresh.usual_s - aged(fresh);
  if (left > 0.05) return [`next due in ${ageWords(left)}`, false];
  if (-left <= Math.max(2, fresh.usual_s)) return ["next due now", false];
  return [`${ageWords(-left)} overdue: is the job running?`, true];
}

function judgeCommits(store) {
  const unheard = silence(store);
  if (unheard) return unheard;
  const fresh = store.freshness;
  if (fresh.state === "connecting") return told(fresh, ["Asking the catalog"]);
  const [next, late] = due(fresh);
  if (fresh.age_s === null) return told(fresh, [fresh.message ? "" : "no commit yet"]);
  const held = `${whole(fresh.rows)} rows in ${counted(fresh.files, "file")}`;
  const newest = `newest ${ageWords(aged(fresh))} old`;
  return told(fresh, [counted(fresh.snapshots, "snapshot"), newest, held, next], late);
}

// Which snapshot is shown, of how many rows, and how old it is; a brief line leaves the rest out.
function judgeLake(store) {
  const unheard = silence(store);
  if (unheard) return unheard;
  const fresh = store.freshness;
  const full = !fresh.brief || fresh.ended || fresh.snapshot === null;
  const heard = full ? fresh : { ...fresh, message: "" };
  if (fresh.snapshot === null) return told(heard, [fresh.state === "connecting" ? "Asking the lake" : fresh.message ? "" : "no answer yet"]);
  const rows = full ? [counted(fresh.rows, fresh.of)] : [];
  if (fresh.age_s === null) return told(heard, ["no snapshot yet", ...rows]);
  const late = fresh.of === "row" && aged(fresh) > LATE_S; // any other may be of the past
  const words = [`snapshot ${fresh.snapshot}`, full && `committed ${fresh.committed} UTC`, `${ageWords(aged(fresh))} old`];
  const why = full && late && fresh.state === "live" ? "is the job running?" : "";
  return told(heard, [...words, ...rows, why], late);
}
