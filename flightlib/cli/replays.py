"""`flightlib record` and `replay`: a topic into a file, and a recording into a topic."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from flightlib.cli.console import console, one_line_errors
from flightlib.cli.streams import TICK_S, conclude, ended_by_ctrl_c, killed_like_ctrl_c
from flightlib.errors import SettingError

if TYPE_CHECKING:
    from flightlib.kafka import Publisher
    from flightlib.replay import Replay


def register(app: typer.Typer) -> None:
    """Add `record` and `replay` to the command line."""
    app.command()(one_line_errors(record))
    app.command()(one_line_errors(replay))


def record(
    file: Annotated[Path, typer.Argument(help="The Parquet file to make.")],
    topic: Annotated[str, typer.Option(help="What to record.")] = "flights",
    seconds: Annotated[
        float | None, typer.Option("--for", help="Stop after so many seconds; else at Ctrl-C.")
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            "--from", help="now, beginning, 5m (ago), or a time: '2026-11-25 14:30' (UTC)."
        ),
    ] = "now",
) -> None:
    """Record what is published until Ctrl-C; the file has its name only once it is closed."""
    if seconds is not None and not 0 < seconds < 1e9:
        raise SettingError(f"--for cannot be {seconds:g}; allowed: a number of seconds above 0.")
    # Arrow and Kafka's client take half a second to import; `flightlib --help` need not wait.
    from flightlib.replay import record as keep
    from flightlib.replay.moments import epoch_ms
    from flightlib.replay.recording import told

    epoch_ms("--from", since, 0)  # which is to be called here as it was typed
    with console.status(Text(f"Recording {topic}")) as line, killed_like_ctrl_c():

        def note(rows: int, skipped: Mapping[str, int]) -> None:
            line.update(Text(f"Recording {topic} · {rows:,} reports{told(skipped, ' · ')}"))

        done = keep(topic, file, seconds, since=since, note=note)
    console.print(str(done), markup=False, soft_wrap=True)


def replay(
    file: Annotated[Path, typer.Argument(help="A recording, or a folder of one kind of them.")],
    speed: Annotated[float, typer.Option(help="How many times as fast as recorded.")] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end.")] = False,
    topic: Annotated[str, typer.Option(help="Where to publish.")] = "flights",
) -> None:
    """Publish a recording as if it happened now, to its end or until Ctrl-C."""
    from flightlib.kafka import Publisher
    from flightlib.replay import Replay

    with console.status(Text(f"Reading {file.name}")):
        played = Replay(file, speed, loop=loop)
    publisher = Publisher(played, topic=topic).start()
    with ended_by_ctrl_c():
        _watch(played, publisher)
    console.print(str(played), markup=False, soft_wrap=True)
    conclude(publisher.stop())


def _watch(played: Replay, publisher: Publisher) -> None:
    """Show how far it is, anew each second on a terminal, until all is published."""
    with console.status(Text(str(played))) as line:
        while publisher.status.running:
            time.sleep(TICK_S)
            line.update(Text(f"{played} · {publisher}"))
