"""Around storms: the offsets that keep flights out of them, on the shorter side.

A flight and a storm meet in their relative motion: where the aircraft is at a time against where
the storm is then. So the way around is found from samples over time, and laid as a smooth bulge
beside the way that the flight has anyhow: two flanks, and a top as round as the storm. It begins
after the storm does, and is never steep: a flight that is too near for that passes through the
edge, and so does one whose airport is near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.bulges import BEND_NM, bulge_for
from flightlib.sky.disturb import Storm
from flightlib.sky.geodesy import EARTH_RADIUS_NM, along, tangent_of, unit
from flightlib.sky.offsets import Offsets, added, miles_at, seconds_to
from flightlib.sky.paths import Paths
from flightlib.sky.profile import Profiles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

GROWS_MS = 1_800_000
MARGIN_NM = 10.0
SAMPLES = 120
LEAST_NM = 2.0
# How steep ways around several storms may become together.
TOGETHER = 0.6


@dataclass(frozen=True, slots=True)
class Flown:
    """Flights as storms meet them: paths, profiles, when they begin (ms since 1970), and where.

    Between miles `low_nm` and `high_nm` of its path a flight may be led aside.
    """

    paths: Paths
    nodes: Profiles
    begin_ms: Ints
    low_nm: Floats
    high_nm: Floats


def centre(storm: Storm, time_ms: Floats) -> Floats:
    """Find where the middle of a storm is at times, unit vectors of shape (3, ...)."""
    start = unit([storm.latitude], [storm.longitude])
    way = tangent_of(start, np.array([float(storm.track_deg)]))
    miles = storm.speed_kt * (time_ms - storm.start_ms) / 3_600_000
    points = along(start, way, np.ravel(miles) / EARTH_RADIUS_NM)
    return points.reshape(3, *np.shape(time_ms))


def radius_nm(storm: Storm, time_ms: Floats) -> Floats:
    """Say how large a storm is at times: it grows at first, and decays at last."""
    since = np.minimum(time_ms - storm.start_ms, storm.end_ms - time_ms) / _ramp_ms(storm)
    u = np.clip(since, 0.0, 1.0)
    return storm.radius_nm * u * u * (3 - 2 * u)


def grows(storm: Storm, time_ms: int) -> bool:
    """Say whether a storm that has begun will still become larger."""
    return time_ms - storm.start_ms < _ramp_ms(storm)


def _ramp_ms(storm: Storm) -> float:
    return min(GROWS_MS, (storm.end_ms - storm.start_ms) / 4)


def around(storms: tuple[Storm, ...], flown: Flown, offsets: Offsets | None) -> Offsets | None:
    """Lead flights around storms, beside the offsets that they have anyhow.

    Each storm sees the way around those that began before it, and not of those after. It sees the
    way around those that were called off too: else what was flown before would be another way.
    """
    flies = offsets
    for storm in storms:
        rows = _near(storm, flown, offsets)
        if len(rows):
            made = _around(storm, flown, offsets, rows)
            offsets = added(offsets, made)
            flies = added(flies, made.only(_in_time(storm, flown, made)))
    return flies


def _in_time(storm: Storm, flown: Flown, made: Offsets) -> Bools:
    """Say who turns aside before a storm is called off."""
    if storm.called_off_ms is None:
        return np.ones(len(made.rows), dtype=bool)
    turns_s = seconds_to(flown.nodes, made.rows, made.along_nm[:1])[0]
    result: Bools = flown.begin_ms[made.rows] + turns_s * 1000 < storm.called_off_ms
    return result


def _near(storm: Storm, flown: Flown, offsets: Offsets | None) -> Ints:
    """List the flights that may come near a storm."""
    lasts_ms = flown.nodes.time_s[-1] * 1000
    meets = flown.begin_ms < storm.end_ms
    meets &= flown.begin_ms + lasts_ms > storm.start_ms
    meets &= flown.high_nm > flown.low_nm + 2 * BEND_NM
    middle = centre(storm, np.array((storm.start_ms + storm.end_ms) / 2))
    pole = np.cross(flown.paths.tangent, flown.paths.start, axis=0)
    across = np.abs(np.arcsin(np.clip(middle @ pole, -1, 1))) * EARTH_RADIUS_NM
    drift = storm.speed_kt * (storm.end_ms - storm.start_ms) / 7_200_000
    reach = np.full(len(across), storm.radius_nm * 1.1 + MARGIN_NM + drift)
    if offsets is not None:
        reach[offsets.rows] += np.abs(offsets.right_nm).max(axis=0)
    return np.flatnonzero(meets & (across < reach))


def _around(storm: Storm, flown: Flown, offsets: Offsets | None, rows: Ints) -> Offsets:
    """Lay the way around one storm for the flights that meet it."""
    begin = flown.begin_ms[rows]
    started = np.maximum((storm.start_ms - begin) / 1000, 0.0)
    low = np.maximum(flown.low_nm[rows], miles_at(flown.nodes, rows, started[None])[0])
    high = flown.high_nm[rows]
    ends = seconds_to(flown.nodes, rows, np.array([low, np.maximum(high, low)]))
    ends[1] = np.minimum(ends[1], (storm.end_ms - begin) / 1000)
    share = np.linspace(0.0, 1.0, SAMPLES)[:, None]
    seconds = ends[0] + share * np.maximum(ends[1] - ends[0], 0.0)
    miles = miles_at(flown.nodes, rows, seconds)
    aside, slope_too = _asides(offsets, rows, miles)
    need = _needs(storm, flown.paths, rows, (begin + seconds * 1000, miles, aside))
    side, need = _shorter(need)
    bulge = bulge_for(need, miles, (low, high), storm.radius_nm * 1.05 + MARGIN_NM)
    knots, right, slope = bulge.knots()
    made = Offsets(rows, knots, right * side, slope * side)
    share = _share(made.at(miles)[1], slope_too)
    made = Offsets(rows, knots, made.right_nm * share, made.slope * share)
    return made.only(bulge.size_nm * share > LEAST_NM)


def _share(slope: Floats, slope_too: Floats) -> Floats:
    """Say which share of a way around may be flown on top of others, for it not to be steep."""
    same = slope * slope_too > 0
    left = np.maximum(TOGETHER - np.abs(slope_too), 0.0)
    share = np.where(same, left / np.maximum(np.abs(slope), 1e-9), 1.0)
    result: Floats = np.minimum(share.min(axis=0), 1.0)
    return result


def _asides(offsets: Offsets | None, rows: Ints, miles: Floats) -> tuple[Floats, Floats]:
    """Read how far aside flights are anyhow, and the slopes, at miles (k, len(rows))."""
    aside, slope = np.zeros_like(miles), np.zeros_like(miles)
    if offsets is not None:
        mine = np.isin(offsets.rows, rows)
        few, columns = offsets.only(mine), np.searchsorted(rows, offsets.rows[mine])
        aside[:, columns], slope[:, columns] = few.at(miles[:, columns])
    return aside, slope


def _needs(
    storm: Storm, paths: Paths, rows: Ints, flights: tuple[Floats, Floats, Floats]
) -> Floats:
    """Say how much further to the left and to the right flights must be, shape (2, k, n).

    Where a flight is clear of the storm both are 0.
    """
    time_ms, miles, aside = flights
    where = centre(storm, time_ms)
    start, tangent = paths.start[:, None, rows], paths.tangent[:, None, rows]
    pole = np.cross(tangent, start, axis=0)
    x = np.arctan2((where * tangent).sum(axis=0), (where * start).sum(axis=0)) * EARTH_RADIUS_NM
    y = np.arcsin(np.clip((where * pole).sum(axis=0), -1, 1)) * EARTH_RADIUS_NM
    radius = radius_nm(storm, time_ms)
    reach = radius * 1.05 + np.minimum(MARGIN_NM, radius)
    half = np.sqrt(np.maximum(reach**2 - (miles - x) ** 2, 0.0))
    right, left = y + half - aside, aside - y + half
    return np.where((half > 0) & (right > 0) & (left > 0), np.array([left, right]), 0.0)


def _shorter(need: Floats) -> tuple[Floats, Floats]:
    """Choose the shorter side, -1 left or 1 right, and what is needed on it."""
    to_right = need[1].max(axis=0) <= need[0].max(axis=0)
    return np.where(to_right, 1.0, -1.0), np.where(to_right, need[1], need[0])
