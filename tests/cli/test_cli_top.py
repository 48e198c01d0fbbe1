"""`flightlib top`: the picture of some figures, and a machine where nothing runs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from looked import a_look, nothing_up, page, row
from rich.console import Console
from typer.testing import CliRunner

from flightlib.cli import app
from flightlib.cli.top import picture
from flightlib.engines import ENGINES, Statuses
from flightlib.observe import Seen, figures
from flightlib.settings import Settings


def drawn(before: Seen, now: Seen, width: int = 80) -> str:
    """Draw as on a terminal of so many columns, without colours."""
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(picture(figures(before, now)))
    return console.export_text()


def test_every_figure_has_its_place() -> None:
    """Engines, topics, jobs, tables and routes each are rows with their numbers."""
    before = Seen(a_look(1000.0), page(asked=10))
    now = Seen(a_look(1010.0, written=5000), page(late=100, asked=30))
    text = drawn(before, now)
    lines = {line.split()[0]: line.split() for line in text.splitlines() if line.split()}
    assert all(engine in lines for engine in ENGINES)
    assert lines["flights"][1:4] == ["500", "37", "5"]
    assert lines["to-lake"][1:4] == ["RUNNING", "500", "30"]
    assert "250 ms" in " ".join(lines["to-lake"])
    assert lines["flight_data"][1:] == ["4,000", "12", "3", "1.5", "s", "ago"]
    assert lines["/flights"][1] == "2.0"
    assert "5 of 1,000 streams, 2 refused" in text


def test_it_fits_a_terminal_of_80_columns() -> None:
    """No line is longer, and no number is cut off."""
    seen = Seen(a_look(written=123_456_789), page(clients=1000))
    text = drawn(seen, seen)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text


def test_what_is_down_is_a_row_or_a_line() -> None:
    """With nothing running each engine says so, and each part says what to type."""
    text = drawn(nothing_up(), nothing_up())
    assert text.count("stopped") == len(ENGINES) + 1
    assert "topics: kafka is stopped: `flightlib up kafka`" in text
    assert "backend: No backend is answering" in text


def test_what_to_do_about_an_engine_is_said() -> None:
    """The message of an engine that is dying stands under the table."""
    rows = Statuses([row("kafka", "dying", message="see `flightlib logs kafka`")])
    seen = Seen(a_look(engines=rows), page())
    assert "kafka: see `flightlib logs kafka`" in drawn(seen, seen)


def test_once_prints_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--once` on a machine where nothing runs prints it all and ends with 0."""
    for name in (name for name in Settings.model_fields if name.endswith("_port")):
        monkeypatch.setenv(f"FLIGHTLIB_{name.upper()}", "1")
    monkeypatch.setenv("FLIGHTLIB_DATA", str(tmp_path / "data"))
    done = CliRunner().invoke(app, ["top", "--once"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.count("stopped") >= len(ENGINES)
    assert not (tmp_path / "data").exists()


def test_a_wrong_pace_is_refused() -> None:
    """Looking many times a second is not offered: each look asks every engine."""
    done = CliRunner().invoke(app, ["top", "--every", "0.1"])
    assert done.exit_code == 2
    assert "--every" in done.stderr
