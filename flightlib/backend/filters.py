"""Which flights a client wants to see, and how often: parsed from a query, checked word by word."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flightlib.errors import SettingError, not_allowed
from flightlib.records import STATUSES

LATE_S = 900
"""From this delay on a flight counts as delayed: 15 minutes, the US DOT's rule."""

EVERY_S = (0.25, 5.0)
ALTITUDE_FT = (-2000, 100_000)
REPEATABLE = {"status", "region"}


class BadParameter(SettingError):
    """A parameter of a request is not allowed; `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        self.parameter = parameter
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a stream is limited to; nothing given lets every flight through.

    `bbox` is (west, south, east, north) in degrees; west > east spans the antimeridian.
    Altitudes are in feet and included. `delayed` asks for 15 minutes or more of delay (or less).
    """

    bbox: tuple[float, float, float, float] | None = None
    status: frozenset[str] = frozenset()
    region: frozenset[str] = frozenset()
    min_altitude: float | None = None
    max_altitude: float | None = None
    delayed: bool | None = None

    def lets_through(self, flight: Mapping[str, Any]) -> bool:
        """Say whether a flight passes every condition."""
        return (
            (not self.status or flight["status"] in self.status)
            and (not self.region or flight["region"] in self.region)
            and (self.bbox is None or _inside(self.bbox, flight))
            and self._at_height(flight["altitude"])
            and (self.delayed is None or is_delayed(flight) == self.delayed)
        )

    def _at_height(self, altitude: float | None) -> bool:
        if self.min_altitude is None and self.max_altitude is None:
            return True
        if altitude is None:
            return False
        above = self.min_altitude is None or altitude >= self.min_altitude
        return above and (self.max_altitude is None or altitude <= self.max_altitude)


def is_delayed(flight: Mapping[str, Any]) -> bool:
    """Say whether a flight is late: by its status, or 15 minutes or more at either end."""
    late_s = max(flight["departure_delay"] or 0, flight["arrival_delay"] or 0)
    return flight["status"] == "DELAYED" or late_s >= LATE_S


def _inside(bbox: tuple[float, float, float, float], flight: Mapping[str, Any]) -> bool:
    west, south, east, north = bbox
    longitude: float = flight["longitude"]
    if not south <= flight["latitude"] <= north:
        return False
    return west <= longitude <= east if west <= east else longitude >= west or longitude <= east


def parse(query: Iterable[tuple[str, str]]) -> tuple[Filter, float]:
    """Read a query's (name, value) pairs; return the filter and seconds between frames.

    Raises BadParameter naming the parameter, what was given and what is allowed.
    """
    given: dict[str, list[str]] = {}
    for name, value in query:
        if name not in READERS and name != "every":
            raise BadParameter(name, not_allowed("A parameter", name, [*READERS, "every"]))
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        if len(values) > 1 and name not in REPEATABLE:
            raise BadParameter(name, f"{name} is given {len(values)} times; give it once.")
    every = given.pop("every", ["1"])
    chosen = Filter(**{name: READERS[name](name, values) for name, values in given.items()})
    low, high = chosen.min_altitude, chosen.max_altitude
    if low is not None and high is not None and low > high:
        raise BadParameter(
            "min_altitude", f"min_altitude {low:g} is above max_altitude {high:g}; swap them."
        )
    return chosen, _number("every", every, *EVERY_S)


def _number(name: str, values: list[str], low: float, high: float) -> float:
    try:
        number = float(values[0])
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise BadParameter(
            name, f"{name} cannot be {values[0]!r}; allowed: a number from {low:g} to {high:g}."
        )
    return number


def _altitude(name: str, values: list[str]) -> float:
    return _number(name, values, *ALTITUDE_FT)


def _bbox(name: str, values: list[str]) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in values[0].split(","))
        fine = abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90
    except ValueError:
        fine = False
    if not fine:
        raise BadParameter(
            name,
            f"{name} cannot be {values[0]!r}; allowed: west,south,east,north in degrees, "
            "for example -125,24,-66,50.",
        )
    return west, south, east, north


def _words(values: list[str]) -> list[str]:
    return [word.strip() for value in values for word in value.split(",")]


def _status(name: str, values: list[str]) -> frozenset[str]:
    wanted = [word.upper() for word in _words(values)]
    for word in wanted:
        if word not in STATUSES:
            raise BadParameter(name, not_allowed(name, word, STATUSES))
    return frozenset(wanted)


def _region(name: str, values: list[str]) -> frozenset[str]:
    return frozenset(_cell(name, word) for word in _words(values))


def _cell(name: str, word: str) -> str:
    parts = re.fullmatch(r"(-?\d{1,2})_(-?\d{1,3})", word, re.ASCII)
    south, west = (int(part) for part in parts.groups()) if parts else (1, 1)
    if south % 5 or west % 5 or not -90 <= south <= 90 or not -180 <= west <= 180:
        raise BadParameter(
            name,
            f"{name} cannot be {word!r}; allowed: a 5 by 5 degree cell's south-west corner "
            "as latitude_longitude, for example 40_-75.",
        )
    return f"{south}_{west}"


def _yes_or_no(name: str, values: list[str]) -> bool:
    word = values[0].strip().lower()
    if word not in ("true", "false"):
        raise BadParameter(name, not_allowed(name, values[0], ["true", "false"]))
    return word == "true"


READERS: dict[str, Callable[[str, list[str]], Any]] = {
    "bbox": _bbox,
    "status": _status,
    "region": _region,
    "min_altitude": _altitude,
    "max_altitude": _altitude,
    "delayed": _yes_or_no,
}
