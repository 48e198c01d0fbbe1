// The hands on a table: a press on a head sorts, words in the box leave out rows. What was chosen
// stays when new rows come.

const NEXT = { none: "ascending", ascending: "descending", descending: "none" };
const number = (word) => Number(word.replaceAll(",", ""));

class Sorting {
  constructor(title, onChange) {
    Object.assign(this, { column: "", order: "none", wanted: "", onChange });
    this.box = make("input", "search");
    this.box.type = "search";
    this.box.placeholder = "filter rows";
    this.box.setAttribute("aria-label", "Show only rows with these words");
    this.box.addEventListener("input", () => {
      this.wanted = this.box.value.trim().toLowerCase();
      onChange();
    });
    this.box.addEventListener("keydown", (event) => event.stopPropagation()); // no notebook commands
    this.found = make("span", "found");
    this.element = make("div", "tools");
    this.element.append(make("strong", "", title), this.found, this.box);
  }

  // Turn a head into a button; the first press sorts upwards, the second down, the third not.
  arm(cell, name) {
    const button = make("button", "sort");
    button.type = "button";
    button.title = `Sort by ${name}`;
    button.append(...cell.childNodes);
    button.addEventListener("click", () => {
      this.order = this.column === name ? NEXT[this.order] : "ascending";
      this.column = name;
      this.onChange();
    });
    cell.dataset.column = name;
    cell.append(button);
  }

  mark(head) {
    for (const cell of head.querySelectorAll("th"))
      cell.setAttribute("aria-sort", cell.dataset.column === this.column ? this.order : "none");
  }

  apply(columns, rows) {
    const words = this.wanted.split(/\s+/).filter(Boolean);
    const holds = (row) => words.every((word) => row.some((cell) => cell?.toLowerCase().includes(word)));
    const found = words.length ? rows.filter(holds) : rows;
    this.found.textContent = words.length ? `${whole(found.length)} of ${whole(rows.length)} rows` : "";
    const at = columns.findIndex(({ name }) => name === this.column);
    if (at < 0 || this.order === "none") return found;
    const way = this.order === "ascending" ? 1 : -1;
    return [...found].sort((a, b) => this.compare(a[at], b[at], columns[at].number, way));
  }

  // Nothing comes last, whichever way; numbers by their size, words by their letters.
  compare(a, b, numbers, way) {
    if (a === null || b === null) return (a === null) - (b === null);
    return way * (numbers ? number(a) - number(b) : a < b ? -1 : a > b ? 1 : 0);
  }
}
