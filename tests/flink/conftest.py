"""A scripted Flink, and settings that point at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scripted_flink import ScriptedFlink, serving_flink

from flightlib.flink import ddl
from flightlib.settings import Settings, load


@pytest.fixture
def flink() -> Iterator[ScriptedFlink]:
    """A scripted Flink that listens."""
    with serving_flink() as scripted:
        yield scripted


@pytest.fixture
def settings(flink: ScriptedFlink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings that point at the scripted Flink; topics and schema count as prepared."""
    monkeypatch.setattr(ddl, "prepare", lambda _settings: None)
    return load(flink_port=flink.port, gateway_port=flink.port, data=tmp_path / "data")


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition, at most `within_s` seconds."""

    def wait(condition: Callable[[], bool], within_s: float = 30.0) -> None:
        deadline_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline_s, "the condition did not come about"
            time.sleep(0.01)

    return wait
