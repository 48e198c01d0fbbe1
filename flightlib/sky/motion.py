"""Where aircraft are on the ground, and how they move over it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import EARTH_RADIUS_NM
from flightlib.sky.holds import RACETRACK, racetrack
from flightlib.sky.offsets import beside, polynomial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRAIGHT, ASIDE = 0, 1


def on_circle(start: Floats, tangent: Floats, angle: Floats) -> tuple[Floats, Floats]:
    """Find points at angles along great circles, and the way on, as unit vectors."""
    sine, cosine = np.sin(angle), np.cos(angle)
    return start * cosine + tangent * sine, tangent * cosine - start * sine


def off_circle(
    start: Floats, tangent: Floats, bend: Floats, miles: Floats
) -> tuple[Floats, Floats, Floats]:
    """Find points beside great circles, the ways there, and what the ground speed is times.

    `miles` are those along the great circle by plan; in a hold they count on, lap by lap.
    """
    s, ahead = miles.copy(), np.ones_like(miles)
    d, aside = polynomial(bend[2:], miles - bend[1])
    laps = np.flatnonzero(bend[0] == RACETRACK)
    factor = np.hypot(np.cos(d / EARTH_RADIUS_NM), aside)
    if len(laps):
        held = bend[:, laps]
        factor[laps] = np.hypot(np.cos(held[2] / EARTH_RADIUS_NM), held[3])
        s[laps], d[laps], ahead[laps], aside[laps] = racetrack(held, miles[laps] - held[1])
    return *beside(start, tangent, s, d, ahead, aside), factor


def degrees(point: Floats, way: Floats) -> tuple[Floats, Floats, Floats]:
    """Read latitude, longitude and track, in degrees, of points and the ways they move."""
    x, y, z = point
    track = np.arctan2(x * way[1] - y * way[0], way[2])
    latitude = np.arctan2(z, np.hypot(x, y))
    return np.degrees(latitude), np.degrees(np.arctan2(y, x)), np.degrees(track)
