"""`flightlib lock`: make the lock file of the engines' files anew, for developers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flightlib.cli.console import console, one_line_errors
from flightlib.engines.lockfile import LOCK_FILE, to_text
from flightlib.settings import load


def register(app: typer.Typer) -> None:
    """Add `lock` to the command line."""
    app.command()(one_line_errors(lock))


def lock(
    out: Annotated[Path, typer.Option(help="The lock file to write.")] = LOCK_FILE,
) -> None:
    """Look up the engines' files anew after a version in docker/.env changed (needs Maven)."""
    from flightlib.engines.locking import make_lock

    text = to_text(make_lock(load(), console.print))
    before = out.read_text(encoding="utf-8") if out.exists() else ""
    out.write_text(text, encoding="utf-8")
    console.print(f"{out}: {'unchanged' if text == before else 'written'}", soft_wrap=True)
