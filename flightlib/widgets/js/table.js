// The live table: the newest rows of a query, kept in view at the bottom unless one reads above;
// of a query that is asked anew the whole result, which stays where one reads it; or an answer of
// the lake, newest row first, which can be sorted and searched.

const AT_END_PX = 30;

class LiveTable extends Plain {
  constructor(store, el) {
    super(store, el, () => judgeOf(store, () => this.shown ?? 0));
    this.body.classList.add("flightlib-scroll");
    this.body.style.height = `${this.setup.height}px`;
    this.body.tabIndex = 0;
    this.body.setAttribute("aria-label", this.setup.whole ? "The rows" : "The newest rows");
    this.head = document.createElement("thead");
    this.rows = document.createElement("tbody");
    const table = make("table", "table");
    table.append(this.head, this.rows);
    this.empty = make("p", "empty", "No row yet");
    this.body.append(table, this.empty);
    if (this.setup.source === "lake") this.sortable();
    else this.foot.append((this.stop = this.stopButton("query")));
    this.refresh();
    this.again();
  }

  sortable() {
    this.sorting = new Sorting(this.setup.title, () => this.again());
    this.body.before(this.sorting.element);
  }

  refresh() {
    const fresh = this.store.freshness;
    if (!this.stop) return;
    if (!fresh?.ended && !fresh?.trouble) return;
    if (fresh.ended) this.stop.hidden = true;
    else if (this.stop.disabled) [this.stop.disabled, this.stop.textContent] = [false, "Stop"];
  }

  draw({ columns, rows: all }) {
    const { body, sorting } = this;
    const rows = sorting ? sorting.apply(columns, all) : all;
    const picture = JSON.stringify([columns, rows]);
    if (this.headed !== JSON.stringify(columns)) this.drawHead(columns);
    sorting?.mark(this.head);
    if (picture === this.drawn) return false;
    const atEnd = !this.drawn || body.scrollTop + body.clientHeight >= body.scrollHeight - AT_END_PX;
    this.rows.replaceChildren(...rows.map((row) => this.row(columns, row)));
    this.empty.hidden = rows.length > 0;
    this.empty.textContent = all.length ? "No row has these words" : "No row yet";
    this.shown = rows.length;
    this.root.dataset.rows = String(rows.length);
    if (atEnd && !sorting && !this.setup.whole) body.scrollTop = body.scrollHeight;
    this.drawn = picture;
    this.line.tell();
    return true;
  }

  drawHead(columns) {
    this.head.replaceChildren(this.headRow(columns));
    this.headed = JSON.stringify(columns);
  }

  headRow(columns) {
    const line = document.createElement("tr");
    for (const { name, type, number } of columns) {
      const cell = document.createElement("th");
      if (number) cell.className = "flightlib-number";
      cell.append(make("span", "", name), make("small", "", type));
      this.sorting?.arm(cell, name);
      line.append(cell);
    }
    return line;
  }

  row(columns, values) {
    const line = document.createElement("tr");
    values.forEach((value, i) => {
      const cell = document.createElement("td");
      cell.textContent = value ?? "NULL";
      cell.classList.toggle("flightlib-number", Boolean(columns[i]?.number));
      cell.classList.toggle("flightlib-null", value === null);
      line.append(cell);
    });
    return line;
  }
}
