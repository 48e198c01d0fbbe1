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
from flightlib.sky.paths import between, legs_along
from flightlib.sky.profile import NODES, profiles
from flightlib.sky.turns import away, away_keys

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# The sub-key of a diverted leg's third hop.
ONWARD_KEY = 202
# Cancelled pairs among those that could be, diverted legs among all: 1.4 % and 0.3 % of the legs.
CANCEL_SHARE, DIVERT_SHARE = 0.024, 0.0039
# Long flights are all such pairs.
CANCEL_LONG = 0.014
DIVERT_NM, AWAY_NM = 250.0, 130.0
_CANCEL, _DIVERT, _REFUEL = 35, 36, 40


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
    """Time the three hops of the diverted legs; legs that cannot divert lose their mark.

    The nearest alternate may be too near for a descent at the rates that are flown.
    """
    row, column = np.nonzero(legs.diverted)
    a, b = walk.origin[row, column], walk.destination[row, column]
    keys, kinds = legs.keys[row, column], subfleet[row]
    c, off_ms = network.alternate[b], start_ms[row] + walk.off_ms[row, column]
    turned = away(network, kinds, (a, b), keys, off_ms)
    onward = between(network.points[:, c], network.points[:, b])
    onward_s = profiles(legs_along(network, onward, onward_keys(keys), kinds, (c, b))).time_s
    can = (turned.turns.leg_nm > DIVERT_NM) & (c != a) & (turned.paths.length_nm > AWAY_NM)
    can &= (np.diff(turned.nodes.time_s, axis=0) >= 0).all(axis=0)
    legs.diverted[row, column] = can
    legs.cut_ms[row, column] = np.round(turned.turns.begin_s * 1000)
    legs.away_ms[row, column] = turned.lasts_ms
    legs.onward_ms[row, column] = np.round(onward_s[NODES - 1] * 1000)
    refuel_min = taxi_in_min(away_keys(keys)) + taxi_out_min(onward_keys(keys))
    refuel_min += 30 + 25 * uniform(keys, _REFUEL)
    legs.refuel_ms[row, column] = np.round(refuel_min * MINUTE_MS)


def onward_keys(keys: Keys) -> Keys:
    """Derive the keys of the hops from the alternate to the destination."""
    return leg_keys(keys, ONWARD_KEY)
