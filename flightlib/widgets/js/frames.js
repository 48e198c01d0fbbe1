// One frame: columns of 32-bit floats as the kernel packed them, and the words that go with a row.

const COLUMNS = [
  "index", "longitude", "latitude", "heading", "altitude", "ground_speed",
  "vertical_speed", "status", "phase", "delay", "age", "hue",
];

function unpack({ rows, buffer }) {
  const bytes = buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
  const all = new Float32Array(bytes);
  const frame = { rows };
  COLUMNS.forEach((name, i) => (frame[name] = all.subarray(i * rows, (i + 1) * rows)));
  return frame;
}

const WORDS = ["flight_id", "callsign", "type", "registration", "operator", "origin", "destination", "region"];

// What the roster knows about one row of a frame.
function wordsOf(store, index) {
  const row = store.roster.get(index) ?? [];
  return Object.fromEntries(WORDS.map((name, i) => [name, row[i] ?? null]));
}

const whole = (number) => Math.round(number).toLocaleString("en-US");
const level = (feet) =>
  `FL${String(Math.round(feet / 100)).padStart(3, "0")} · ${whole(feet)} ft`;

function delayWords(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const minutes = Math.round(seconds / 60);
  return minutes === 0 ? "" : `${minutes > 0 ? "+" : "−"}${Math.abs(minutes)} min`;
}
