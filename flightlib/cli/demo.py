"""`flightlib demo`: from nothing to a moving map in JupyterLab, with one command."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer

from flightlib import settings as address_book
from flightlib.cli import lab
from flightlib.cli.console import console, one_line_errors
from flightlib.cli.engines import bring_up, check_machine
from flightlib.cli.workspace import notebooks_beside
from flightlib.errors import FlightlibError
from flightlib.settings import Settings

FIRST = ["kafka", "registry"]
THEN = ["catalog", "jobmanager", "taskmanager", "gateway", "trino"]
NOTEBOOK = "01_kafka_to_map.ipynb"


def register(app: typer.Typer) -> None:
    """Add `demo` to the command line."""
    app.command()(one_line_errors(demo))


def demo(
    flights: Annotated[int, typer.Option(help="Aircraft in the sky.")] = 1000,
    region: Annotated[str, typer.Option(help="Where they fly.")] = "us",
    browser: Annotated[bool, typer.Option(help="Open a browser, or print the address.")] = True,
    folder: Annotated[Path, typer.Option(help="Where the notebooks go.")] = Path("."),
) -> None:
    """Check the machine, start the engines, publish a sky and open JupyterLab on the live map."""
    settings = address_book.load()
    with lab.only_one(settings):
        check_machine(settings)
        bring_up(settings, FIRST)
        publisher = _publish(settings, flights, region)
        try:
            threading.Thread(target=_start_the_rest, args=[settings], daemon=True).start()
            _work(settings, folder, browser)
        finally:
            console.print(str(publisher.stop()))
            console.print("The engines go on running; `flightlib down` stops them.")


def _publish(settings: Settings, flights: int, region: str) -> Any:
    from flightlib.kafka import Publisher, now_ms
    from flightlib.sky import Sky

    sky = Sky(flights=flights, region=region)
    publisher = Publisher(sky.reports(start_ms=now_ms()), settings=settings).start()
    console.print(f"{sky} is on its way to Kafka.")
    return publisher


def _start_the_rest(settings: Settings) -> None:
    try:
        bring_up(settings, THEN)
    except FlightlibError as error:
        # The map needs none of these engines: say what is wrong and let it run.
        console.print(f"[red]{type(error).__name__}[/red]: {error}")


def _work(settings: Settings, folder: Path, browser: bool) -> None:
    notebooks, kept = notebooks_beside(folder)
    for name in kept:
        console.print(f"{name}: you changed it, so it stays as it is.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with lab.running(settings, notebooks, NOTEBOOK, browser) as server:
        console.print(f"JupyterLab: {server.address}\nPress Ctrl-C here to end it.", soft_wrap=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            console.print("Ending JupyterLab.")
