"""The bench: what starts beside a figure, and what a figure waits for."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flightlib.measure import bench as bench_module
from flightlib.measure.bench import WARM_ROUNDS, Bench


class Engines:
    """Engines of which each becomes healthy at the look that is written down; `up` is noted."""

    def __init__(self, **healthy_at: int) -> None:
        self._healthy_at, self._looks = healthy_at, 0
        self.started: list[Sequence[str]] = []

    def status(self, names: Sequence[str]) -> list[Any]:
        """Look once more."""
        self._looks += 1
        return [SimpleNamespace(healthy=self._looks >= self._healthy_at[name]) for name in names]

    def up(self, names: Sequence[str]) -> None:
        """Note who is started."""
        self.started.append(tuple(names))

    def down(self, _names: Any = None) -> None:
        """Have nothing to stop."""


def prepared(monkeypatch: pytest.MonkeyPatch, bench: Bench, engines: Engines, words: str) -> None:
    """Let these engines be the bench's, and `begin` start a process that does as told."""
    monkeypatch.setattr(bench, "_local", engines)
    monkeypatch.setattr(bench_module, "LOOK_S", 0.0)
    monkeypatch.setattr(bench_module, "START_S", 0.0)
    command = [sys.executable, "-c", words]
    monkeypatch.setattr(bench, "process", lambda *_words, log: _noted(bench, command))


def _noted(bench: Bench, command: list[str]) -> subprocess.Popen[bytes]:
    started = subprocess.Popen(command)
    bench._processes.append(started)
    return started


def test_a_figure_waits_for_the_engines_it_needs_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """While others still start beside it, it goes on; none is started a second time."""
    engines = Engines(kafka=5, trino=10**9)
    with Bench(quick=True) as bench:
        prepared(monkeypatch, bench, engines, "import time; time.sleep(60)")
        bench.begin("kafka", "trino")
        bench.begin("kafka", "trino")
        bench.engines("kafka")
        assert len(bench.processes) == 1
    assert engines.started == []


def test_engines_that_did_not_start_beside_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """When what started them has ended and they are not there, a figure starts its own."""
    engines = Engines(kafka=10**9)
    with Bench(quick=True) as bench:
        prepared(monkeypatch, bench, engines, "raise SystemExit(1)")
        bench.begin("kafka")
        bench.engines("kafka")
    assert engines.started == [("kafka",)]


def test_what_starts_beside_is_not_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bench that is closed in the middle of a start lets it come to its end, then stops all."""
    mark = tmp_path / "started"
    words = f"import time, pathlib; time.sleep(0.5); pathlib.Path({str(mark)!r}).touch()"
    with Bench(quick=True) as bench:
        prepared(monkeypatch, bench, Engines(), words)
        monkeypatch.setattr(bench_module, "START_S", 60.0)
        bench.begin("kafka")
    assert mark.exists()


def test_only_a_quick_one_waits_less() -> None:
    """A full run is warm before its time begins, however short that is."""
    with Bench(quick=True) as quick, Bench() as full:
        assert (quick.warm_s(15, 5), full.warm_s(15, 5)) == (5, 15)
        assert quick.warm_rounds < full.warm_rounds == WARM_ROUNDS
