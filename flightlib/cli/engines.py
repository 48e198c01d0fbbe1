"""`flightlib up`, `down`, `status`, `logs`, `doctor`, `reset`: the engines from a terminal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Annotated

import typer

from flightlib import settings as address_book
from flightlib.cli import lab
from flightlib.cli.bars import Bars
from flightlib.cli.console import console, one_line_errors
from flightlib.cli.rows import COLOUR, messages, status_table
from flightlib.engines import (
    Check,
    apps,
    chosen,
    doctor,
    doctor_compose,
    found,
    in_containers,
    mode,
    prepare,
)
from flightlib.engines.doctor import memory
from flightlib.engines.folder import check_name, size_bytes
from flightlib.engines.names import elsewhere, place
from flightlib.errors import MachineError
from flightlib.settings import Settings, variable

Engines = Annotated[
    list[str] | None,
    typer.Argument(help="Engines by name (`flink` is four of them); all if none is given."),
]
InContainers = Annotated[
    bool,
    typer.Option(
        "--compose",
        help="In containers, by `docker compose`. It stays so until `flightlib down`; there are "
        "`sky`, `backend`, `lab`, `prometheus` and `grafana` beside the engines then.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for programs.")]


def register(app: typer.Typer) -> None:
    """Add the engines' commands to the command line."""
    app.command()(one_line_errors(up))
    app.command()(one_line_errors(down))
    app.command()(one_line_errors(status))
    app.command()(one_line_errors(logs))
    app.command(name="doctor")(one_line_errors(diagnose))
    app.command()(one_line_errors(reset))


def up(
    engines: Engines = None,
    compose: InContainers = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Only fetch files; start nothing.")
    ] = False,
) -> None:
    """Start engines and wait until each is healthy; the first time, fetch them."""
    settings = address_book.load()
    if fetch:
        _fetch(settings, engines)
        return
    _check_memory(settings)
    bring_up(settings, engines, compose=compose)
    token = mode.recall(settings.data).token
    if "lab" in (engines or ()) and token:
        place = f"{apps.address(settings, 'lab')}/lab?token={token}"
        console.print(f"JupyterLab: {place}", soft_wrap=True)


def _fetch(settings: Settings, engines: Iterable[str] | None) -> None:
    """Bring the files of engines to this machine, so that a later start needs no network."""
    wanted = chosen(engines)
    check_name("FLIGHTLIB_CACHE", settings.cache)
    with Bars() as bars:
        prepare(settings, wanted, bars)
    console.print(f"All files are here: {', '.join(wanted)}.", soft_wrap=True)


def _check_memory(settings: Settings) -> None:
    """Say that memory is short; raise MachineError if it is too short for any engine."""
    found = memory(settings)
    if found.state == "fail":
        raise MachineError(f"{found.name}: {found.found}. {found.fix}")
    if found.state == "warn":
        _print_checks([found])


def bring_up(
    settings: Settings,
    engines: Iterable[str] | None = None,
    bars: Bars | None = None,
    *,
    compose: bool = False,
) -> None:
    """Start engines with progress bars and a line as each becomes healthy."""
    with bars or Bars() as shown:
        found(settings, console.print, compose=compose).up(engines, _lines(shown), shown)


def _lines(bars: Bars) -> Callable[[str, str], None]:
    """Make a report that prints a line per engine, with the seconds since its start."""
    begun: dict[str, float] = {}

    def report(engine: str, state: str) -> None:
        bars.close()
        if state == "remote":
            name = variable(place(engine))
            console.print(f"{engine:<12} [cyan]remote[/cyan] {name} is set: not started here")
            return
        if state == "starting":
            begun[engine] = time.monotonic()
            return
        after = f"in {time.monotonic() - begun[engine]:.1f} s" if engine in begun else ""
        if state == "healthy" and not after:
            after = "already"
        console.print(f"{engine:<12} [green]{state}[/green] {after}".rstrip())

    return report


def down(engines: Engines = None, compose: InContainers = False) -> None:
    """Stop the engines that `up` started, and what a killed demo left; nothing else."""
    settings = address_book.load()
    stopped: list[str] = []
    running = found(settings, console.print, compose=compose)
    running.down(engines, lambda engine, _: stopped.append(engine))
    if not engines and lab.end_leftovers(settings):
        stopped.append("the JupyterLab of a demo that was killed")
    said = f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running."
    console.print(said, soft_wrap=True)
    if not engines and lab.running_demo(settings):
        console.print("A demo is still open: end it with Ctrl-C where it runs.")


def status(
    engines: Engines = None,
    as_json: AsJson = False,
    compose: InContainers = False,
) -> None:
    """Show each engine's address, health, uptime, memory and restarts; exit 1 if one is down."""
    rows = found(address_book.load(), compose=compose).status(engines)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        console.print(status_table(rows))
        for line in messages(rows):
            console.print(line, markup=False, soft_wrap=True)
    if not all(row.healthy for row in rows):
        raise typer.Exit(1)


def logs(
    engine: Annotated[str, typer.Argument(help="One engine by name.")],
    lines: Annotated[int, typer.Option(min=0, help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option(help="Go on showing lines until Ctrl-C.")] = False,
    compose: InContainers = False,
) -> None:
    """Show the last lines an engine wrote."""
    settings = address_book.load()
    running = found(settings, compose=compose)
    shown = running.logs(engine, lines)
    if elsewhere(settings, engine):
        console.print(f"{engine} runs elsewhere, and so its log is there.")
    elif not shown and not follow and not running.ran(engine):
        console.print(f"{engine} has no log yet: it never ran. Start it with `flightlib up`.")
    for line in shown:
        typer.echo(line)
    if follow:
        running.follow(engine, lambda text: typer.echo(text, nl=False))


def diagnose(as_json: AsJson = False, compose: InContainers = False) -> None:
    """Check what this machine has and lacks, with the fix; exit 1 if something will not do."""
    checks = _checks(address_book.load(), compose=compose)
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        _print_checks(checks)
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(1)


def _checks(
    settings: Settings, engines: Iterable[str] | None = None, *, compose: bool = False
) -> list[Check]:
    """Look at what the engines need, in the way they run or are to run."""
    if compose or in_containers(settings.data):
        return doctor_compose(settings)
    return doctor(settings, engines)


def check_machine(settings: Settings, engines: Iterable[str] | None = None) -> None:
    """Print every check; raise MachineError with the first one that fails."""
    checks = _checks(settings, engines)
    _print_checks(checks)
    for check in checks:
        if check.state == "fail":
            raise MachineError(f"{check.name}: {check.found}. {check.fix}")


def _print_checks(checks: list[Check]) -> None:
    for check in checks:
        colour = COLOUR[check.state]
        console.print(f"[{colour}]{check.state:<4}[/{colour}] {check.name:<10} ", end="")
        console.print(f"{check.found}  {check.fix}".rstrip(), markup=False, soft_wrap=True)


def reset(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete all data of the engines: topics, schemas, tables, logs. Asks first."""
    settings = address_book.load()
    if lab.running_demo(settings):
        raise MachineError("A demo is open: end it with Ctrl-C where it runs, then reset.")
    if not yes:
        size = size_bytes(settings.data) / 1e6
        typer.confirm(f"Delete everything in {settings.data} ({size:.0f} MB)?", abort=True)
    found(settings, console.print).reset()
    console.print(f"{settings.data} is empty.", soft_wrap=True)
