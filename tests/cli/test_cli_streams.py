"""`flightlib generate` and `serve` with bad input: one line, exit code 1, nothing started."""

from __future__ import annotations

import socket

import pytest
from typer.testing import CliRunner

from flightlib.cli import app
from flightlib.scenario import scenarios


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--flights", "0"], "flights cannot be 0"),
        (["--preset", "mars"], "preset cannot be 'mars'"),
        (["--for", "0"], "--for cannot be 0"),
        (["--for", "nan"], "--for cannot be nan"),
        (["--interval", "0"], "interval"),
        (["--speed", "-1"], "speed"),
        (["--topic", "flight"], "A topic to publish to cannot be 'flight'; allowed: flights."),
        (["--scenario", "strom"], "A scenario cannot be 'strom'; allowed: bad-day, ground-delay"),
        (["--scenario", "storm", "--scenario", "mine.yaml"], "mine.yaml cannot be read: No such"),
        (["--unpaced", "--for", "0"], "--for cannot be 0"),
        ([], "Kafka is not answering on 127.0.0.1:1. Start the engines with `flightlib up`."),
    ],
)
def test_generate_says_in_one_line_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: str
) -> None:
    """A wrong option, or a missing engine, is one line on standard error and exit code 1."""
    monkeypatch.setenv("FLIGHTLIB_KAFKA_PORT", "1")
    done = CliRunner().invoke(app, ["generate", *arguments])
    assert done.exit_code == 1
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_scenarios_are_listed_with_what_to_watch_for() -> None:
    """Every built-in scenario is there, by the name that `generate --scenario` takes."""
    done = CliRunner().invoke(app, ["scenarios"])
    assert done.exit_code == 0
    for one in scenarios():
        assert one.name in done.stdout
        assert one.title.split()[0] in done.stdout


def test_serve_refuses_a_taken_port() -> None:
    """A port that was asked for and is taken is named, with what to type."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        done = CliRunner().invoke(app, ["serve", "--port", str(port)])
    assert done.exit_code == 1
    assert f"Port {port} is taken" in done.stderr
