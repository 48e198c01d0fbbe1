"""What is measured of the flights of one picture, and what was measured over time. Pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from statistics import fmean
from typing import NamedTuple

import pandas as pd

from flightlib.backend.filters import LATE_S
from flightlib.charts import MOST_LINES
from flightlib.live import Flight
from flightlib.widgets.frames import delay_s

GROUPS = ("region", "status")
MOST_POINTS = 240  # in a line, as far as a screen can tell them apart


class Measure(NamedTuple):
    """Something measured of some flights: what it is called, and how; None when it is unknown."""

    title: str
    of: Callable[[list[Flight]], float | None]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _delay(flights: list[Flight]) -> float | None:
    seconds = _mean(delay_s(flight) for flight in flights)
    return None if seconds is None else seconds / 60


def _delayed(flights: list[Flight]) -> float | None:
    late = sum((delay_s(flight) or 0) >= LATE_S for flight in flights)
    return 100 * late / len(flights) if flights else None


def _altitude(flights: list[Flight]) -> float | None:
    return _mean(flight.get("altitude") for flight in flights)


def _count(flights: list[Flight]) -> float:
    return float(len(flights))


MEASURES: Mapping[str, Measure] = {
    "delay": Measure("Mean delay in minutes", _delay),
    "delayed": Measure("Flights delayed by 15 minutes or more, in %", _delayed),
    "altitude": Measure("Mean altitude in feet", _altitude),
    "flights": Measure("Flights", _count),
}


class Sample(NamedTuple):
    """What was measured at one moment: by line, the value and how many flights it is of."""

    at_ms: int
    values: Mapping[str, tuple[float, int]]


class Samples:
    """What was measured over the last `window_s` seconds; each new sample gives a new tuple."""

    def __init__(self, y: str, by: str | None, window_s: float) -> None:
        self.y, self.by, self._window_ms = y, by, window_s * 1000
        self._kept: deque[Sample] = deque()
        self.newest: tuple[Sample, ...] = ()

    def forget(self) -> None:
        """Begin anew."""
        self._kept.clear()
        self.newest = ()

    def add(self, at_ms: int, flights: Mapping[str, Flight]) -> None:
        """Measure the flights of one picture."""
        groups: dict[str, list[Flight]] = {}
        for flight in flights.values():
            groups.setdefault(str(flight.get(self.by)) if self.by else "all", []).append(flight)
        measured = ((name, MEASURES[self.y].of(some), len(some)) for name, some in groups.items())
        values = {name: (value, n) for name, value, n in measured if value is not None}
        self._kept.append(Sample(at_ms, values))
        while self._kept[0].at_ms < at_ms - self._window_ms:
            self._kept.popleft()
        self.newest = tuple(self._kept)


def points(samples: tuple[Sample, ...]) -> tuple[pd.DataFrame, int]:
    """Give the lines with the most flights as a table of x, y and line, and how many there are."""
    weights: Counter[str] = Counter()
    for sample in samples:
        weights.update({name: number for name, (_, number) in sample.values.items()})
    drawn = {name for name, _ in weights.most_common(MOST_LINES)}
    rows = [
        (sample.at_ms, value, name)
        for sample in thinned(samples)
        for name, (value, _) in sample.values.items()
        if name in drawn
    ]
    table = pd.DataFrame(rows, columns=["x", "y", "line"])
    return table.assign(x=pd.to_datetime(table["x"], unit="ms")), len(weights)


def thinned(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """Leave out every second, third ... sample of many, by its time, so that none jumps about."""
    step = -(-len(samples) // MOST_POINTS)
    if step < 2:
        return samples
    kept = tuple(s for s in samples[:-1] if s.at_ms // 1000 % step == 0)
    return (*kept, samples[-1])
