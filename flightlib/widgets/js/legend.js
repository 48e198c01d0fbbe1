// The legend: what each colour means and how many there are; a press hides them.

const BUSIEST = 4;

class Legend {
  constructor(names, onChange) {
    this.element = make("div", "legend");
    this.element.setAttribute("aria-label", "Legend: press to hide or show");
    this.hidden = new Set();
    this.names = names;
    this.buttons = names.map((name, code) => {
      const button = make("button");
      button.type = "button";
      button.append(make("span"), make("span", "", named(name)), make("b", "", "0"));
      button.setAttribute("aria-pressed", "true");
      button.addEventListener("click", () => {
        if (!this.hidden.delete(code)) this.hidden.add(code);
        button.setAttribute("aria-pressed", String(!this.hidden.has(code)));
        onChange();
      });
      this.element.append(button);
      return button;
    });
  }

  wear(marks, edge) {
    this.buttons.forEach((button, code) => button.firstChild.replaceChildren(icon(...marks[code], edge)));
  }

  count(codes) {
    const counts = this.names.map(() => 0);
    for (const code of codes) counts[code] += 1;
    this.buttons.forEach((button, code) => (button.lastChild.textContent = whole(counts[code])));
  }
}

// Of the regions there are too many to name them all: how many there are, and the busiest few.
class RegionLegend {
  constructor() {
    this.element = make("div", "legend");
    this.element.setAttribute("aria-label", "Legend: the busiest regions");
    this.hidden = new Set();
    this.total = make("span", "total");
    this.busiest = make("span", "busiest");
    this.element.append(this.total, this.busiest);
  }

  wear(marks, edge) {
    [this.marks, this.edge] = [marks, edge];
    if (this.counted) this.count(...this.counted);
  }

  count(codes, regionOf) {
    this.counted = [codes, regionOf];
    const found = new Map();
    codes.forEach((code, row) => {
      const region = regionOf(row);
      const entry = found.get(region) ?? { region, code, flights: 0 };
      if (region) found.set(region, entry), (entry.flights += 1);
    });
    const busy = [...found.values()].sort((a, b) => b.flights - a.flights || (a.region < b.region ? -1 : 1));
    this.total.textContent = `${whole(busy.length)} regions of 5°${busy.length ? ", the busiest:" : ""}`;
    this.busiest.replaceChildren(...busy.slice(0, BUSIEST).map((entry) => this.entry(entry)));
  }

  entry({ region, code, flights }) {
    const told = make("span", "entry");
    if (this.marks[code]) told.append(icon(...this.marks[code], this.edge));
    told.append(make("span", "", region), make("b", "", whole(flights)));
    return told;
  }
}
