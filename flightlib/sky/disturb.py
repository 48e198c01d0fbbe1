"""What can disturb the flights of a sky: a ground delay, a holding, a storm.

A disturbance changes nothing that happened before its start. To let one begin while a stream
runs, give it a start at or after the time that the stream has reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flightlib.errors import SettingError, nearest
from flightlib.sky.tables import airport_rows

LAST_MS = 7_258_118_400_000
MOST_DELAY_MIN, MOST_LAPS = 240, 8


@dataclass(frozen=True, slots=True)
class GroundDelay:
    """Flights to and from an airport are kept on the ground for up to some minutes.

    It is for those that were to lift off between start and end (ms since 1970 UTC) and had not
    left the stand at its start; the minutes grow over the first half hour. Once it is called off
    nobody else is kept; who should have left the stand by then waits as told.
    """

    airport: str
    start_ms: int
    end_ms: int
    minutes: float
    called_off_ms: int | None = None

    def __post_init__(self) -> None:
        _check_airport(self.airport)
        _check_times(self)
        _check(self, minutes=(1, MOST_DELAY_MIN))


@dataclass(frozen=True, slots=True)
class Holding:
    """Arrivals at an airport fly laps of a racetrack before they go on: one to `laps`, 4 min each.

    It is for those that reach their holding point between start and end (ms since 1970 UTC).
    """

    airport: str
    start_ms: int
    end_ms: int
    laps: int

    def __post_init__(self) -> None:
        _check_airport(self.airport)
        _check_times(self)
        _check_whole(self, "laps")
        _check(self, laps=(1, MOST_LAPS))


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm that flights go around: it moves along a great circle, and grows and decays.

    It starts at a place in degrees and moves towards `track_deg` at `speed_kt`. From start to
    end (ms since 1970 UTC), but for its first and last minutes, its radius is `radius_nm`. Once it
    is called off nobody turns aside any more; who is on the way around it flies that to its end.
    """

    latitude: float
    longitude: float
    radius_nm: float
    track_deg: float
    speed_kt: float
    start_ms: int
    end_ms: int
    called_off_ms: int | None = None

    def __post_init__(self) -> None:
        _check_times(self)
        _check(
            self,
            latitude=(-90, 90),
            longitude=(-180, 180),
            radius_nm=(5, 300),
            track_deg=(0, 360),
            speed_kt=(0, 100),
        )


Flying = GroundDelay | Holding | Storm


def of_flights(disturbances: tuple[Any, ...]) -> tuple[Flying, ...]:
    """Pick those that disturb flights, in an order that does not depend on who came first."""
    mine = {one for one in disturbances if isinstance(one, GroundDelay | Holding | Storm)}
    return tuple(sorted(mine, key=_order))


def without(disturbances: tuple[Any, ...], gone: tuple[Any, ...]) -> tuple[Any, ...]:
    """Take some out of what disturbs a sky; of those that are equal, one for each that goes."""
    left = list(disturbances)
    for one in gone:
        if one in left:
            left.remove(one)
    return tuple(left)


def _order(one: Flying) -> tuple[int, str, str]:
    return one.start_ms, type(one).__name__, repr(one)


def _check_airport(code: Any) -> None:
    if not isinstance(code, str) or code not in airport_rows():
        hint = nearest(str(code), airport_rows())
        raise SettingError(f"airport cannot be {code!r}; allowed: ICAO codes such as 'KATL'.{hint}")


def _check_times(one: Flying) -> None:
    for name in ("start_ms", "end_ms"):
        _check_whole(one, name)
    _check(one, start_ms=(0, LAST_MS), end_ms=(one.start_ms + 1, LAST_MS))
    if not isinstance(one, Holding) and one.called_off_ms is not None:
        _check_whole(one, "called_off_ms")


def _check_whole(one: Flying, name: str) -> None:
    value = getattr(one, name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise SettingError(f"{name} cannot be {value!r}; allowed: whole numbers")


def _check(one: Flying, **limits: tuple[float, float]) -> None:
    for name, (least, most) in limits.items():
        value = getattr(one, name)
        real = isinstance(value, int | float) and not isinstance(value, bool)
        if not real or not least <= value <= most:
            raise SettingError(f"{name} cannot be {value!r}; allowed: {least:,} to {most:,}")
