"""`flightlib generate` and `serve`: a sky into Kafka, and Kafka to the browser."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from flightlib import settings as address_book
from flightlib.cli.console import Flights, console, one_line_errors
from flightlib.cli.logged import Log, chosen_format, in_json, narrate, tell
from flightlib.errors import SettingError
from flightlib.logs import set_up

if TYPE_CHECKING:
    from flightlib.kafka import Publisher, PublisherStatus

TICK_S = 1.0
Unpaced = Annotated[bool, typer.Option("--unpaced", help="Do not wait for the clock: a load test.")]


def register(app: typer.Typer) -> None:
    """Add `generate`, `scenarios` and `serve` to the command line."""
    app.command()(one_line_errors(generate))
    app.command()(one_line_errors(scenarios))
    app.command()(one_line_errors(serve))


def generate(
    flights: Flights = 1000,
    interval: Annotated[float, typer.Option(help="Seconds between reports of a flight.")] = 1.0,
    preset: Annotated[
        str, typer.Option(help="us-domestic, europe, north-atlantic or world.")
    ] = "us-domestic",
    seed: Annotated[int, typer.Option(help="The same seed gives the same sky.")] = 7,
    speed: Annotated[float, typer.Option(help="How fast the sky's clock runs; 1 is real.")] = 1.0,
    seconds: Annotated[
        float | None, typer.Option("--for", help="Stop after so many seconds; else at Ctrl-C.")
    ] = None,
    topic: Annotated[str, typer.Option(help="Where to publish.")] = "flights",
    scenario: Annotated[
        list[str] | None, typer.Option(help="What happens: a name or a .yaml file; repeatable.")
    ] = None,
    unpaced: Unpaced = False,
    log: Log = None,
) -> None:
    """Publish a sky to Kafka until Ctrl-C; what was sent is acknowledged before it ends."""
    if seconds is not None and not seconds > 0:
        raise SettingError(f"--for cannot be {seconds:g}; allowed: a number of seconds above 0.")
    logged = in_json(log, "flightlib-generate")
    # Kafka's client and numpy take half a second to import; `flightlib --help` need not wait.
    from flightlib.kafka import Publisher, now_ms
    from flightlib.scenario import chosen
    from flightlib.sky import Sky

    start_ms = now_ms()
    sky = Sky.busy(start_ms, flights=flights, preset=preset, seed=seed)
    until_ms = None if seconds is None else start_ms + int(seconds * 1000)
    # Unpaced, the sky's time runs ahead: only ours ends it.
    end_ms = None if unpaced else until_ms
    reports = sky.reports(start_ms=start_ms, interval_s=interval, until_ms=end_ms, speed=speed)
    for word in scenario or ():
        chosen(word).start(sky, start_ms)
    publisher = Publisher(reports, topic=topic, paced=not unpaced).start()
    with ended_by_ctrl_c():
        (narrate if logged else _watch)(publisher, None if until_ms is None else until_ms / 1000)
    conclude(publisher.stop(), logged)


def scenarios() -> None:
    """List what can be made to happen with `flightlib generate --scenario NAME`."""
    from rich.table import Table

    from flightlib.scenario import in_words
    from flightlib.scenario import scenarios as listed

    table = Table("scenario", "lasts", "what happens", "what to watch for", box=None)
    for one in listed():
        lasts = in_words(one.lasts_ms) if one.lasts_ms else ""
        table.add_row(one.name, lasts, one.title, one.watch)
    console.print(table)


def _watch(publisher: Publisher, until_s: float | None) -> None:
    """Show the status, anew each second on a terminal, until the publisher is through."""
    with console.status(str(publisher)) as line:
        while publisher.status.running and (until_s is None or time.time() < until_s):
            time.sleep(TICK_S)
            # Only a terminal shows this line; elsewhere the final counts speak.
            line.update(str(publisher))


def conclude(status: PublisherStatus, logged: bool = False) -> None:
    """Print, or log, what a publisher has done; exit code 1 if anything was lost."""
    if logged:
        tell(status)
    else:
        console.print(str(status), markup=False, soft_wrap=True)
    if status.errors:
        raise typer.Exit(1)


def serve(
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; by default the next free one.")
    ] = None,
    log: Log = None,
) -> None:
    """Serve the live streams on this machine until Ctrl-C, logging each request."""
    wanted = chosen_format(log)
    from flightlib import backend

    set_up(wanted, "flightlib-backend")
    backend.serve(address_book.load(), port)


@contextlib.contextmanager
def ended_by_ctrl_c() -> Iterator[None]:
    """Let Ctrl-C, or an orderly kill, end what is within and nothing more."""
    with killed_like_ctrl_c(), contextlib.suppress(KeyboardInterrupt):
        yield


@contextlib.contextmanager
def killed_like_ctrl_c() -> Iterator[None]:
    """Make an orderly kill the same as Ctrl-C within."""
    before = signal.signal(signal.SIGTERM, _as_ctrl_c)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:
    hears = signal.getsignal(signal.SIGINT)
    (hears if callable(hears) else signal.default_int_handler)(number, frame)
