"""The command line: `flightlib demo`, `up`, `down`, `status` and the rest."""

from __future__ import annotations

import typer

from flightlib.cli import demo, engines, lock, measuring, replays, reports, sky, streams

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
for room in (demo, engines, streams, replays, sky, reports, measuring, lock):
    room.register(app)
