"""Holding: laps of a racetrack that a flight inserts into its way.

A lap takes four minutes: a right-hand turn of 180 degrees at 3 degrees a second, a minute back, a
second turn, a minute to where it began, level and at constant speed. So the flight goes on with
the heading and the speed it came with, and everything that follows is later by whole laps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import EARTH_RADIUS_NM
from flightlib.sky.offsets import polynomial

if TYPE_CHECKING:
    from flightlib.sky.pieces import HopRows, Pieces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RACETRACK = 2


def without(hops: HopRows, t_ms: Ints) -> Ints:
    """Turn times into what they would be had nobody held; a hold takes no time at all."""
    return t_ms - np.clip(t_ms - hops.hold, 0, hops.hold_ms)


def insert(found: Pieces, hops: HopRows, t_ms: Ints) -> None:
    """Put the holds of hops into their pieces, which were found for times without holds."""
    rows = np.flatnonzero(hops.hold_ms > 0)
    if len(rows) == 0:
        return
    begin, lasts, t = hops.hold[rows], hops.hold_ms[rows], t_ms[rows]
    before, after = t < begin, t >= begin + lasts
    during = ~before & ~after
    shift = np.where(after, lasts, 0)
    since, until = found.valid_from[rows] + shift, found.valid_to[rows] + shift
    since = np.where(before, since, np.where(during, begin, np.maximum(since, begin + lasts)))
    until = np.where(before, np.minimum(until, begin), until)
    until = np.where(during, begin + lasts, np.minimum(until, hops.until[rows]))
    found.valid_from[rows], found.valid_to[rows] = since, until
    found.start_ms[rows] += shift
    # What a hold will cost is known when it begins.
    found.planned_on[rows] -= np.where(before, lasts, 0)
    _hold(found, rows[during], begin[during])


def _hold(found: Pieces, rows: Ints, begin: Ints) -> None:
    """Turn the pieces in which holds begin into racetracks."""
    seconds = (begin - found.start_ms[rows]) / 1000
    speed = found.speed_kt[rows] + found.gain_kt_s[rows] * seconds
    miles = found.distance_nm[rows] + (found.speed_kt[rows] + speed) / 2 * seconds / 3600
    found.height_ft[rows] += found.rate_fpm[rows] * seconds / 60
    found.start_ms[rows], found.distance_nm[rows], found.speed_kt[rows] = begin, miles, speed
    found.gain_kt_s[rows] = found.rate_fpm[rows] = 0.0
    right, slope = polynomial(found.bend[2:, rows], miles - found.bend[1, rows])
    zero = np.zeros_like(miles)
    found.bend[:, rows] = [zero + RACETRACK, miles, right, slope, speed / 60, zero]


def racetrack(bend: Floats, flown_nm: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Find where aircraft are that have flown some miles of a hold.

    Gives miles along the great circle and to the right of it, and how each changes with the
    other's share of a mile flown: the direction.
    """
    _, along_nm, right_nm, slope, minute_nm, _ = bend
    minute = flown_nm / minute_nm % 4
    cosine = np.cos(right_nm / EARTH_RADIUS_NM)
    # Aside the great circle a mile of it is shorter or longer; the lap is flown at true size.
    size = minute_nm * np.hypot(cosine, slope)
    leg, share = np.floor(minute), minute % 1
    turning = np.where(leg % 2 == 0, share, leg == 1)
    angle = np.pi * (turning + (leg >= 2))
    straight = np.where(leg == 1, share, np.where(leg == 2, 1.0, np.where(leg == 3, 1 - share, 0)))
    angle = np.where(leg == 3, 0.0, angle)
    ahead = np.sin(angle) / np.pi - straight
    aside = (1 - np.cos(angle)) / np.pi
    came = np.arctan2(slope, cosine)
    c, s = np.cos(came), np.sin(came)
    x, y = (ahead * c - aside * s) * size / cosine, (ahead * s + aside * c) * size
    return along_nm + x, right_nm + y, np.cos(came + angle) / cosine, np.sin(came + angle)
