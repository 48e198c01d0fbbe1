"""Where aircraft are at a time, by the formulas of their pieces: the only work of every tick.

It is done some thousands of aircraft at a time, so that what is computed on the way stays in the
processor's cache; that is several times as fast as one pass over all of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flightlib.records import PHASES
from flightlib.sky.columns import Columns
from flightlib.sky.geodesy import EARTH_RADIUS_NM
from flightlib.sky.hashing import Keys, mix
from flightlib.sky.holds import RACETRACK, racetrack
from flightlib.sky.offsets import beside, polynomial

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_CHUNK = 16_384
# The rows of a piece; the vectors have three each.
START_MS, DISTANCE, SPEED, GAIN, HEIGHT, RATE, LIFT_MS, ON_MS, START, TANGENT = *range(9), 11
PIECE_ROWS = 14
# Jitter by a byte of noise: vertical in steps of 64 ft/min, speed in knots, heading in 0.1 degree.
_STEPS = np.arange(256)
_VERTICAL = (_STEPS % 5 - 2) * 64.0
_KNOTS = _STEPS % 3 - 1.0
_TENTHS = (_STEPS % 7 - 3) * 0.1
_MOVING = np.array([0 < phase < len(PHASES) - 1 for phase in range(len(PHASES))], dtype=float)


def columns(
    slot: Ints,
    time_ms: Ints,
    pieces: tuple[Floats, Floats],
    words: tuple[NDArray[np.int8], NDArray[np.int8]],
    keys: Keys,
    labels: tuple[NDArray[np.object_], Ints],
) -> Columns:
    """Compute the columns of slots at their times, by the pieces (and bends) of all slots.

    `words` are the phases and statuses, by slot like the pieces, the keys and the labels
    with their editions.
    """
    count, (phase, status) = len(slot), words
    made = Columns(
        slot=slot,
        time_ms=time_ms,
        phase=phase[slot],
        status=status[slot],
        altitude=np.empty(count, np.int64),
        progress_percent=np.empty(count, np.int64),
        labels=labels[0][slot],
        edition=labels[1][slot],
        latitude=np.empty(count),
        longitude=np.empty(count),
        heading=np.empty(count),
        ground_speed=np.empty(count),
        vertical_speed=np.empty(count),
    )
    for first in range(0, count, _CHUNK):
        part = slice(first, first + _CHUNK)
        few = slot[part]
        piece = pieces[0].take(few, axis=1)
        _fill(made, part, piece, pieces[1], mix(keys[few], time_ms[part]))
    return made


def _fill(made: Columns, part: slice, piece: Floats, bends: Floats, noise: Keys) -> None:
    """Compute a part of the columns."""
    time_ms = made.time_ms[part]
    seconds = (time_ms - piece[START_MS]) * 0.001
    speed = piece[SPEED] + piece[GAIN] * seconds
    miles = piece[DISTANCE] + (piece[SPEED] + speed) * seconds * (0.5 / 3600)
    feet = piece[HEIGHT] + piece[RATE] * seconds * (1 / 60)
    moving = _MOVING[made.phase[part]]
    bend = bends[0].take(made.slot[part])
    bent = bend.nonzero()[0] if bend.any() else None
    where = _on_circle(piece, miles * (1 / EARTH_RADIUS_NM))
    if bent is not None:
        there = off_circle(piece[:, bent], bends[:, made.slot[part][bent]], miles[bent])
        speed[bent] *= there[0]
        for all_of_it, some in zip(where, there[1:], strict=True):
            all_of_it[bent] = some
    latitude, longitude, track = where
    np.round(latitude, 5, out=made.latitude[part])
    np.round(longitude, 5, out=made.longitude[part])
    track += moving * _TENTHS[_byte(noise, 16)]
    track = np.round(track, 1, out=track)
    np.add(track, (track < 0) * 360.0, out=made.heading[part])
    feet *= 1 / 25
    np.multiply(np.rint(feet, out=feet), 25, out=made.altitude[part], casting="unsafe")
    speed += moving * _KNOTS[_byte(noise, 8)]
    np.maximum(np.rint(speed, out=speed), 0.0, out=made.ground_speed[part])
    moving *= piece[RATE] != 0
    np.add(piece[RATE], moving * _VERTICAL[_byte(noise, 0)], out=made.vertical_speed[part])
    progress = (time_ms - piece[LIFT_MS]) * 100
    progress /= np.maximum(piece[ON_MS] - piece[LIFT_MS], 1)
    made.progress_percent[part] = np.minimum(np.maximum(progress, 0, out=progress), 100)


def _byte(keys: Keys, shift: int) -> NDArray[np.uint8]:
    return (keys >> np.uint64(shift)).astype(np.uint8)


def _on_circle(piece: Floats, angle: Floats) -> tuple[Floats, Floats, Floats]:
    """Find latitude, longitude and track in degrees at angles along the circles of pieces."""
    sine, cosine = np.sin(angle), np.cos(angle)
    a, b, c = piece[START : START + 3]
    d, e, f = piece[TANGENT : TANGENT + 3]
    # The way on is east by what the circle's own pole says, the same all along it.
    track = np.arctan2(a * e - b * d, f * cosine - c * sine)
    longitude = np.arctan2(b * cosine + e * sine, a * cosine + d * sine)
    height = c * cosine
    height += f * sine
    latitude = np.arcsin(np.minimum(np.maximum(height, -1.0, out=height), 1.0, out=height))
    for angles in (latitude, longitude, track):
        angles *= 180 / np.pi
    return latitude, longitude, track


def off_circle(piece: Floats, bend: Floats, miles: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Find what the ground speed is times, latitude, longitude and track beside great circles.

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
    circles = piece[START : START + 3], piece[TANGENT : TANGENT + 3]
    (x, y, z), way = beside(*circles, s, d, ahead, aside)
    latitude = np.arcsin(np.clip(z, -1.0, 1.0))
    track = np.arctan2(x * way[1] - y * way[0], way[2])
    return factor, np.degrees(latitude), np.degrees(np.arctan2(y, x)), np.degrees(track)
