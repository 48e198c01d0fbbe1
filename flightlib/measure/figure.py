"""What a figure is: a question about speed, how it is measured, and the level it should reach."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite, isnan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from flightlib.engines import ENGINES
from flightlib.errors import SettingError

if TYPE_CHECKING:
    from flightlib.measure.bench import Bench

KAFKA = ("kafka", "registry")
FLINK = (*KAFKA, "jobmanager", "taskmanager", "gateway")
ALL = ENGINES
"""Which engines a figure needs: these three sets are all there are."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A level for one of a figure's numbers: at most, or at least, so much.

    `number` is its name among the numbers found, with its unit ("p99_s", "ratio"); `words` say the
    level to a reader ("p99 below 1 s").
    """

    number: str
    words: str
    most: float = float("inf")
    least: float = float("-inf")

    def met(self, value: float) -> bool:
        """Say whether a number reaches the level; no number (nan) does not."""
        return self.least <= value <= self.most

    def share(self, value: float) -> float:
        """Give a number as a part of what the level allows: 1 is just met, 2 twice too much.

        Of a level that says "at least", too little is too much. Of no number (nan) it is nan.
        """
        allowed, asked = (value, self.least) if isfinite(self.least) else (self.most, value)
        if isnan(value) or allowed > 0:
            return value if isnan(value) else asked / allowed
        return 0.0 if self.met(value) else inf


@dataclass(frozen=True, slots=True)
class Found:
    """What one measurement found.

    `samples` has a row for each thing that was timed or counted, with a column for each unit
    ("latency_s", "reports_per_s") and whatever tells rows apart ("stage", "clients"). `numbers`
    are computed from the samples, each with its unit in its name. `counts` are what must agree
    whatever the speed: what was expected, and what was found. `notes` tell a reader what a number
    does not, a sentence each.
    """

    samples: pd.DataFrame
    numbers: Mapping[str, float]
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether all that was counted is what was expected."""
        return all(expected == found for expected, found in self.counts.values())


@dataclass(frozen=True)
class Figure:
    """One row of the table: `measure(bench, **options)` finds its numbers, `goals` judge them.

    `options` of the full run are the defaults of `measure`; `quick` has those of a quick one, in
    which times mean nothing and only the counts are held. `needs` are engines that run before it
    begins. In a quick run figures that `share` the same setting find it as the other left it.
    """

    name: str
    title: str
    measure: Callable[..., Found]
    goals: tuple[Goal, ...]
    quick: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    shares: str = ""

    @property
    def options(self) -> dict[str, Any]:
        """What can be chosen, with what is taken if nothing is."""
        known = list(inspect.signature(self.measure).parameters.values())[1:]
        return {parameter.name: parameter.default for parameter in known}

    def check(self, chosen: Iterable[str]) -> None:
        """Raise SettingError for an option that this figure does not have."""
        for name in chosen:
            if name not in self.options:
                allowed = ", ".join(self.options) or "none"
                raise SettingError(f"{self.name} has no option {name!r}; allowed: {allowed}.")

    def __call__(self, bench: Bench, quick: bool = False, **chosen: Any) -> Found:
        """Measure; raises SettingError for an option this figure does not have."""
        self.check(chosen)
        if self.needs:
            bench.engines(*self.needs)
        return self.measure(bench, **{**(self.quick if quick else {}), **chosen})


def percentiles(values: Iterable[float], unit: str) -> dict[str, float]:
    """Give p50, p95, p99 and the maximum of samples, named with their unit ("p99_s").

    Of no samples every one is nan.
    """
    series = np.asarray(list(values), dtype=float)
    asked = {"p50": 50, "p95": 95, "p99": 99, "max": 100}
    if not len(series):
        return {f"{name}_{unit}": float("nan") for name in asked}
    return {f"{name}_{unit}": float(np.percentile(series, at)) for name, at in asked.items()}
