"""`flightlib report`: run notebooks from start to end and keep what they showed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flightlib.cli.console import console, one_line_errors


def register(app: typer.Typer) -> None:
    """Add `report` to the command line."""
    app.command()(one_line_errors(report))


def report(
    notebooks: Annotated[
        list[str] | None, typer.Argument(help="Names or paths of notebooks; all if none is given.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the executed notebooks.")] = Path("reports"),
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="NAME=VALUE for the parameters cell; repeatable."),
    ] = None,
) -> None:
    """Run notebooks and write each as an executed .ipynb and as one HTML file."""
    # The notebook libraries take a second to import; `flightlib status` need not wait for them.
    from flightlib.reports import chosen, parameters, run

    values = parameters(parameter or [])
    for notebook in chosen(notebooks or []):
        console.print(f"{notebook.stem}: running")
        page = run(notebook, out, values)
        console.print(f"{notebook.stem}: written to {page}")
