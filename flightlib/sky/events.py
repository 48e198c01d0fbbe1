"""What befalls legs: some are cancelled, some divert."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.hashing import Keys, uniform
from flightlib.sky.itinerary import (
    MINUTE_MS,
    Walk,
    leg_keys,
    taxi_in_min,
    taxi_out_min,
)
from flightlib.sky.network import Network
from flightlib.sky.offsets import miles_at
from flightlib.sky.paths import between, legs_along, turning_points
from flightlib.sky.profile import CRUISE, CRUISE_END, NODES, profiles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Sub-keys of a diverted leg's second and third hop.
AWAY_KEY, ONWARD_KEY = 201, 202
# Cancelled pairs among those that could be, diverted legs among all: 1.4 % and 0.3 % of the legs.
CANCEL_SHARE, DIVERT_SHARE = 0.024, 0.0039
# Long flights are all such pairs.
CANCEL_LONG = 0.014
DIVERT_NM, AWAY_NM = 250.0, 130.0
_CANCEL, _DIVERT, _CUT, _REFUEL = 35, 36, 39, 40


@dataclass(slots=True)
class Fates:
    """A walk with keys and what befalls its legs, arrays of shape (rows, MOST_LEGS)."""

    keys: Keys
    real: Bools
    cancelled: Bools
    diverted: Bools
    busy_ms: Ints
    cut_ms: Ints
    away_ms: Ints
    refuel_ms: Ints
    onward_ms: Ints


def befall(network: Network, subfleet: Ints, block_keys: Keys, walk: Walk, start_ms: Ints) -> Fates:
    """Decide which legs are cancelled or diverted, and how long each keeps its aircraft busy."""
    rows, columns = walk.origin.shape
    keys = np.stack([leg_keys(block_keys, leg) for leg in range(columns)], axis=1)
    real = np.arange(columns) < walk.count[:, None]
    flat = keys.ravel()
    share = np.where(network.long[subfleet], CANCEL_LONG, CANCEL_SHARE)[:, None]
    out = walk.peak & (uniform(flat, _CANCEL).reshape(rows, columns) < share)
    cancelled = out.copy()
    cancelled[:, 1:] |= out[:, :-1]
    unlucky = uniform(flat, _DIVERT).reshape(rows, columns) < DIVERT_SHARE
    candidate = unlucky & real & ~cancelled
    # One diversion in a block: the first.
    candidate &= np.cumsum(candidate, axis=1) == 1
    zeros = [np.zeros((rows, columns), dtype=np.int64) for _ in range(4)]
    legs = Fates(keys, real, cancelled, candidate, walk.air_ms.copy(), *zeros)
    _divert(network, subfleet, walk, legs, start_ms)
    return legs


def _divert(network: Network, subfleet: Ints, walk: Walk, legs: Fates, start_ms: Ints) -> None:
    """Time the three hops of the diverted legs; legs that cannot divert lose their mark."""
    row, column = np.nonzero(legs.diverted)
    a, b = walk.origin[row, column], walk.destination[row, column]
    keys, kinds = legs.keys[row, column], subfleet[row]
    c, off_ms = network.alternate[b], start_ms[row] + walk.off_ms[row, column]
    turn, cut_s, cut_ft, length_nm = turn_of(network, kinds, (a, b), keys, off_ms)
    away = between(turn, network.points[:, c])
    onward = between(network.points[:, c], network.points[:, b])
    away_s = profiles(legs_along(network, away, away_keys(keys), kinds, (a, c), cut_ft)).time_s
    onward_s = profiles(legs_along(network, onward, onward_keys(keys), kinds, (c, b))).time_s
    can = (length_nm > DIVERT_NM) & (c != a) & (away.length_nm > AWAY_NM)
    legs.diverted[row, column] = can
    legs.cut_ms[row, column] = np.round(cut_s * 1000)
    legs.away_ms[row, column] = np.round(away_s[NODES - 1] * 1000)
    legs.onward_ms[row, column] = np.round(onward_s[NODES - 1] * 1000)
    refuel_min = taxi_in_min(away_keys(keys)) + taxi_out_min(onward_keys(keys))
    refuel_min += 30 + 25 * uniform(keys, _REFUEL)
    legs.refuel_ms[row, column] = np.round(refuel_min * MINUTE_MS)


def turn_of(
    network: Network, subfleet: Ints, ends: tuple[Ints, Ints], keys: Keys, off_ms: Ints
) -> tuple[Floats, Floats, Floats, Floats]:
    """Find where diverted legs turn away: points, seconds, feet; and how long the legs are.

    `off_ms` is when they are to leave, ms since 1970.
    """
    a, b = ends
    paths = between(network.points[:, a], network.points[:, b])
    nodes = profiles(legs_along(network, paths, keys, subfleet, (a, b)))
    share = 0.35 + 0.4 * uniform(keys, _CUT)
    begin_s, end_s = nodes.time_s[CRUISE], nodes.time_s[CRUISE_END]
    cut_s = np.round(begin_s * 1000 + share * (end_s - begin_s) * 1000) / 1000
    # Nobody turns away in a step to another level: it waits for the end of it.
    for start, end in ((CRUISE + 1, CRUISE + 2), (CRUISE + 3, CRUISE + 4)):
        stepping = (cut_s >= nodes.time_s[start]) & (cut_s < nodes.time_s[end])
        cut_s = np.where(stepping, np.ceil(nodes.time_s[end] * 1000) / 1000, cut_s)
    level = (nodes.time_s[CRUISE:CRUISE_END:2] <= cut_s).sum(axis=0) - 1
    cut_ft = nodes.height_ft[CRUISE + 2 * np.maximum(level, 0), np.arange(len(cut_s))]
    cut_nm = miles_at(nodes, np.arange(len(cut_s)), cut_s)
    turn = turning_points(network, paths, keys, off_ms, cut_nm)
    return turn, cut_s, cut_ft, paths.length_nm


def away_keys(keys: Keys) -> Keys:
    """Derive the keys of the hops from the turn to the alternate."""
    return leg_keys(keys, AWAY_KEY)


def onward_keys(keys: Keys) -> Keys:
    """Derive the keys of the hops from the alternate to the destination."""
    return leg_keys(keys, ONWARD_KEY)
