"""The organised tracks over the North Atlantic: five to seven each way, anew every day.

Westbound flights leave in the European morning and cross 30 W around midday, eastbound ones by
night. For each direction and day the tracks lie side by side, half a degree apart: the eastbound
ones where that day's jet stream blows, the westbound ones north of it. Some flights keep to
routes of their own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import EARTH_RADIUS_NM, unit
from flightlib.sky.hashing import Keys, mix, root, split, uniform
from flightlib.sky.offsets import Offsets, through

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DAY_MS = 86_400_000
SPACING_DEG, FEWEST, MOST = 0.5, 5, 7
# Where the jet blows at 30 W, and how far north of it the westbound tracks lie, degrees.
JET_DEG, ASIDE_DEG = (46.5, 52.5), 5.0
# The curve of a track: degrees north of its place at 30 W, on the meridians 20 to 50 W.
MERIDIANS = np.array([-20.0, -30.0, -40.0, -50.0])
ARCH_DEG = np.array([-0.4, 0.0, -0.7, -2.3])
# Flights whose own way is further from the tracks than this keep to it; so do some others.
FURTHEST_DEG, OWN_WAY = 5.5, 0.12
LEANING = 0.35
# A flight joins its track over so many miles, more where the track is far aside.
JOIN_NM, STEEPEST, CLEAR_NM = 420.0, 0.3, 160.0
_CENTRE, _COUNT, _TILT, _OWN, _CHOICE = 0, 1, 2, 43, 44


def crossing(start: Floats, tangent: Floats, length_nm: Floats) -> tuple[Floats, Floats]:
    """Find where great circles cross 30 W over the North Atlantic: miles along, and latitude.

    Both are NaN for those that do not.
    """
    east = np.array([0.5, np.sqrt(0.75), 0.0])[:, None]
    a, b = (start * east).sum(axis=0), (tangent * east).sum(axis=0)
    angle = np.mod(np.arctan2(-a, b), np.pi)
    point = start * np.cos(angle) + tangent * np.sin(angle)
    latitude = np.degrees(np.arcsin(np.clip(point[2], -1, 1)))
    here = (angle < length_nm / EARTH_RADIUS_NM) & (latitude > 33) & (latitude < 75)
    # The plane of the meridian also holds 150 E.
    here &= point[0] * np.sqrt(0.75) - point[1] * 0.5 > 0
    return np.where(here, angle * EARTH_RADIUS_NM, np.nan), np.where(here, latitude, np.nan)


def eastbound(tangent: Floats) -> Bools:
    """Say which paths set out towards the east."""
    # A path that begins west of 30 W and crosses it goes east: its tangent turns towards 60 E.
    result: Bools = (tangent * np.array([0.5, np.sqrt(0.75), 0.0])[:, None]).sum(axis=0) > 0
    return result


def centres(day: Ints, east: Bools) -> tuple[Floats, Ints, Floats]:
    """Draw the tracks of days: latitude in the middle at 30 W, how many, and their tilt."""
    jet = split(root(30), day)
    keys = mix(jet, east.astype(np.int64))
    middle = JET_DEG[0] + (JET_DEG[1] - JET_DEG[0]) * uniform(jet, _CENTRE)
    count = FEWEST + np.floor((MOST + 1 - FEWEST) * uniform(keys, _COUNT)).astype(np.int64)
    return middle + np.where(east, 0.0, ASIDE_DEG), count, uniform(keys, _TILT) - 0.5


def track_offsets(
    start: Floats, tangent: Floats, length_nm: Floats, keys: Keys, off_ms: Ints
) -> Offsets | None:
    """Lead flights along the tracks of their day; None where no flight uses one."""
    _, latitude = crossing(start, tangent, length_nm)
    east = eastbound(tangent)
    # Eastbound flights that leave late in the evening use the tracks of the night.
    day = (off_ms + np.where(east, DAY_MS // 3, 0)) // DAY_MS
    middle, count, tilt = centres(day, east)
    # Most would like the track nearest to their own way; there is room for all on all together.
    wish = (latitude - middle) * LEANING + count * (uniform(keys, _CHOICE) - 0.5)
    place = np.round(wish + (count - 1) / 2)
    track = middle + SPACING_DEG * (np.clip(place, 0, count - 1) - (count - 1) / 2)
    uses = (np.abs(latitude - track) < FURTHEST_DEG) & (uniform(keys, _OWN) > OWN_WAY)
    rows = np.flatnonzero(uses)
    if not len(rows):
        return None
    degrees = track[rows] + ARCH_DEG[:, None] + tilt[rows] * (MERIDIANS[:, None] + 30) / 10
    along_nm, right_nm = _beside(start[:, rows], tangent[:, rows], degrees, east[rows])
    first, last = _joins(along_nm, right_nm)
    flies = (np.diff(along_nm, axis=0) > 60).all(axis=0)
    flies &= (first > CLEAR_NM) & (last < length_nm[rows] - CLEAR_NM)
    if not flies.any():
        return None
    knots = np.concatenate([first[None], along_nm, last[None]])[:, flies]
    nothing = np.zeros((1, int(flies.sum())))
    return through(
        rows[flies], knots, np.concatenate([nothing, right_nm[:, flies], nothing], axis=0)
    )


def _beside(start: Floats, tangent: Floats, degrees: Floats, east: Bools) -> tuple[Floats, Floats]:
    """Measure the points of tracks along and beside great circles, in the order of flight."""
    pole = np.cross(tangent, start, axis=0)
    along_nm, right_nm = np.empty_like(degrees), np.empty_like(degrees)
    for i, meridian in enumerate(MERIDIANS):
        point = unit(degrees[i], np.full(len(east), meridian))
        angle = np.arctan2((point * tangent).sum(axis=0), (point * start).sum(axis=0))
        along_nm[i] = angle * EARTH_RADIUS_NM
        right_nm[i] = np.arcsin(np.clip((point * pole).sum(axis=0), -1, 1)) * EARTH_RADIUS_NM
    return (
        np.where(east, along_nm[::-1], along_nm),
        np.where(east, right_nm[::-1], right_nm),
    )


def _joins(along_nm: Floats, right_nm: Floats) -> tuple[Floats, Floats]:
    """Say where flights leave their great circles for the tracks, and where they are back."""
    room = np.maximum(JOIN_NM, np.abs(right_nm[[0, -1]]) / STEEPEST)
    return along_nm[0] - room[0], along_nm[-1] + room[1]
