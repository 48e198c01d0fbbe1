"""The engines' commands without engines: what they print, what they refuse, how they end."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner, Result

from flightlib.cli import app
from flightlib.cli.engines import check_machine
from flightlib.errors import MachineError
from flightlib.settings import HOST, load


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder and a cache of their own, and a Kafka port nobody listens on."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        monkeypatch.setenv("FLIGHTLIB_KAFKA_PORT", str(trial.getsockname()[1]))
    monkeypatch.setenv("FLIGHTLIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("FLIGHTLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FLIGHTLIB_MAVEN_REPOSITORY", f"http://{HOST}:9/none")
    return tmp_path / "data"


@pytest.fixture
def taken_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Kafka's port, held by this process."""
    with socket.socket() as server:
        server.bind((HOST, 0))
        server.listen()
        monkeypatch.setenv("FLIGHTLIB_KAFKA_PORT", str(server.getsockname()[1]))
        yield server.getsockname()[1]


def run(*words: str, typed: str | None = None) -> Result:
    """Run a command as a person would."""
    return CliRunner().invoke(app, list(words), input=typed)


@pytest.mark.parametrize("command", ["up", "down", "status", "logs"])
def test_an_unknown_engine_is_one_line(command: str) -> None:
    """A misspelt engine ends with code 1 and one line that has the right name."""
    result = run(command, "kafak")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "Did you mean 'kafka'?" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_taken_port_is_one_line(taken_port: int, here: Path) -> None:
    """`up` on a taken port ends with code 1, naming port and variable, and starts nothing."""
    result = run("up", "kafka")
    assert result.exit_code == 1
    assert f"Port {taken_port}" in result.stderr
    assert "FLIGHTLIB_KAFKA_PORT" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (here / "run").exists()


def test_a_fetch_that_fails_is_one_line(here: Path) -> None:
    """`up --fetch` with no way to the files ends with code 1 and one line, and starts nothing."""
    result = run("up", "--fetch", "kafka")
    assert result.exit_code == 1
    assert "FLIGHTLIB_MAVEN_REPOSITORY" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not here.exists()


def test_a_wrong_setting_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is no port is named with its variable."""
    monkeypatch.setenv("FLIGHTLIB_KAFKA_PORT", "many")
    result = run("status")
    assert result.exit_code == 1
    assert "FLIGHTLIB_KAFKA_PORT cannot be 'many'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_status_of_stopped_engines_fails() -> None:
    """`status` ends with code 1 when an engine is down, in both forms."""
    shown = run("status", "kafka")
    assert shown.exit_code == 1
    assert "stopped" in shown.stdout
    told = run("status", "kafka", "--json")
    assert told.exit_code == 1
    (row,) = json.loads(told.stdout)
    assert (row["engine"], row["state"], row["healthy"]) == ("kafka", "stopped", False)


def test_down_with_nothing_running_is_fine(here: Path) -> None:
    """`down` twice, or before any `up`, is no failure and makes no folder."""
    result = run("down")
    assert result.exit_code == 0
    assert result.stdout == "Nothing was running.\n"
    assert not here.exists()


def test_logs_before_the_first_start() -> None:
    """`logs` of an engine that never ran says so."""
    result = run("logs", "kafka")
    assert result.exit_code == 0
    assert "never ran" in result.stdout


def test_doctor_as_json_is_for_programs() -> None:
    """`doctor --json` is a list of checks, and its exit code says whether one failed."""
    result = run("doctor", "--json")
    checks = json.loads(result.stdout)
    failed = [check["name"] for check in checks if check["state"] == "fail"]
    assert "network" in failed  # the files are not here and their place does not answer
    assert result.exit_code == 1


def test_doctor_prints_one_line_each(taken_port: int) -> None:
    """`doctor` shows a line per check, with what is wrong and the fix."""
    result = run("doctor")
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if str(taken_port) in line]
    assert len(lines) == 1
    assert lines[0].startswith("fail ports")
    assert "FLIGHTLIB_KAFKA_PORT" in lines[0]


def test_the_machine_is_checked_before_a_demo(taken_port: int) -> None:
    """What the doctor finds wrong stops a demo with that check's words."""
    with pytest.raises(MachineError, match="FLIGHTLIB_"):
        check_machine(load(), ["kafka"])


def test_reset_asks_first(here: Path) -> None:
    """`reset` deletes only after a yes, and only what flightlib made."""
    here.mkdir()
    (here / ".flightlib").touch()
    (here / "logs").mkdir()
    assert run("reset", typed="n\n").exit_code == 1
    assert (here / "logs").exists()
    assert run("reset", "--yes").exit_code == 0
    assert not (here / "logs").exists()


def test_reset_spares_other_folders(here: Path) -> None:
    """A folder that flightlib did not make is never emptied, whatever the setting says."""
    here.mkdir()
    (here / "thesis.txt").write_text("years of work", encoding="utf-8")
    result = run("reset", "--yes")
    assert result.exit_code == 1
    assert "nothing was deleted" in result.stderr
    assert (here / "thesis.txt").exists()


def test_too_little_memory_is_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` on a machine without memory says how much there is, and starts nothing."""
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=1e9))
    result = run("up", "kafka")
    assert result.exit_code == 1
    assert "1.0 GB free" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not here.exists()


@pytest.mark.parametrize("option", ["--preset=nowhere", "--flights=-5"])
def test_a_wrong_argument_stops_a_demo_at_once(option: str, here: Path) -> None:
    """What a demo cannot work with is said in one line, before any engine is started."""
    result = run("demo", "--no-browser", option)
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert not (here / "run" / "supervisord.conf").exists()
