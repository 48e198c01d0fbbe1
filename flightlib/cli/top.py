"""`flightlib top`: engines, topics, jobs, tables and the backend at a glance, in a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from flightlib import settings as address_book
from flightlib.cli.console import console, one_line_errors
from flightlib.cli.rows import messages, status_table
from flightlib.cli.streams import ended_by_ctrl_c

if TYPE_CHECKING:
    from flightlib.observe import (
        Figures,
        JobFigures,
        RouteFigures,
        TableFigures,
        TopicFigures,
        Watcher,
    )

NONE = "–"
SHOWN = 5
"""So many routes at most, the busiest, so that all fits a screen."""
ONCE_S = 1.0
"""So long after its first look `--once` looks again: a rate needs two."""


def register(app: typer.Typer) -> None:
    """Add `top` to the command line."""
    app.command()(one_line_errors(top))


def top(
    every: Annotated[float, typer.Option(min=0.5, max=60, help="Seconds between looks.")] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="Look, print, and end.")] = False,
    backend: Annotated[
        str | None, typer.Option(help="A backend's address; by default that of the settings.")
    ] = None,
) -> None:
    """Show how all is doing, anew each second or two, until Ctrl-C; what is down says so."""
    # The engines' clients take a while to import; `flightlib --help` need not wait.
    from flightlib.observe import Watcher

    watcher = Watcher(address_book.load(), backend)
    if once:
        watcher.step()
        time.sleep(ONCE_S)
        console.print(picture(watcher.step()))
        return
    with ended_by_ctrl_c():
        if console.is_terminal:
            with _screen() as screen:
                _go_on(watcher, every, lambda told: screen.update(told, refresh=True))
        else:
            _go_on(watcher, every, console.print)


def _screen() -> Live:
    return Live(
        Text("Looking at the engines ..."), console=console, auto_refresh=False, screen=True
    )


def _go_on(watcher: Watcher, every_s: float, show: Callable[[RenderableType], Any]) -> None:
    while True:
        began_s = time.monotonic()
        show(picture(watcher.step()))
        time.sleep(max(0.0, began_s + every_s - time.monotonic()))


def picture(told: Figures) -> RenderableType:
    """Draw the figures of one moment. Pure."""
    at = time.strftime("%H:%M:%S", time.localtime(told.at_s))
    parts: list[RenderableType] = [Text(f"flightlib at {at}", style="bold")]
    parts += [status_table(told.engines)]
    parts += [Text(line, style="red") for line in messages(told.engines)]
    for name, head, rows in (
        ("topics", TOPICS, map(_topic, told.topics)),
        ("jobs", JOBS, map(_job, told.jobs)),
        ("tables", TABLES, map(_table, told.tables)),
        ("backend", ROUTES, map(_route, _busiest(told.routes))),
    ):
        parts += ["", *_part(name, head, list(rows), told.troubles.get(name))]
    return Group(*parts, *_clients(told))


def _busiest(routes: Iterable[RouteFigures]) -> list[RouteFigures]:
    return sorted(routes, key=lambda row: row.per_s or 0.0, reverse=True)[:SHOWN]


def _part(
    name: str, head: tuple[str, ...], rows: list[tuple[str, ...]], trouble: str | None
) -> Iterable[RenderableType]:
    """Draw one table under its name; without rows, or with trouble, a line that says so."""
    if rows:
        table = Table(box=None, pad_edge=False)
        for column in head:
            table.add_column(column, justify="left" if column == head[0] else "right")
        for row in rows:
            table.add_row(*row)
        yield table
    if trouble:
        yield Text(f"{name}: {trouble}", style="red")
    elif not rows:
        yield Text(f"{name}: none", style="dim")


TOPICS = ("topic", "reports/s", "lag", "clients", "to frame p50", "p99", "missed")
JOBS = ("job", "state", "reports/s", "lag", "checkpoint", "age", "failed", "restarts")
TABLES = ("table", "rows", "files", "snapshots", "last commit")
ROUTES = ("route", "requests/s", "p50", "p99", "errors")


def _topic(row: TopicFigures) -> tuple[str, ...]:
    late = (_seconds(row.to_frame_p50_s), _seconds(row.to_frame_p99_s))
    counts = (_count(row.reports_per_s), _count(row.lag), _count(row.clients))
    return (row.topic, *counts, *late, _count(row.missed))


def _job(row: JobFigures) -> tuple[str, ...]:
    colour = "green" if row.state == "RUNNING" else "red"
    times = (_seconds(row.checkpoint_s), _seconds(row.checkpoint_age_s))
    counts = (_count(row.reports_per_s), _count(row.lag))
    last = (_count(row.failed), _count(row.restarts))
    return (row.job, f"[{colour}]{row.state}[/{colour}]", *counts, *times, *last)


def _table(row: TableFigures) -> tuple[str, ...]:
    age = f"{_seconds(row.age_s)} ago" if row.age_s is not None else "none yet"
    return (row.table, _count(row.rows), _count(row.files), _count(row.snapshots), age)


def _route(row: RouteFigures) -> tuple[str, ...]:
    per_s = NONE if row.per_s is None else f"{row.per_s:,.1f}"
    return (row.route, per_s, _seconds(row.p50_s), _seconds(row.p99_s), _count(row.errors))


def _clients(told: Figures) -> Iterable[RenderableType]:
    if told.clients is None:
        return
    held, most = told.clients
    words = f"{held:,} of {most:,} streams"
    words += f", {told.refused:,} refused" if told.refused else ""
    words += f" · {told.backend_memory_mb:,.0f} MB" if told.backend_memory_mb else ""
    yield Text(words, style="red" if held >= 0.9 * most else "")


def _count(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _seconds(value: Any) -> str:
    if value is None:
        return NONE
    if value < 1:
        return f"{1000 * value:,.0f} ms"
    return f"{value:,.1f} s" if value < 120 else f"{value / 60:,.0f} min"
