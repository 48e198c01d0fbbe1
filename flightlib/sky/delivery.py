"""What can happen to reports on their way: held back, late, doubled, crowded, poisoned.

These disturb the delivery and never the flights: what a report says stays true, and its timestamp
stays its own. Times are milliseconds since 1970 UTC on the reader's clock. Pure, on arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.errors import SettingError
from flightlib.sky.hashing import Keys, mix, uniform

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]
"""South, west, north, east in degrees; what lies on the north or east edge is outside."""

DOUBLED_MS = 2000  # a copy comes so much after the first at most
MOST_LATE_S = 3600.0
MOST_FACTOR = 20
MOST_POISON = 1000
_LATE, _LATENESS, _DOUBLE, _LAG = 13, 14, 15, 16


@dataclass(frozen=True, slots=True)
class Outage:
    """A receiver is down: nothing from its box is delivered, and at the end all of it at once."""

    south: float
    west: float
    north: float
    east: float
    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        """Refuse what is no box or no span of time."""
        _check_box(self.box)
        _check_span(self.start_ms, self.end_ms)

    @property
    def box(self) -> Box:
        """The box that is not heard."""
        return self.south, self.west, self.north, self.east


@dataclass(frozen=True, slots=True)
class Lateness:
    """A slow way: a share of the reports comes up to `most_s` seconds after its time."""

    share: float
    most_s: float
    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        """Refuse what is no share, no lateness or no span of time."""
        _check("share", self.share, 0, 1)
        _check("most_s", self.most_s, 0.001, MOST_LATE_S)
        _check_span(self.start_ms, self.end_ms)


@dataclass(frozen=True, slots=True)
class Duplicates:
    """A stammering receiver: a share of the reports comes twice, the copy up to 2 s later."""

    share: float
    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        """Refuse what is no share or no span of time."""
        _check("share", self.share, 0, 1)
        _check_span(self.start_ms, self.end_ms)


@dataclass(frozen=True, slots=True)
class Surge:
    """A crowd: each aircraft, of the box if there is one, reports `factor` times as often."""

    factor: int
    box: Box | None
    start_ms: int
    end_ms: int

    def __post_init__(self) -> None:
        """Refuse what is no factor, no box or no span of time."""
        if not isinstance(self.factor, int):
            raise SettingError(f"factor cannot be {self.factor!r}; allowed: a whole number")
        _check("factor", self.factor, 2, MOST_FACTOR)
        if self.box is not None:
            _check_box(self.box)
        _check_span(self.start_ms, self.end_ms)


@dataclass(frozen=True, slots=True)
class Poison:
    """Messages that are no flight reports, `count` of them at one moment."""

    at_ms: int
    count: int = 1

    def __post_init__(self) -> None:
        """Refuse what is no number or no time."""
        if not isinstance(self.count, int):
            raise SettingError(f"count cannot be {self.count!r}; allowed: a whole number")
        _check("count", self.count, 1, MOST_POISON)
        _check("at_ms", self.at_ms, 0, inf)


Delivery = Outage | Lateness | Duplicates | Surge | Poison


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no flight report: what a publisher sends, as they are, for a `Poison`."""

    flight_id: str
    payload: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing, until a time: it keeps a stream in step while an outage holds its reports back."""

    timestamp: int
    flight_id: str = ""
    payload: None = None


def within(box: Box | None, latitude: Floats, longitude: Floats) -> Mask:
    """Tell which places lie in a box; without a box all do."""
    if box is None:
        return np.ones(len(latitude), bool)
    south, west, north, east = box
    across = (longitude >= west) & (longitude < east)
    return across & (latitude >= south) & (latitude < north)


def held(steps: Iterable[Any], latitude: Floats, longitude: Floats, due_ms: Ints) -> Ints:
    """Say when reports come that are due at these times: behind outages, when those are over."""
    held_ms = due_ms.copy()
    for step in sorted((s for s in steps if isinstance(s, Outage)), key=lambda s: s.start_ms):
        silent = (held_ms >= step.start_ms) & (held_ms < step.end_ms)
        held_ms[silent & within(step.box, latitude, longitude)] = step.end_ms
    return held_ms


def late(steps: Iterable[Any], keys: Keys, stamps: Ints, due_ms: Ints) -> Ints:
    """Say when reports of these aircraft come: a share of them is late."""
    for step in (s for s in steps if isinstance(s, Lateness)):
        own = mix(mix(keys, stamps), step.start_ms)
        drawn = (uniform(own, _LATE) < step.share) & _during(step, stamps)
        lateness_ms = 1 + (uniform(own, _LATENESS) * (step.most_s * 1000 - 1)).astype(np.int64)
        due_ms = np.where(drawn, np.maximum(due_ms, stamps + lateness_ms), due_ms)
    return due_ms


def doubled(steps: Iterable[Any], keys: Keys, stamps: Ints) -> tuple[Ints, Ints]:
    """Say which reports come a second time, by number, and how many ms after the first."""
    copies, lags = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for step in (s for s in steps if isinstance(s, Duplicates)):
        own = mix(mix(keys, stamps), step.start_ms)
        drawn = (uniform(own, _DOUBLE) < step.share) & _during(step, stamps)
        lag_ms = 1 + (uniform(own, _LAG) * (DOUBLED_MS - 1)).astype(np.int64)
        copies.append(np.flatnonzero(drawn))
        lags.append(lag_ms[drawn])
    return np.concatenate(copies), np.concatenate(lags)


def surges(steps: Iterable[Any], from_ms: int, to_ms: int) -> list[Surge]:
    """List the surges of a span of time, the strongest first."""
    found = [s for s in steps if isinstance(s, Surge) and s.start_ms < to_ms and s.end_ms > from_ms]
    return sorted(found, key=lambda s: -s.factor)


def crowded(
    strongest_first: Sequence[Surge], nth: int, stamps: Ints, latitude: Floats, longitude: Floats
) -> Mask:
    """Tell which extra reports the nth surge makes: where a stronger one is at work, that does."""
    mine, *stronger = (
        _during(step, stamps) & within(step.box, latitude, longitude)
        for step in (strongest_first[nth], *strongest_first[:nth])
    )
    for other in stronger:
        mine &= ~other
    return mine


def garbage(step: Poison) -> list[Garbage]:
    """Make the messages of a `Poison`."""
    words = (f"this is not a flight report ({n + 1})" for n in range(step.count))
    return [Garbage(f"poison-{n}", text.encode(), step.at_ms) for n, text in enumerate(words)]


def _during(step: Lateness | Duplicates | Surge, stamps: Ints) -> Mask:
    return (stamps >= step.start_ms) & (stamps < step.end_ms)


def _check(name: str, value: Any, least: float, most: float) -> None:
    real = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not real or not least <= value <= most:
        raise SettingError(f"{name} cannot be {value!r}; allowed: {least:g} to {most:g}")


def _check_box(box: Any) -> None:
    try:
        south, west, north, east = box
        fits = -90 <= south < north <= 90 and -180 <= west < east <= 180
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise SettingError(
            f"a box cannot be {box!r}; allowed: (south, west, north, east) in degrees, south "
            "before north, west before east"
        )


def _check_span(start_ms: Any, end_ms: Any) -> None:
    _check("start_ms", start_ms, 0, inf)
    _check("end_ms", end_ms, 0, inf)
    if not start_ms < end_ms:
        raise SettingError(f"end_ms cannot be {end_ms!r}; allowed: later than start_ms, {start_ms}")
