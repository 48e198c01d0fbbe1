// Which theme to wear, and when it changes: JupyterLab says it on the body, others in other ways.

function themeOf(wanted) {
  if (wanted !== "auto") return wanted;
  const { body } = document;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "true" ? "light" : "dark";
  if (body.classList.contains("vscode-light")) return "light";
  if (body.classList.contains("vscode-dark")) return "dark";
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

function watchTheme(changed) {
  const observer = new MutationObserver(changed);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  const media = matchMedia("(prefers-color-scheme: light)");
  media.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    media.removeEventListener("change", changed);
  };
}

// Put a theme's colours on a widget, and tell the kernel, whose snapshots then wear it too.
function wear(root, store, theme) {
  const palette = store.setup.palettes[theme];
  if (root.dataset.theme === theme) return palette;
  store.send({ type: "theme", theme });
  for (const name of ["sea", "panel", "land", "coast", "ink", "faint", "state"])
    root.style.setProperty(`--${name}`, palette[name]);
  root.dataset.theme = theme;
  return palette;
}

// An element with a class and text. Data of flights enters the page only as text.
function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = `flightlib-${className}`;
  if (text) element.textContent = text;
  return element;
}
