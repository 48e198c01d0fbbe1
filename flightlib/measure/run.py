"""Measure: figures one after the other, on one bench, each kept as soon as it is there."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flightlib.errors import FlightlibError
from flightlib.measure.bench import Bench
from flightlib.measure.catalogue import NAMES, figure
from flightlib.measure.figure import Figure
from flightlib.measure.keep import keep, machine
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
    with Bench(say) as bench:
        for one in chosen:
            say(f"{one.name}: {one.title}")
            outcomes.append(_measure(one, bench, quick, options))
            keep(Outcomes(outcomes, machine()), Path(folder))
    return Outcomes(outcomes, machine())


def _check(chosen: list[Figure], options: dict[str, Any]) -> None:
    for name in options:
        if not any(name in one.options for one in chosen):
            chosen[0].check([name])


def _measure(one: Figure, bench: Bench, quick: bool, given: dict[str, Any]) -> Outcome:
    options = {name: value for name, value in given.items() if name in one.options}
    told = {**(one.quick if quick else {}), **options}
    try:
        return Outcome(one, one(bench, quick, **options), quick=quick, options=told)
    except FlightlibError as error:
        return Outcome(one, None, str(error), quick=quick, options=told)
    except Exception as error:  # half an hour of other figures is not lost with this one
        bench.say(traceback.format_exc())
        said = f"{type(error).__name__}: {error}"
        return Outcome(one, None, said, quick=quick, options=told)
