// What is known of one flight: a word under the pointer, a card for the one that was picked.

const named = (value) => value.charAt(0) + value.slice(1).toLowerCase().replaceAll("_", " ");

function routeOf({ origin, destination }) {
  return origin || destination ? `${origin ?? "?"} → ${destination ?? "?"}` : "";
}

// The lines of one flight's row, most wanted first.
function facts(store, frame, row) {
  const words = wordsOf(store, frame.index[row]);
  const { statuses, phases } = store.setup;
  const status = named(statuses[frame.status[row]] ?? "status unknown");
  const delay = delayWords(frame.delay[row]);
  return {
    words,
    callsign: words.callsign ?? "unknown flight",
    type: words.type ?? "",
    route: routeOf(words),
    level: level(frame.altitude[row]),
    speed: Number.isFinite(frame.ground_speed[row]) ? `${whole(frame.ground_speed[row])} kt` : "",
    climb: frame.vertical_speed[row],
    heading: frame.heading[row],
    status: delay ? `${status}, ${delay}` : status,
    phase: store.setup.source === "lake" ? "" : named(phases[frame.phase[row]] ?? ""), // the lake holds none
    region: words.region ?? "",
  };
}

function say(tip, title, lines, x, y, width) {
  tip.replaceChildren(make("strong", "", title), ...lines.filter(Boolean).map((l) => make("div", "", l)));
  tip.hidden = false;
  const left = x + 16 + tip.offsetWidth > width ? x - tip.offsetWidth - 12 : x + 16;
  tip.style.transform = `translate(${Math.max(2, left)}px, ${Math.max(2, y - tip.offsetHeight - 8)}px)`;
}

class Card {
  constructor(onClose) {
    this.element = make("aside", "card");
    this.element.hidden = true;
    this.title = make("strong");
    this.close = make("button", "plain", "×");
    this.close.setAttribute("aria-label", "Close the flight's card");
    this.close.addEventListener("click", onClose);
    this.head = make("div", "card-head");
    this.head.append(this.title, this.close);
    this.list = make("dl");
    this.element.append(this.head, this.list);
  }

  tell(told, trail, airports, gone) {
    const far = ({ climb }) => (!Number.isFinite(climb) ? "" : Math.abs(climb) < 100 ? "level" : `${climb > 0 ? "↑" : "↓"} ${whole(Math.abs(climb))} ft/min`);
    const end = (code) => (airports.get(code) ? `${code} ${airports.get(code).city}` : code);
    const { words } = told;
    const rows = [
      ["Route", told.route], ["From", end(words.origin)], ["To", end(words.destination)],
      ["Aircraft", [words.type, words.registration, words.operator].filter(Boolean).join(" · ")],
      ["Altitude", told.level], ["Climb", far(told)],
      ["Speed", told.speed], ["Heading", `${Math.round(told.heading)}°`],
      ["Status", told.status], ["Phase", told.phase], ["Region", told.region],
      ["Trail", trail.length && `${trail.length} ${trail.length === 1 ? "report" : "reports"}`],
      ["Note", gone ? "no longer in the stream" : ""],
    ];
    this.title.textContent = told.callsign;
    this.list.replaceChildren(
      ...rows.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", "", name), make("dd", "", value)]),
    );
    this.element.hidden = false;
  }
}
