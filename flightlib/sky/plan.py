"""What aircraft plan and what becomes of it, block by block: from a fleet to its hops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.disturb import Flying
from flightlib.sky.fleet import Fleet
from flightlib.sky.hashing import Keys, mix
from flightlib.sky.hops import Hops, hops
from flightlib.sky.itinerary import BLOCK_MS, Walk, walk

Ints = NDArray[np.int64]

_BLOCK_KEY = 77


def block_at(fleet: Fleet, slots: Ints, time_ms: Ints) -> Ints:
    """Say in which of their blocks aircraft are at times, ms since 1970."""
    result: Ints = (time_ms - fleet.phase_ms[slots]) // BLOCK_MS
    return result


def block_keys(fleet: Fleet, slots: Ints, block: Ints) -> Keys:
    """Derive the keys of aircraft's blocks."""
    return mix(mix(fleet.keys[slots], _BLOCK_KEY), block)


def plan(
    fleet: Fleet, slots: Ints, block: Ints, disturbances: tuple[Flying, ...] = ()
) -> tuple[Walk, Hops]:
    """Plan blocks of aircraft, and say what becomes of the plans."""
    network, shift_ms = fleet.network, fleet.shift_ms
    keys, subfleet = block_keys(fleet, slots, block), fleet.subfleet[slots]
    start_ms = block * BLOCK_MS + fleet.phase_ms[slots]
    legs = walk(network, subfleet, fleet.home[slots], keys, start_ms + shift_ms)
    return legs, hops(network, subfleet, keys, legs, start_ms, disturbances, shift_ms)
