"""The note-taking `docker`, and an environment of one's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from notetaking import CLIENT, Notes

from flightlib.engines import compose
from flightlib.engines.ports import free_ports
from flightlib.settings import Settings


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notes:
    """The only `docker` on PATH, with an engine that answers and no container."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker"
    program.write_text(f"#!{sys.executable}\n{CLIENT}", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    made = Notes(folder)
    answers = {
        "compose": "2.39.1",
        "api": "1.48",
        "options": ["name=seccomp,profile=builtin"],
        "project": "",
    }
    none = ("refuses", "there", "restarts", "codes", "words")
    made.write({**answers, **{name: {} for name in none}})
    return made


@pytest.fixture
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH without any `docker`."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder and free ports of one's own; none of the person's own variables."""
    for name in [name for name in os.environ if name.startswith("FLIGHTLIB_")]:
        monkeypatch.delenv(name)
    names = [name for name in Settings.model_fields if name.endswith("_port")]
    for name, port in zip(names, free_ports(len(names)), strict=True):
        monkeypatch.setenv(f"FLIGHTLIB_{name.upper()}", str(port))
    monkeypatch.setenv("FLIGHTLIB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def all_well(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Answer every health question alike; nothing listens in these tests."""

    def answer(well: bool) -> None:
        monkeypatch.setattr(compose, "healthy", lambda *_: well)
        monkeypatch.setattr(compose.apps, "answers", lambda *_: well)

    answer(True)
    return answer
