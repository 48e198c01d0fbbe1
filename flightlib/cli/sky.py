"""`flightlib sky check`: the simulated sky beside figures of real traffic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from flightlib.cli.console import Flights, console, one_line_errors

if TYPE_CHECKING:
    from flightlib.sky.check import Figure

COLOURS = {"pass": "green", "off": "red", "-": ""}


def register(app: typer.Typer) -> None:
    """Add `sky check` to the command line."""
    group = typer.Typer(no_args_is_help=True, help="Look at the simulated sky itself.")
    group.callback()(_nothing)
    group.command()(one_line_errors(check))
    app.add_typer(group, name="sky")


def _nothing() -> None:
    """Keep `check` a command of its own, though it is the only one."""


def check(
    presets: Annotated[
        list[str] | None, typer.Argument(help="Names of presets; all if none is given.")
    ] = None,
    flights: Flights = 1000,
    hours: Annotated[float, typer.Option(help="For how long to look at it.")] = 24.0,
) -> None:
    """Compare each preset with real traffic, figure by figure; ends with 1 if one is off."""
    # Numpy takes a while to import; `flightlib --help` need not wait for it.
    from flightlib.sky import PRESETS, Sky
    from flightlib.sky.check import SEED
    from flightlib.sky.check import check as checked

    skies = [Sky(flights, preset, SEED) for preset in presets or PRESETS]
    off = 0
    for sky in skies:
        figures = checked(sky, hours=hours)
        console.print(_table(sky.preset, figures))
        off += sum(figure.verdict == "off" for figure in figures)
    if off:
        console.print(f"{off} off.")
        raise typer.Exit(1)


def _table(preset: str, figures: list[Figure]) -> Table:
    sources = sorted({figure.source for figure in figures} - {""})
    table = Table(title=preset, caption="; ".join(sources) or None)
    table.add_column("figure")
    for column in ("reference", "ours"):
        table.add_column(column, justify="right")
    table.add_column("verdict")
    for figure in figures:
        known = figure.reference is not None
        reference = f"{figure.reference:g} ±{figure.tolerance:g}" if known else "-"
        verdict, colour = figure.verdict, COLOURS[figure.verdict]
        styled = f"[{colour}]{verdict}[/]" if colour else verdict
        table.add_row(figure.name, reference, f"{figure.ours:.4g}", styled)
    return table
