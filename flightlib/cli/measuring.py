"""`flightlib measure`: how fast each part is on this machine, and whether that is fast enough."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from flightlib.cli.console import console, one_line_errors
from flightlib.cli.streams import killed_like_ctrl_c


def register(app: typer.Typer) -> None:
    """Add `measure` to the command line."""
    app.command()(one_line_errors(measure))


def measure(
    figures: Annotated[
        list[str] | None, typer.Argument(help="Names of figures; all if none is given.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Small and short: only the counts are held.")
    ] = False,
    clients: Annotated[int | None, typer.Option(min=1, help="How many clients at once.")] = None,
    flights: Annotated[int | None, typer.Option(min=1, help="How many flights report.")] = None,
    reports: Annotated[int | None, typer.Option(min=1, help="How many reports are sent.")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="For how long to look.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for samples and results.")] = Path("measured"),
    list_: Annotated[
        bool, typer.Option("--list", help="Name the figures and their options.")
    ] = False,
) -> None:
    """Measure how fast each part is, on engines of its own; ends with 1 if counts differ."""
    # Numpy and the engines' clients take a while to import; `flightlib --help` need not wait.
    from flightlib import measure as room

    if list_:
        console.print(_listed())
        return
    given = {"clients": clients, "flights": flights, "reports": reports, "seconds": seconds}
    options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    with killed_like_ctrl_c():  # engines are brought down, and their data removed, in any case
        found = room.run(*figures or (), quick=quick, folder=out, say=_say, **options)
    console.print(_table(found))
    console.print(f"Samples and results: {out}", markup=False, soft_wrap=True)
    if not found.ok:
        raise typer.Exit(1)


def _say(words: str) -> None:
    console.print(words, markup=False, soft_wrap=True)


def _listed() -> Table:
    from flightlib.measure import figures

    table = Table("figure", "what is measured", "goals", "options", box=None)
    for one in figures():
        goals = "\n".join(goal.words for goal in one.goals)
        table.add_row(one.name, one.title, goals, ", ".join(one.options))
    return table


def _table(found: Any) -> Table:
    table = Table(*found.to_frame().columns, box=None)
    for row in found.to_frame().itertuples(index=False):
        table.add_row(*row)
    return table
