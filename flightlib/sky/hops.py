"""What really happens to a schedule: delays, cancellations, diversions, as hops.

A *hop* is one stretch of a leg from standing (or from a turn in the air) to standing again. All
times are milliseconds from the start of the aircraft's block.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.disturb import Flying
from flightlib.sky.events import Fates, befall
from flightlib.sky.hashing import Keys, uniform
from flightlib.sky.itinerary import (
    BLOCK_MS,
    MINUTE_MS,
    MOST_LEGS,
    QUICKEST_STAND_MIN,
    Walk,
    pad_min,
    taxi_in_min,
    taxi_out_min,
)
from flightlib.sky.network import Network
from flightlib.sky.waits import Waits

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NORMAL, CANCELLED, TURNED, AWAY, ONWARD = range(5)
MOST_HOPS = MOST_LEGS + 2
ANNOUNCE_MIN = 25
# A time after the end of every block: the start of a hop that is none.
NEVER_MS = BLOCK_MS + 3_600_000
_DELAY = 34

# Delay at lift-off of the leg's own making (what it inherits comes on top), as quantiles in
# minutes; the late half grows over the local day as queues and weather build up.
_OWN_SHARES = [0.0, 0.05, 0.25, 0.50, 0.70, 0.80, 0.90, 0.95, 0.99, 1.0]
_OWN_MIN = [-15.0, -9.0, -5.0, 0.0, 7.5, 16.0, 31.0, 49.0, 100.0, 220.0]


@dataclass(frozen=True, slots=True)
class Hops:
    """Hops of blocks, arrays of shape (rows, MOST_HOPS); beyond the last is one that never begins.

    `until` is when the hop is over for good, `begin` when it starts to move (lift-off, or the
    turn in the air), `lift` its flight's lift-off, `on` touchdown (or the turn away). From
    `hold` on it holds for `hold_ms`, which is 0 for most.
    """

    kind: NDArray[np.int8]
    leg: NDArray[np.int8]
    origin: NDArray[np.int16]
    destination: NDArray[np.int16]
    until: NDArray[np.int32]
    begin: NDArray[np.int32]
    lift: NDArray[np.int32]
    on: NDArray[np.int32]
    scheduled_off: NDArray[np.int32]
    scheduled_on: NDArray[np.int32]
    hold: NDArray[np.int32]
    hold_ms: NDArray[np.int32]


def hops(
    network: Network,
    subfleet: Ints,
    block_keys: Keys,
    walk: Walk,
    start_ms: Ints,
    disturbances: tuple[Flying, ...] = (),
    shift_ms: int = 0,
) -> Hops:
    """Turn walks into hops, one row per block; `start_ms` is when each block starts (epoch).

    `shift_ms` is how far the sun is ahead of the clock.
    """
    legs = befall(network, subfleet, block_keys, walk, start_ms)
    gap_ms = _gap_ms(legs.keys)
    latest = _keep_feasible(walk, legs, gap_ms)
    own_ms = _own_delay_ms(network, walk, legs.keys, start_ms + shift_ms)
    waits = Waits(network, subfleet, walk, legs, start_ms, disturbances)
    return _expand(walk, legs, *_happen(waits, gap_ms, latest, own_ms))


def _gap_ms(keys: Keys) -> Ints:
    """Bound the time from the touchdown before each leg to its lift-off from below."""
    before = np.concatenate([keys[:, :1], keys[:, :-1]], axis=1).ravel()
    minutes = taxi_in_min(before) + QUICKEST_STAND_MIN + taxi_out_min(keys.ravel())
    result: Ints = np.round(minutes * MINUTE_MS).astype(np.int64).reshape(keys.shape)
    return result


def _keep_feasible(walk: Walk, legs: Fates, gap_ms: Ints) -> Ints:
    """Undo diversions that leave no time to come home; return the latest possible lift-offs."""
    latest = _latest(walk, legs, gap_ms)
    whole = legs.cut_ms + legs.away_ms + legs.refuel_ms + legs.onward_ms
    extra = np.where(legs.diverted, whole - walk.air_ms, 0)
    legs.diverted &= latest - extra >= walk.off_ms + 10 * MINUTE_MS
    legs.busy_ms[legs.diverted] = whole[legs.diverted]
    return _latest(walk, legs, gap_ms)


def _latest(walk: Walk, legs: Fates, gap_ms: Ints) -> Ints:
    """Work back from the end of the block: when each leg must lift off to be home in time."""
    rows, columns = walk.origin.shape
    latest = np.zeros((rows, columns), dtype=np.int64)
    landed = np.full(rows, BLOCK_MS - 20 * MINUTE_MS)
    for leg in range(columns - 1, -1, -1):
        flies = legs.real[:, leg] & ~legs.cancelled[:, leg]
        latest[:, leg] = landed - legs.busy_ms[:, leg]
        landed = np.where(flies, latest[:, leg] - gap_ms[:, leg], landed)
    return latest


def _happen(waits: Waits, gap_ms: Ints, latest: Ints, own_ms: Ints) -> tuple[Ints, Ints, Ints]:
    """Let the legs happen in order: each at its own delay, or when its aircraft is ready.

    Gives lift-offs, when arrivals begin to hold, and for how long. What disturbs them may use up
    the time that is left to come home, and no more: `latest` knows of no disturbance, for else
    it would change what was before.
    """
    walk, legs = waits.walk, waits.legs
    lift, hold, hold_ms = (np.zeros(walk.origin.shape, dtype=np.int64) for _ in range(3))
    ready = np.round(taxi_out_min(legs.keys[:, 0]) * MINUTE_MS).astype(np.int64)
    for leg in range(walk.origin.shape[1]):
        flies = legs.real[:, leg] & ~legs.cancelled[:, leg]
        ready = ready + (gap_ms[:, leg] if leg else 0)
        off = np.minimum(walk.off_ms[:, leg] + own_ms[:, leg], latest[:, leg])
        off = np.maximum(off, ready)
        busy = legs.busy_ms[:, leg]
        if waits.disturbances:
            later = np.minimum(off + waits.ground_ms(leg, off), latest[:, leg])
            off = np.maximum(off, later)
            by = latest[:, leg] + busy
            hold[:, leg], hold_ms[:, leg] = waits.hold_ms(leg, off, off + busy, by)
        lift[:, leg] = np.where(flies, off, walk.off_ms[:, leg])
        landed = lift[:, leg] + busy + hold_ms[:, leg]
        ready = np.where(flies, landed, ready - gap_ms[:, leg])
    return lift, hold, hold_ms


def _own_delay_ms(network: Network, walk: Walk, keys: Keys, start_ms: Ints) -> Ints:
    """Draw the delays that legs cause themselves, by local hour at their origins."""
    minutes = np.interp(uniform(keys.ravel(), _DELAY), _OWN_SHARES, _OWN_MIN).reshape(keys.shape)
    utc_h = (start_ms[:, None] + walk.off_ms) / 3_600_000
    hour = (utc_h + network.utc_offset_h[walk.origin]) % 24
    since_five = (hour - 5) % 24
    growth = np.where(since_five < 19, 0.2 + 1.8 * since_five / 19, 0.4)
    result: Ints = np.round(np.where(minutes > 0, minutes * growth, minutes) * MINUTE_MS).astype(
        np.int64
    )
    return result


def _expand(walk: Walk, legs: Fates, lift: Ints, hold: Ints, hold_ms: Ints) -> Hops:
    """Lay the legs out as hops: one each, three for a diverted leg."""
    leg, part, real = _columns(legs)
    at = (np.arange(len(leg))[:, None], leg)
    kind = np.where(legs.diverted[at], TURNED + part, NORMAL)
    kind = np.where(real, np.where(legs.cancelled[at], CANCELLED, kind), NORMAL)
    turned_ms = np.where(kind >= AWAY, legs.cut_ms[at], 0)
    begin = lift[at] + turned_ms
    begin += np.where(kind == ONWARD, legs.away_ms[at] + legs.refuel_ms[at], 0)
    zero = np.zeros_like(begin)
    # Diverted legs do not hold, nor do cancelled ones.
    lasts = [
        walk.air_ms[at] + hold_ms[at],
        zero,
        legs.cut_ms[at],
        legs.away_ms[at],
        legs.onward_ms[at],
    ]
    on = begin + np.choose(kind, lasts)
    scheduled_on = _scheduled_on(walk, legs.keys)[at]
    values = {
        "kind": kind,
        "leg": leg,
        "origin": walk.origin[at],
        "destination": walk.destination[at],
        "until": np.where(real, _until(kind, on, walk.off_ms[at], legs.keys[at]), BLOCK_MS),
        "begin": np.where(real, begin, NEVER_MS),
        "lift": np.where(kind == ONWARD, begin, lift[at]),
        "on": np.where(real, on, BLOCK_MS),
        "scheduled_off": walk.off_ms[at],
        "scheduled_on": scheduled_on,
        "hold": hold[at],
        "hold_ms": np.where(real & (kind == NORMAL), hold_ms[at], 0),
    }
    sizes = {"kind": np.int8, "leg": np.int8, "origin": np.int16, "destination": np.int16}
    return Hops(
        **{f.name: values[f.name].astype(sizes.get(f.name, np.int32)) for f in fields(Hops)}
    )


def _columns(legs: Fates) -> tuple[Ints, Ints, Bools]:
    """Say for every hop which leg it belongs to, which part of it it is, and if it exists."""
    turned = legs.diverted.any(axis=1)
    where = np.where(turned, legs.diverted.argmax(axis=1), MOST_HOPS)[:, None]
    column = np.arange(MOST_HOPS)[None, :]
    part = np.clip(column - where, 0, 2)
    leg = np.minimum(column - part, MOST_LEGS - 1)
    real = np.take_along_axis(legs.real, leg, axis=1) & (leg == column - part)
    return leg, np.where(leg == where, part, 0), real


def _scheduled_on(walk: Walk, keys: Keys) -> Ints:
    pad = np.round(pad_min(keys.ravel())).astype(np.int64).reshape(keys.shape)
    return walk.off_ms + (pad + -(-walk.air_ms // MINUTE_MS)) * MINUTE_MS


def _until(kind: Ints, on: Ints, scheduled_off: Ints, keys: Keys) -> Ints:
    """Say when each hop is over: at the turn, off the runway, or when it should have left.

    A late aircraft may land after its next leg was to leave; a cancelled one then waits for it.
    """
    taxi = np.round(taxi_in_min(keys.ravel()) * MINUTE_MS).astype(np.int64).reshape(kind.shape)
    until = np.where(kind == TURNED, on, on + taxi)
    cancelled = kind == CANCELLED
    until = np.where(cancelled, scheduled_off, until)
    for _ in range(4):
        waited = np.maximum(until[:, 1:], until[:, :-1] + 2 * MINUTE_MS)
        until[:, 1:] = np.where(cancelled[:, 1:], waited, until[:, 1:])
    return until
