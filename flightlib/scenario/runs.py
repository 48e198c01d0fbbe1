"""What runs in which sky: every start is noted, so that it can be shown, and ended."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from flightlib.sky import Sky
from flightlib.sky.delivery import Poison
from flightlib.sky.disturb import Flying, GroundDelay, Storm, without

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


def start(sky: Sky, scenario: Scenario, begin_ms: int) -> Run:
    """Disturb a sky from a time on, and note who does; if the scenario runs it is ended first."""
    with _lock:
        steps = tuple(_timed(sky, one) for one in scenario.disturbances(sky.preset, begin_ms))
        stop(sky, begin_ms, scenario.name)
        run = Run(scenario, begin_ms, begin_ms + scenario.lasts_ms, steps)
        sky.disturb(*steps)
        _runs.setdefault(sky, []).append(run)
    return run


def stop(sky: Sky, now_ms: int, name: str | None = None) -> None:
    """End one scenario of a sky at a time, or all; without effect if it does not run."""
    with _lock:
        over = [run for run in _runs.get(sky, []) if name in (None, run.scenario.name)]
        there = set(sky.disturbances)
        mine = tuple(one for run in over for one in run.disturbances if one in there)
        others = without(sky.disturbances, mine)
        # Flights mind equal disturbances as one, so it goes on while another run has it.
        over_now = (one for one in mine if not (isinstance(one, Flying) and one in others))
        left = (_ended(one, _time_of(sky, one, now_ms)) for one in over_now)
        sky.disturb(*(one for one in left if one is not None), instead_of=mine)
        _runs[sky] = [run for run in _runs.get(sky, []) if run not in over]


def running(sky: Sky, now_ms: int) -> tuple[Run, ...]:
    """List what runs in a sky at a time, the first started first."""
    with _lock:
        there = set(sky.disturbances)
        return tuple(
            run
            for run in _runs.get(sky, [])
            if now_ms < run.end_ms and there.intersection(run.disturbances)
        )


def _timed(sky: Sky, one: Any) -> Any:
    """Give what disturbs flights the times of the sky, whose clock may run faster."""
    if not isinstance(one, Flying):
        return one
    return replace(one, start_ms=sky.sky_ms(one.start_ms), end_ms=sky.sky_ms(one.end_ms))


def _time_of(sky: Sky, one: Any, now_ms: int) -> int:
    return sky.sky_ms(now_ms) if isinstance(one, Flying) else now_ms


def _ended(one: Any, now_ms: int) -> Any | None:
    """Give what is left of a disturbance that is ended at a time.

    Who waits at a stand or holds goes on waiting, and who is on the way around a storm flies that
    to its end, so nobody jumps.
    """
    if isinstance(one, Poison) or one.start_ms >= now_ms:
        return None
    if one.end_ms <= now_ms:
        return one if isinstance(one, Flying) else None
    if isinstance(one, Storm | GroundDelay):
        return replace(one, called_off_ms=now_ms)
    return replace(one, end_ms=now_ms)
