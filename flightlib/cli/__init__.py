"""The command line: `flightlib demo`, `up`, `down`, `status` and the rest."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from flightlib.cli import (
    demo,
    engines,
    lock,
    measuring,
    observing,
    replays,
    reports,
    sky,
    streams,
    top,
)
from flightlib.cli.console import console

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


def _say_version(wanted: bool) -> None:
    if wanted:
        console.print(f"flightlib {version('flightlib')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Say which one it is."
        ),
    ] = False,
) -> None:
    """Take the options that need no command."""


for room in (demo, engines, top, observing, streams, replays, sky, reports, measuring, lock):
    room.register(app)
