"""What runs within a container: an engine's command, its health question, the held folder."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from flightlib.engines import container
from flightlib.engines.commands import Command, environment
from flightlib.engines.folder import is_own
from flightlib.engines.manager import OPEN_FILES
from flightlib.engines.mode import in_containers
from flightlib.settings import Settings, load


class Became(Exception):
    """The process would be another program now."""


@pytest.fixture
def here(own_environment: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of one's own, and a process that tells what it would become."""

    def became(*given: object) -> None:
        raise Became(*given)

    monkeypatch.setattr(os, "execve", became)
    monkeypatch.setattr(os, "execvp", became)
    monkeypatch.setattr(container, "allow_files", lambda: None)
    return load()


def test_run_becomes_the_command_of_local_mode(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Program, arguments, folder and variables are those that local mode's manager is given."""
    made = Command("trino", ("/java", "-Xmx1g"), environment(here), here.data)
    monkeypatch.setattr(container, "command", lambda *_: made)
    monkeypatch.setattr(os, "chdir", lambda place: made_in.append(place))
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "from outside")
    made_in: list[Path] = []
    with pytest.raises(Became) as caught:
        container.run(here, "trino")
    program, argv, env = caught.value.args
    assert (program, argv) == ("/java", ("/java", "-Xmx1g"))
    assert made.env.items() <= env.items()
    assert "JAVA_TOOL_OPTIONS" not in env
    assert made_in == [here.data]
    assert (here.data / "warehouse").is_dir()


def test_kafkas_folder_is_prepared_before_kafka(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka's data folder gets its identity before Kafka starts on it; no other engine needs it."""
    prepared: list[Settings] = []
    monkeypatch.setattr(container, "prepare_folder", prepared.append)
    monkeypatch.setattr(os, "chdir", lambda _: None)
    for engine in ("registry", "kafka"):
        made = Command(engine, ("/java",), {}, here.data)
        monkeypatch.setattr(container, "command", lambda *_, made=made: made)
        with pytest.raises(Became):
            container.run(here, engine)
    assert prepared == [here]


def test_hold_claims_the_folder_and_notes_the_mode(here: Settings) -> None:
    """The first container makes the data folder flightlib's, and commands outside know of it."""
    with pytest.raises(Became, match="sleep"):
        container.hold(here)
    assert is_own(here.data)
    assert in_containers(here.data)


def test_hold_refuses_a_folder_with_other_files(
    here: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    """Someone's files make a folder unfit, and one line says so."""
    here.data.mkdir()
    (here.data / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert container.main(["hold"]) == 1
    said = capsys.readouterr().err
    assert "not flightlib's" in said
    assert len(said.splitlines()) == 1


def test_an_engine_without_a_process_is_not_healthy(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer on a port counts only if this container's own process can have given it."""
    monkeypatch.setattr(container, "healthy", lambda *_: True)
    assert container.main(["ask", "kafka"]) == 1


@pytest.mark.parametrize("name", ["sky", "backend", "lab"])
def test_what_does_not_run_is_not_healthy(here: Settings, name: str) -> None:
    """Nobody publishes and nobody serves here, and the questions say so without an error."""
    assert container.main(["ask", name]) == 1


@pytest.mark.parametrize("words", [["run", "kafak"], ["ask", "kafak"]])
def test_a_wrong_name_is_one_line(
    here: Settings, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt engine ends with code 1 and the nearest name."""
    assert container.main(words) == 1
    assert "Did you mean 'kafka'?" in capsys.readouterr().err


def test_wrong_words_are_answered_with_the_right_ones(capsys: pytest.CaptureFixture[str]) -> None:
    """Words it does not know end with code 2 and what can be typed."""
    assert container.main(["dance"]) == 2
    assert "run ENGINE" in capsys.readouterr().err


def test_the_limit_of_open_files_is_raised() -> None:
    """An engine may open as many files as in local mode, whatever Docker's default is."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        container.allow_files()
        soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft == (OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_fetch_copies_what_engines_run_from(
    here: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole folders go into the image's cache, links as links; older ones stay behind."""
    homes = tmp_path / "builder" / "homes"
    (homes / "kafka-1" / "lib").mkdir(parents=True)
    (homes / "kafka-0").mkdir()
    (homes / "kafka-1" / "lib" / "a.jar").symlink_to(sys.executable)
    monkeypatch.setattr(container, "prepare", lambda *_: None)
    monkeypatch.setattr(container, "places", lambda *_: (homes / "kafka-1",))
    container.fetch(here, tmp_path / "image")
    copied = tmp_path / "image" / "homes"
    assert [place.name for place in copied.iterdir()] == ["kafka-1"]
    assert (copied / "kafka-1" / "lib" / "a.jar").is_symlink()
