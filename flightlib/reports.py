"""Executed notebooks as reports: an .ipynb and one HTML page that needs no kernel, no network."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbconvert import HTMLExporter

from flightlib.errors import FlightlibError, SettingError, not_allowed
from flightlib.settings import shared_folder

# Quiet about its transport; and messages sent by copy, since a large one that is sent by reference
# while the kernel ends leaves a stack trace behind.
_KERNEL = ["--log-level=ERROR", "--Session.copy_threshold=1000000000"]
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class ReportFailed(FlightlibError):
    """A cell of the notebook failed; the message names the cell and its error."""


def chosen(names: Iterable[str]) -> list[Path]:
    """Find notebooks by name or path; all of flightlib's own, in order, if none is named.

    Raises SettingError for a name that is neither a file nor one of flightlib's notebooks.
    """
    own = {path.stem: path for path in sorted(shared_folder("notebooks").glob("*.ipynb"))}
    return [_find(name, own) for name in names] or list(own.values())


def _find(name: str, own: dict[str, Path]) -> Path:
    path = Path(name)
    if path.is_file():
        return path
    if path.stem in own:
        return own[path.stem]
    raise SettingError(not_allowed("A notebook", name, own) + " A path to a file also works.")


def parameters(pairs: Iterable[str]) -> dict[str, Any]:
    """Read NAME=VALUE pairs; a value is a Python literal where it reads as one, else text.

    Raises SettingError for a pair without `=` or without a usable name.
    """
    values: dict[str, Any] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise SettingError(f"A parameter is NAME=VALUE, for example flights=200; got {pair!r}.")
        values[name] = _literal(text)
    return values


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def run(notebook: Path, out: Path, values: dict[str, Any]) -> Path:
    """Execute a notebook with papermill and write it and its HTML page into `out`.

    Returns the HTML page's path. Raises SettingError for a value the notebook has no parameter
    for, and ReportFailed naming the cell that failed; the notebook is kept up to that cell.
    """
    known = papermill.inspect_notebook(str(notebook))
    for name in values:
        if name not in known:
            raise SettingError(not_allowed(f"A parameter of {notebook.stem}", name, known))
    out.mkdir(parents=True, exist_ok=True)
    executed = out / notebook.name
    try:
        papermill.execute_notebook(
            *(str(notebook), str(executed), values),
            cwd=str(out),
            progress_bar=False,
            extra_arguments=_KERNEL,
        )
    except papermill.PapermillExecutionError as error:
        raise ReportFailed(
            f"{notebook.stem} stopped at cell {error.cell_index}: {error.ename}: {error.evalue} "
            f"What ran is kept in {executed}."
        ) from None
    return to_html(executed, notebook.parent)


def to_html(executed: Path, pictures: Path) -> Path:
    """Write an executed notebook as one HTML file that loads nothing from elsewhere.

    The pictures its text shows come from the folder `pictures`, into the page. A live widget
    needs a kernel, so its place is left out; the picture of `snapshot()` stays.
    """
    book = nbformat.read(str(executed), as_version=4)
    book.metadata.pop("widgets", None)
    for cell in book.cells:
        cell.outputs = [o for o in cell.get("outputs", []) if not _is_widget(o)]
    exporter = HTMLExporter(
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        jupyter_widgets_base_url="",
        embed_images=True,
    )
    resources = {"metadata": {"path": str(pictures)}}
    page = executed.with_suffix(".html")
    page.write_text(exporter.from_notebook_node(book, resources)[0], encoding="utf-8")
    return page


def _is_widget(output: dict[str, Any]) -> bool:
    return WIDGET_VIEW in output.get("data", {})
