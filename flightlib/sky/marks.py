"""What a map shows of the disturbances of a sky: outlines that move, boxes, and short labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from flightlib.sky import disturb, geodesy, storms
from flightlib.sky.delivery import Box, Duplicates, Lateness, Outage, Poison, Surge
from flightlib.sky.reports import Clock
from flightlib.sky.tables import airport_rows

Place = tuple[float, float]
CORNERS = 48
HOLDING_NM = 60.0  # where the farthest hold
DELAY_NM = 25.0
LEAST_NM = 8.0
AFTER_MS = 8000  # how long what happened at a moment is shown


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to draw on a map: its kind, a label, and an outline of longitudes and latitudes.

    The label stands at `anchor`. What has no place has no outline and no anchor: it is said beside
    the map. `reach` is the outline of how large it will become, while it grows. Labels are plain
    text.
    """

    kind: str
    label: str
    outline: tuple[Place, ...] = ()
    anchor: Place | None = None
    reach: tuple[Place, ...] = ()


KINDS = ("storm", "holding", "delay", "outage", "surge", "note")


def marks(disturbances: Iterable[Any], now_ms: int, clock: Clock) -> tuple[Mark, ...]:
    """List what a map shows of disturbances at a time of the reader, areas first."""
    shown = []
    for one in disturbances:
        flying = isinstance(one, disturb.Flying)
        mark = _mark(one, int(clock.sky_ms(np.int64(now_ms))) if flying else now_ms)
        if mark is not None:
            shown.append(mark)
    return tuple(sorted(shown, key=lambda mark: KINDS.index(mark.kind)))


@singledispatch
def _mark(_one: Any, _now_ms: int) -> Mark | None:
    return None


@_mark.register
def _storm(one: disturb.Storm, now_ms: int) -> Mark | None:
    if not one.start_ms <= now_ms < _over_ms(one):
        return None
    now = np.array([float(now_ms)])
    latitude, longitude = (float(edge[0]) for edge in geodesy.position(storms.centre(one, now)))
    radius_nm = float(storms.radius_nm(one, now)[0])
    # While it is small it is drawn a little larger, to be seen at all.
    outline = _circle((longitude, latitude), max(radius_nm, LEAST_NM))
    label = f"Storm, {max(radius_nm, LEAST_NM):.0f} nm around"
    if not storms.grows(one, now_ms):
        return Mark("storm", label, outline, outline[0])
    reach = _circle((longitude, latitude), one.radius_nm)
    return Mark("storm", f"{label}, grows to {one.radius_nm:g} nm", outline, reach[0], reach)


@_mark.register
def _holding(one: disturb.Holding, now_ms: int) -> Mark | None:
    laps = f"{one.laps} lap{'' if one.laps == 1 else 's'}"
    if not one.start_ms <= now_ms < one.end_ms:
        return None
    here, name = _airport(one.airport)
    outline = _circle(here, HOLDING_NM)
    return Mark("holding", f"{name}: holding, {laps}", outline, outline[0])


@_mark.register
def _delay(one: disturb.GroundDelay, now_ms: int) -> Mark | None:
    if not one.start_ms <= now_ms < _over_ms(one):
        return None
    here, name = _airport(one.airport)
    outline = _circle(here, DELAY_NM)
    label = f"{name}: ground delay, {one.minutes:g} min"
    return Mark("delay", label, outline, outline[CORNERS // 2])


def _over_ms(one: disturb.Storm | disturb.GroundDelay) -> int:
    return one.end_ms if one.called_off_ms is None else min(one.called_off_ms, one.end_ms)


@_mark.register
def _outage(one: Outage, now_ms: int) -> Mark | None:
    if not one.start_ms <= now_ms < one.end_ms + AFTER_MS:
        return None
    over = now_ms >= one.end_ms
    label = "Late burst" if over else f"No reports, {_left(one.end_ms, now_ms)}"
    return Mark("outage", label, *_edges(one.box))


@_mark.register
def _surge(one: Surge, now_ms: int) -> Mark | None:
    if not one.start_ms <= now_ms < one.end_ms:
        return None
    label = f"{one.factor} times the reports, {_left(one.end_ms, now_ms)}"
    return Mark("note", label) if one.box is None else Mark("surge", label, *_edges(one.box))


@_mark.register
def _lateness(one: Lateness, now_ms: int) -> Mark | None:
    if not one.start_ms <= now_ms < one.end_ms:
        return None
    return Mark("note", f"{one.share:.0%} of the reports up to {one.most_s:g} s late")


@_mark.register
def _duplicates(one: Duplicates, now_ms: int) -> Mark | None:
    if not one.start_ms <= now_ms < one.end_ms:
        return None
    return Mark("note", f"{one.share:.0%} of the reports come twice")


@_mark.register
def _poison(one: Poison, now_ms: int) -> Mark | None:
    if not one.at_ms <= now_ms < one.at_ms + AFTER_MS:
        return None
    return Mark("note", f"{one.count} poison message{'' if one.count == 1 else 's'}")


def _airport(code: str) -> tuple[Place, str]:
    row = airport_rows()[code]
    return (float(row["longitude"]), float(row["latitude"])), row["iata"] or code


def _circle(middle: Place, radius_nm: float) -> tuple[Place, ...]:
    return _from(middle, np.linspace(0, 360, CORNERS, endpoint=False).tolist(), radius_nm)


def _from(place: Place, bearings: list[float], distance_nm: float) -> tuple[Place, ...]:
    """Find the places at a distance from one, one for each bearing in degrees."""
    start = np.repeat(geodesy.unit([place[1]], [place[0]]), len(bearings), axis=1)
    tangents = geodesy.tangent_of(start, np.array(bearings))
    points = geodesy.along(start, tangents, distance_nm / geodesy.EARTH_RADIUS_NM)
    latitude, longitude = (edge.round(3).tolist() for edge in geodesy.position(points))
    return tuple(zip(longitude, latitude, strict=True))


def _edges(box: Box) -> tuple[tuple[Place, ...], Place]:
    """Give the corners of a box, and the middle of its upper edge for the label."""
    south, west, north, east = box
    corners = ((west, south), (west, north), (east, north), (east, south))
    return corners, ((west + east) / 2, north)


def _left(end_ms: int, now_ms: int) -> str:
    seconds = max(0, end_ms - now_ms) // 1000
    return f"{seconds // 60} min left" if seconds >= 120 else f"{seconds} s left"
