"""`flightlib demo`: from nothing to a moving map in JupyterLab, with one command."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from flightlib import settings as address_book
from flightlib.cli import lab
from flightlib.cli.bars import Abandoned, Bars
from flightlib.cli.console import Flights, console, one_line_errors, say_error
from flightlib.cli.engines import bring_up, check_machine
from flightlib.cli.workspace import notebooks_beside
from flightlib.engines import ENGINES
from flightlib.errors import FlightlibError
from flightlib.settings import Settings

FIRST = ["kafka", "registry"]
THEN = [engine for engine in ENGINES if engine not in FIRST]
NOTEBOOK = "01_kafka_to_map.ipynb"


def register(app: typer.Typer) -> None:
    """Add `demo` to the command line."""
    app.command()(one_line_errors(demo))


def demo(
    flights: Flights = 1000,
    preset: Annotated[
        str, typer.Option(help="us-domestic, europe, north-atlantic or world.")
    ] = "us-domestic",
    browser: Annotated[bool, typer.Option(help="Open a browser, or print the address.")] = True,
    folder: Annotated[Path, typer.Option(help="Where the notebooks go.")] = Path("."),
) -> None:
    """Check the machine, start the engines, publish a sky and open JupyterLab on the live map."""
    from flightlib.kafka import now_ms
    from flightlib.sky import Sky

    settings = address_book.load()
    # A wrong argument is said before anything starts.
    sky = Sky.busy(now_ms(), flights=flights, preset=preset)
    with lab.only_one(settings):
        _every_end_is_ctrl_c()
        try:
            check_machine(settings)
            notebooks, kept = notebooks_beside(folder)
            for name in kept:
                console.print(f"{name}: you changed it, so it stays as it is.")
            bring_up(settings, FIRST)
            with _published(settings, sky), _the_rest(settings):
                _work(settings, notebooks, browser)
        except KeyboardInterrupt:
            console.print("Ended.")
        console.print("The engines go on running; `flightlib down` stops them.")


def _every_end_is_ctrl_c() -> None:
    """Let an orderly kill and a closed terminal end the demo as cleanly as Ctrl-C does."""
    for sign in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(sign) is not signal.SIG_IGN:  # as under `nohup`
            signal.signal(sign, signal.default_int_handler)


@contextmanager
def _published(settings: Settings, sky: Any) -> Iterator[None]:
    """Publish a sky meanwhile; at the end say what came of it."""
    from flightlib.kafka import Publisher, now_ms

    publisher = Publisher(sky.reports(start_ms=now_ms()), settings=settings).start()
    console.print(f"A sky of {sky.flights:,} flights is on its way to Kafka.")
    try:
        yield
    finally:
        console.print(str(publisher.stop()), soft_wrap=True)


@contextmanager
def _the_rest(settings: Settings) -> Iterator[None]:
    """Start the other engines meanwhile; at the end fetch no further for them."""
    bars = Bars()
    threading.Thread(target=_start_the_rest, args=[settings, bars], daemon=True).start()
    try:
        yield
    finally:
        bars.abandon()


def _start_the_rest(settings: Settings, bars: Bars) -> None:
    try:
        bring_up(settings, THEN, bars)
    except Abandoned:
        return
    except FlightlibError as error:
        # The map needs none of these engines: say what is wrong and let it run.
        say_error(error)


def _work(settings: Settings, notebooks: Path, browser: bool) -> None:
    with lab.running(settings, notebooks, NOTEBOOK, browser) as server:
        console.print(f"JupyterLab: {server.address}\nPress Ctrl-C here to end it.", soft_wrap=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            console.print("Ending JupyterLab.")
