// The legend: what each colour means and how many there are; a press hides them.

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
