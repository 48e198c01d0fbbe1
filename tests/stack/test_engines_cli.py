"""The engines' commands on running engines."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import IO

import pytest

from flightlib.engines import ENGINES, Local
from flightlib.settings import Settings

pytestmark = pytest.mark.stack


def flightlib(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "flightlib", *words],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def test_up_names_each_engine(stack: Settings) -> None:
    """`up` on running engines says so, one line each."""
    done = flightlib("up")
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == [
        [engine, "healthy", "already"] for engine in ENGINES
    ]


def test_engines_survive_the_command_that_started_them(stack: Settings) -> None:
    """`up` starts an engine again, ends, and the engine goes on."""
    assert flightlib("down", "catalog").stdout == "Stopped: catalog.\n"
    done = flightlib("up", "catalog")
    assert done.returncode == 0, done.stderr
    assert "catalog" in done.stdout
    assert Local(stack).status(["catalog"])[0].state == "healthy"


def test_status_for_people_and_for_programs(stack: Settings) -> None:
    """Both forms of `status` name every engine, and end with code 0 when all are healthy."""
    table, rows = flightlib("status"), flightlib("status", "--json")
    assert (table.returncode, rows.returncode) == (0, 0), table.stdout
    read = json.loads(rows.stdout)
    assert [row["engine"] for row in read] == list(ENGINES)
    for row in read:
        assert row["healthy"]
        assert str(row["pid"]) in table.stdout
    assert all(len(line) <= 80 for line in table.stdout.splitlines())


def test_doctor_counts_our_own_ports_as_free(stack: Settings) -> None:
    """Ports that these engines hold, and files that are here, are no trouble."""
    checks = {check["name"]: check for check in json.loads(flightlib("doctor", "--json").stdout)}
    assert checks["ports"]["state"] == "ok"
    assert checks["files"]["state"] == "ok"
    assert checks["leftovers"]["state"] == "ok"


def test_another_data_folder_finds_the_ports_taken(
    stack: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """Engines of a second data folder on the same ports are refused, not started beside."""
    monkeypatch.setenv("FLIGHTLIB_DATA", f"{tmp_path}/second")
    done = flightlib("up", "kafka")
    assert done.returncode == 1
    assert f"Port {stack.kafka_port}" in done.stderr
    assert "java" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_logs_follow(stack: Settings) -> None:
    """`logs --follow` shows the last lines and then what an engine writes."""
    words = [sys.executable, "-m", "flightlib", "logs", "catalog", "--lines", "1", "--follow"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as following:
        try:
            said: IO[str] = following.stdout  # type: ignore[assignment]
            assert said.readline().strip()
            Local(stack).down(["catalog"])
            Local(stack).up(["catalog"])
            assert any("Started" in said.readline() for _ in range(200))
        finally:
            following.terminate()


def test_up_goes_on_when_its_reader_leaves(stack: Settings) -> None:
    """`flightlib up | head -1` starts every engine all the same, and says nothing of the pipe."""
    Local(stack).down(["catalog"])
    words = [sys.executable, "-m", "flightlib", "up"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as up:
        said, errors = up.stdout, up.stderr
        assert said is not None
        assert errors is not None
        assert said.readline()
        said.close()
        assert (errors.read(), up.wait(120)) == ("", 0)
    assert Local(stack).status(["catalog"])[0].state == "healthy"
