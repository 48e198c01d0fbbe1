"""What runs in which sky: every start is noted, so that it can be shown, and ended."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from flightlib.sky import Sky

if TYPE_CHECKING:
    from flightlib.scenario.scenario import Scenario

_lock = threading.RLock()
_runs: WeakKeyDictionary[Sky, list[Run]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Run:
    """One scenario in one sky: when it began, when it ends, and what it disturbs."""

    scenario: Scenario
    begin_ms: int
    end_ms: int
    disturbances: tuple[Any, ...]


def start(sky: Sky, scenario: Scenario, begin_ms: int, disturbances: tuple[Any, ...]) -> Run:
    """Disturb a sky, and note who does; the same scenario is ended first if it runs."""
    with _lock:
        stop(sky, scenario.name)
        run = Run(scenario, begin_ms, begin_ms + scenario.lasts_ms, disturbances)
        sky.disturb(*disturbances)
        _runs.setdefault(sky, []).append(run)
    return run


def stop(sky: Sky, name: str | None = None) -> None:
    """End one scenario of a sky, or all; without effect if it does not run."""
    with _lock:
        kept = []
        for run in _runs.get(sky, []):
            if name is None or run.scenario.name == name:
                sky.calm(*run.disturbances)
            else:
                kept.append(run)
        _runs[sky] = kept


def running(sky: Sky, now_ms: int) -> tuple[Run, ...]:
    """List what runs in a sky at a time, the first started first."""
    with _lock:
        there = set(sky.disturbances)
        return tuple(
            run
            for run in _runs.get(sky, [])
            if now_ms < run.end_ms and there.intersection(run.disturbances)
        )
