"""The command line: `flightlib demo`, `up`, `down`, `status` and the rest."""

from __future__ import annotations

from importlib import import_module

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
for room in ("engines", "streams", "demo", "reports", "lock"):
    try:
        import_module(f"flightlib.cli.{room}").register(app)
    except ModuleNotFoundError:
        continue
