"""What disturbances make aircraft wait for: a slot to leave in, or a turn to land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.disturb import Flying, GroundDelay, Holding
from flightlib.sky.events import Fates
from flightlib.sky.hashing import uniform
from flightlib.sky.itinerary import MINUTE_MS, Walk, taxi_out_min
from flightlib.sky.network import Network
from flightlib.sky.offsets import seconds_to
from flightlib.sky.paths import between, legs_along
from flightlib.sky.profile import CRUISE_END, profiles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

LAP_MS = 4 * MINUTE_MS
RAMP_MS = 30 * MINUTE_MS
# Heights above the airport, and distances from it, at which arrivals hold.
HOLD_FT, HOLD_NM = (7_000.0, 15_000.0), (20.0, 60.0)
# A landing follows the holding point by less than this.
_APPROACH_MS = 45 * MINUTE_MS
_HURDLE, _LAPS, _STACK = 43, 44, 45


@dataclass(frozen=True, slots=True)
class Waits:
    """What makes the legs of a walk wait; `start_ms` is when each row's block starts (epoch)."""

    network: Network
    subfleet: Ints
    walk: Walk
    legs: Fates
    start_ms: Ints
    disturbances: tuple[Flying, ...]

    def ground_ms(self, leg: int, lift: Ints) -> Ints:
        """Say how much later than at `lift` (ms of the block) the aircraft of a leg may leave.

        Those that had left the stand when a delay began are not kept. Those that should have left
        it when the delay is called off are: else they would have been taxiing for a while.
        """
        extra = np.zeros(len(lift), dtype=np.int64)
        keys = self.legs.keys[:, leg]
        off = lift + self.start_ms
        pushed = off - np.round(taxi_out_min(keys) * MINUTE_MS).astype(np.int64)
        ends = self.walk.origin[:, leg], self.walk.destination[:, leg]
        for one in self.disturbances:
            if isinstance(one, GroundDelay):
                airport = number_of(self.network, one.airport)
                kept = (ends[0] == airport) | (ends[1] == airport)
                kept &= (pushed >= one.start_ms) & (off < one.end_ms)
                if one.called_off_ms is not None:
                    kept &= pushed <= one.called_off_ms
                grown = np.clip((pushed - one.start_ms) / RAMP_MS, 0.1, 1.0)
                share = grown * (0.7 + 0.6 * uniform(keys, _HURDLE))
                minutes = np.minimum(share, 1.0) * one.minutes
                extra += np.where(kept, np.round(minutes * MINUTE_MS).astype(np.int64), 0)
        return extra

    def hold_ms(self, leg: int, lift: Ints, on: Ints, latest_on: Ints) -> tuple[Ints, Ints]:
        """Say when the aircraft of a leg begin to hold (ms of the block), and for how long.

        `on` is when they would land, `latest_on` when they must, to be home in time.
        """
        since, lasts = np.zeros_like(lift), np.zeros_like(lift)
        for one in self.disturbances:
            if isinstance(one, Holding):
                rows = self._arrivals(one, leg, on)
                at = lift[rows] + self._hold_after_ms(rows, leg)
                now = at + self.start_ms[rows]
                u = uniform(self.legs.keys[rows, leg], _LAPS)
                laps = 1 + np.floor(u * one.laps).astype(np.int64)
                laps = np.minimum(laps, np.maximum(latest_on - on, 0)[rows] // LAP_MS)
                held = (now >= one.start_ms) & (now < one.end_ms) & (lasts[rows] == 0)
                since[rows[held]], lasts[rows[held]] = at[held], laps[held] * LAP_MS
        return since, lasts

    def _arrivals(self, one: Holding, leg: int, on: Ints) -> Ints:
        """List the rows whose leg may come to its holding point in time."""
        legs = self.legs
        comes = legs.real[:, leg] & ~legs.cancelled[:, leg] & ~legs.diverted[:, leg]
        comes &= self.walk.destination[:, leg] == number_of(self.network, one.airport)
        landing = on + self.start_ms
        comes &= (landing > one.start_ms) & (landing < one.end_ms + _APPROACH_MS)
        return np.flatnonzero(comes)

    def _hold_after_ms(self, rows: Ints, leg: int) -> Ints:
        """Find how long after lift-off flights cross the height at which they hold."""
        keys, points = self.legs.keys[rows, leg], self.network.points
        ends = self.walk.origin[rows, leg], self.walk.destination[rows, leg]
        paths = between(points[:, ends[0]], points[:, ends[1]])
        nodes = profiles(legs_along(self.network, paths, keys, self.subfleet[rows], ends))
        low, high = HOLD_FT
        wish = self.network.elevation_ft[ends[1]] + low + (high - low) * uniform(keys, _STACK)
        height = nodes.height_ft[CRUISE_END:]
        down = np.minimum((height >= wish).sum(axis=0), len(height) - 1)
        a, each = np.maximum(down - 1, 0), np.arange(len(rows))
        drop = np.maximum(height[a, each] - height[a + 1, each], 1.0)
        share = np.clip((height[a, each] - wish) / drop, 0.0, 1.0)
        miles = nodes.distance_nm[CRUISE_END:]
        at_nm = miles[a, each] * (1 - share) + miles[a + 1, each] * share
        to_go = np.clip(paths.length_nm - at_nm, *HOLD_NM)
        at_nm = np.maximum(paths.length_nm - to_go, miles[0])
        seconds = seconds_to(nodes, np.arange(len(rows)), at_nm[None])[0]
        result: Ints = np.round(seconds * 1000).astype(np.int64)
        return result


def number_of(network: Network, code: str) -> int:
    """Find the number of an airport in a network; -1 where it has no traffic."""
    codes = [airport.code for airport in network.airports]
    return codes.index(code) if code in codes else -1
