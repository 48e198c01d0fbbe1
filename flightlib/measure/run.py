"""Measure: figures one after the other, on one bench, each kept as soon as it is there."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from flightlib.engines import ENGINES
from flightlib.errors import FlightlibError
from flightlib.measure.bench import Bench
from flightlib.measure.catalogue import NAMES, figure
from flightlib.measure.figure import Figure
from flightlib.measure.keep import count_s, keep, machine
from flightlib.measure.outcome import Outcome, Outcomes


def _quiet(_words: str) -> None:
    """Report to no one."""


def run(
    *names: str,
    quick: bool = False,
    folder: Path | str = "measured",
    say: Callable[[str], object] = _quiet,
    **options: Any,
) -> Outcomes:
    """Measure figures (all if none is named), and leave nothing running.

    It starts engines of its own on free ports, so those of a demo are left alone; but these two
    share the machine, so stop yours first. Raw samples and results go to `folder`; `say` is told
    what goes on. `options` (clients, flights, seconds, reports) go to the figures that have them.
    A figure that fails is a row that says why, and the others go on. Raises SettingError for a
    name that does not exist, or an option that none of the figures has.
    """
    chosen = [figure(name) for name in names or NAMES]
    _check(chosen, options)
    outcomes: list[Outcome] = []
    where = machine()
    with Bench(say, quick) as bench:
        for one in _together(chosen) if quick else chosen:
            say(f"{one.name}: {one.title}")
            if quick and one.needs and set(_needed(chosen)) > set(one.needs):
                # All that is needed starts at once, beside the first figures, which need less.
                bench.begin(*_needed(chosen))
            outcomes.append(_measure(one, bench, quick, options))
            outcomes.sort(key=lambda outcome: chosen.index(outcome.figure))
            keep(Outcomes(outcomes, where), Path(folder))
    found = Outcomes(outcomes, {**where, "count_end_s": count_s()})
    keep(found, Path(folder))
    return found


def _together(chosen: list[Figure]) -> list[Figure]:
    """Put figures that share a setting next to each other, where the first of them stands."""
    first = {one.shares or one.name: n for n, one in reversed(list(enumerate(chosen)))}
    return sorted(chosen, key=lambda one: first[one.shares or one.name])


def _needed(chosen: list[Figure]) -> list[str]:
    named = {engine for one in chosen for engine in one.needs}
    return [engine for engine in ENGINES if engine in named]


def _check(chosen: list[Figure], options: dict[str, Any]) -> None:
    for name in options:
        if not any(name in one.options for one in chosen):
            chosen[0].check([name])


def _measure(one: Figure, bench: Bench, quick: bool, given: dict[str, Any]) -> Outcome:
    options = {name: value for name, value in given.items() if name in one.options}
    told = {**(one.quick if quick else {}), **options}
    try:
        bench.take_back(unless=one.shares)
        return Outcome(one, one(bench, quick, **options), quick=quick, options=told)
    except FlightlibError as error:
        said = str(error)
    except Exception as error:  # half an hour of other figures is not lost with this one
        bench.say(traceback.format_exc())
        said = f"{type(error).__name__}: {error}"
    with suppress(FlightlibError):  # the next figure is not to meet what this one left broken
        bench.take_back()
    return Outcome(one, None, said, quick=quick, options=told)
