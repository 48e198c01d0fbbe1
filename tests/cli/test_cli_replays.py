"""`flightlib record` and `replay` with bad input: one line, exit code 1, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from recorded import a_sky, keep
from typer.testing import CliRunner

from flightlib.cli import app

DOWN = "Kafka is not answering on 127.0.0.1:1. Start the engines with `flightlib up`."


@pytest.fixture(autouse=True)
def without_kafka(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Kafka to be found, and a folder to work in."""
    monkeypatch.setenv("FLIGHTLIB_KAFKA_PORT", "1")
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["record", "sky.parquet", "--for", "0"], "--for cannot be 0"),
        (["record", "sky.parquet", "--from", "soon"], "--from cannot be 'soon'; allowed: now"),
        (["record", "sky.parquet", "--from", "9" * 400 + "h"], "--from cannot be '999"),
        (["record", "sky.parquet", "--for", "1e99"], "--for cannot be 1e+99"),
        (["record", "sky.parquet", "--topic", "flight"], "Did you mean 'flights'?"),
        (["record", "sky.parquet"], DOWN),
        (["replay", "none.parquet"], "There is no recording 'none.parquet'"),
        (["replay", "words.csv"], "'words.csv' has 'a', 'b'."),
        (["replay", "kept.parquet", "--speed", "0"], "speed cannot be 0"),
        (["replay", "kept.parquet", "--topic", "flight"], "A topic to publish to cannot be"),
        (["replay", "kept.parquet"], DOWN),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: list[str], words: str) -> None:
    """A wrong option, a file that cannot be played, or a missing engine is one line."""
    keep(a_sky(5, 2), Path("kept.parquet"))
    Path("words.csv").write_text("a,b\n1,2\n")
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert {path.name for path in Path().iterdir()} == {"kept.parquet", "words.csv"}
