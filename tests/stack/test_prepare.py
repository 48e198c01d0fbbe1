"""The real lock file, prepared for real into this user's cache."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flightlib.cli import app
from flightlib.engines.layout import bytes_to_fetch, damaged, home, java, prepare
from flightlib.engines.lockfile import HOMES
from flightlib.settings import load

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module", autouse=True)
def prepared() -> None:
    """Everything fetched and unpacked; quick when it is there already."""
    prepare(load(), HOMES)


@pytest.mark.parametrize(("engine", "version"), [("kafka", "21"), ("flink", "21"), ("trino", "25")])
def test_java_answers_with_its_version(engine: str, version: str) -> None:
    """Each engine's Java runs on this machine, in the version that engine needs."""
    command = [java(load(), engine), "-Xshare:on", "-version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f'openjdk version "{version}.' in done.stderr


@pytest.mark.parametrize(
    ("engine", "file"),
    [
        ("kafka", "lib/kafka_2.13-*.jar"),
        ("registry", "quarkus-run.jar"),
        ("catalog", "lib/jetty-xml-*.jar"),
        ("flink", "lib/iceberg-flink-runtime-*.jar"),
        ("flink", "lib/flink-dist-*.jar"),
        ("flink", "opt/flink-sql-gateway-*.jar"),
        ("trino", "lib/io.trino_trino-main-*.jar"),
        ("trino", "plugin/iceberg/io.trino_trino-iceberg-*.jar"),
    ],
)
def test_a_home_holds_what_starts_the_engine(engine: str, file: str) -> None:
    """The file each start command names is in its place, once."""
    assert len(list(home(load(), engine).glob(file))) == 1


@pytest.mark.parametrize("engine", HOMES)
def test_nothing_is_damaged_and_nothing_is_left_to_fetch(engine: str) -> None:
    """Every file has the content it had when it was put in place, and no byte is missing."""
    assert damaged(load(), engine, deep=True) == []
    assert bytes_to_fetch(load(), [engine]) == 0


def test_fetching_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`flightlib up --fetch` says that all files are here, and makes no data folder."""
    monkeypatch.setenv("FLIGHTLIB_DATA", str(tmp_path / "data"))
    result = CliRunner().invoke(app, ["up", "--fetch", "kafka", "flink"])
    assert result.exit_code == 0, result.stderr
    assert "All files are here: kafka, jobmanager, taskmanager, gateway, keeper" in result.stdout
    assert not (tmp_path / "data").exists()
