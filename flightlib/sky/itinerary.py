"""What an aircraft does for three days: legs, schedule, delays, cancellations, diversions.

Time is cut into blocks of 72 hours, each aircraft's at its own phase, and at every border of two
blocks the aircraft stands at its home base. So a block needs no other block: it is a function of
(seed, slot, block), and any moment can be looked up without walking there.

Inside a block the aircraft walks a tree: *out* along a route picked by weight, or *back* along
the way it came. It goes out only while there is time left to come home, which is how it is home
in time without ever flying a route that does not exist. Because the network's shares are
symmetric, legs out and legs back have the same distribution. All this is planned in awake time
(see `rhythm`), so aircraft rest at night, wherever they are.

The schedule leaves 35 to 75 minutes on the stand by day. What happens is computed from it in order:
every leg leaves at its own delay, or when its aircraft is ready if that is later, so delays are
inherited and worn off by slack. A cancelled leg out takes the leg back with it. A diverted leg is
three *hops*: towards the destination, off to the alternate, and on from there later.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.hashing import Keys, mix, uniform
from flightlib.sky.network import BLOCK_H, Network
from flightlib.sky.paths import between, legs_along
from flightlib.sky.profile import NODES, profiles
from flightlib.sky.rhythm import AWAKE_DAY_MIN, DAY_MIN, awake_min, local_min, till_morning_min
from flightlib.sky.timetable import leaves_min

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BLOCK_MS = BLOCK_H * 3_600_000
MINUTE_MS = 60_000
AWAKE_BLOCK_MIN = BLOCK_H / 24 * AWAKE_DAY_MIN
DEEPEST = 6
MOST_LEGS = 36
OUT_SHARE = 0.5
# On the ground, minutes: reporting before lift-off and after touchdown; the stand's schedule.
TAXI_OUT_MIN = (9.0, 17.0)
TAXI_IN_MIN = (4.0, 8.0)
STAND_MIN = (30.0, 48.0)
SPARE_MIN = (-5.0, 6.0)
QUICKEST_STAND_MIN = 25.0
# What the stand of a long flight takes beyond that.
LONG_STAND_MIN = 45.0
BORDER_MIN = 20.0
# What a leg takes beyond distance over speed: climb and descent, taxi and stand.
AIR_MIN, GROUND_MIN = 22.0, 74.0
# What the schedule allows beyond the flying time, as quantiles in minutes.
PAD_SHARES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
PAD_MIN = (-12.0, -7.0, -1.5, 2.5, 7.0, 14.0, 26.0)
# Lanes of a leg's key, above those of its profile.
_TURN, _ROUTE, _STAND, _PAD = 30, 31, 32, 33
TAXI_OUT, TAXI_IN = 37, 38


@dataclass(frozen=True, slots=True)
class Walk:
    """The legs of blocks, arrays of shape (rows, MOST_LEGS); `count` says how many are real."""

    count: Ints
    origin: Ints
    destination: Ints
    air_ms: Ints
    off_ms: Ints
    peak: Bools


def walk(network: Network, subfleet: Ints, home: Ints, keys: Keys, start_ms: Ints) -> Walk:
    """Walk the legs of one block for each row, and set their scheduled lift-offs.

    `off_ms` counts from the start of the block, which is `start_ms` by the sun (since 1970). `peak`
    marks a leg out that is followed by its own leg back, the pair that can be cancelled.
    """
    return _Walker(network, subfleet, home, keys, start_ms / MINUTE_MS).run()


class _Walker:
    """The state of a walk: where each row stands, the way back, and the awake time.

    Long flights know no night: their rows count real time, and leave by their timetable.
    """

    def __init__(
        self, network: Network, subfleet: Ints, home: Ints, keys: Keys, utc_min: Floats
    ) -> None:
        rows = len(keys)
        self.utc_min, self.long = utc_min, network.long[subfleet]
        self.end_min = np.where(self.long, BLOCK_MS / MINUTE_MS, AWAKE_BLOCK_MIN) - BORDER_MIN
        self.network, self.subfleet, self.keys = network, subfleet, keys
        self.home, self.here = home, home.copy()
        self.way_back = np.zeros((rows, DEEPEST), dtype=np.int64)
        self.depth = np.zeros(rows, dtype=np.int64)
        self.clock_min = np.full(rows, TAXI_OUT_MIN[1] + 14.0)
        self.home_min = np.zeros(rows)
        self.misses = np.zeros(rows, dtype=np.int64)
        self.count = np.zeros(rows, dtype=np.int64)
        shape = (rows, MOST_LEGS)
        self.origin = np.zeros(shape, dtype=np.int64)
        self.destination = np.zeros(shape, dtype=np.int64)
        self.air_ms = np.zeros(shape, dtype=np.int64)
        self.off_min = np.zeros(shape)
        self.out = np.zeros(shape, dtype=bool)

    def run(self) -> Walk:
        rows, step = np.arange(len(self.keys)), 0
        while len(rows):
            self._step(rows, step)
            stuck = (self.misses[rows] >= 4) | (self.count[rows] >= MOST_LEGS)
            rows, step = rows[~stuck], step + 1
        return self._schedule()

    def _step(self, rows: Ints, step: int) -> None:
        """Try to move each row by one leg: out if there is time, else back, else it has tried."""
        keys = mix(self.keys[rows], 1000 + step)
        depth, here, subfleet = self.depth[rows], self.here[rows], self.subfleet[rows]
        there = self.network.onward(subfleet, here, uniform(keys, _ROUTE))
        least = self._needs_min(here, there, subfleet)
        fits = self._home_again_min(rows, there, least) < self.end_min[rows]
        fits &= self.count[rows] + depth + 2 <= MOST_LEGS
        deepest = np.where(self.long[rows], 1, DEEPEST)
        wants = (depth == 0) | ((uniform(keys, _TURN) < OUT_SHARE) & (depth < deepest))
        out, back = fits & wants, (depth > 0) & ~(fits & wants)
        self.misses[rows] += ~out & ~back
        self.way_back[rows[out], depth[out]] = here[out]
        last = np.maximum(depth - 1, 0)
        target = np.where(out, there, self.way_back[rows, last])
        moved = out | back
        least = np.where(out, least, self._needs_min(here, target, subfleet))
        self.home_min[rows] += np.where(out, least, np.where(back, -least, 0.0))
        self.depth[rows] += out.astype(np.int64) - back
        self._fly(rows[moved], target[moved], out[moved])

    def _home_again_min(self, rows: Ints, there: Ints, least: Floats) -> Floats:
        """Bound the time at which rows that went out now would be home again."""
        result: Floats = self.clock_min[rows] + 2 * least + self.home_min[rows]
        far = np.flatnonzero(self.long[rows])
        if len(far):
            few, away = rows[far], there[far]
            off_min = self._leaves_min(few, 0, self.here[few], away, self.clock_min[few])
            back_min = self._leaves_min(few, 1, away, self.here[few], off_min + least[far])
            result[far] = back_min + least[far]
        return result

    def _leaves_min(
        self, rows: Ints, later: int, here: Ints, there: Ints, ready_min: Floats
    ) -> Floats:
        """Say when long flights leave: at the first hour of their timetable at which they can."""
        keys = leg_keys(self.keys[rows], self.count[rows] + later)
        points, offset_h = self.network.points, self.network.utc_offset_h[here]
        wanted = leaves_min(between(points[:, here], points[:, there]), keys, offset_h)
        result: Floats = ready_min + (wanted - self.utc_min[rows] - ready_min) % DAY_MIN
        return result

    def _fly(self, rows: Ints, target: Ints, out: Bools) -> None:
        """Write down one leg for each row and move its clock to the next possible lift-off."""
        far = np.flatnonzero(self.long[rows])
        few, away = rows[far], target[far]
        self.clock_min[few] = self._leaves_min(few, 0, self.here[few], away, self.clock_min[few])
        leg = self.count[rows]
        keys = leg_keys(self.keys[rows], leg)
        here, points = self.here[rows], self.network.points
        paths = between(points[:, here], points[:, target])
        legs = legs_along(self.network, paths, keys, self.subfleet[rows], (here, target))
        air_min = profiles(legs).time_s[NODES - 1] / 60
        self.origin[rows, leg], self.destination[rows, leg] = here, target
        self.air_ms[rows, leg] = np.round(air_min * MINUTE_MS)
        self.off_min[rows, leg] = self.clock_min[rows]
        self.out[rows, leg] = out
        stand_min = _between(STAND_MIN, uniform(keys, _STAND))
        next_keys = leg_keys(self.keys[rows], leg + 1)
        stand_min += np.where(self.long[rows], LONG_STAND_MIN, 0.0)
        ground_min = taxi_in_min(keys) + stand_min + taxi_out_min(next_keys)
        self.clock_min[rows] += air_min + np.maximum(pad_min(keys), 0) + ground_min
        self.here[rows] = target
        self.count[rows] += 1

    def _needs_min(self, here: Ints, there: Ints, subfleet: Ints) -> Floats:
        """Estimate the minutes of a leg and of its time on the ground, generously."""
        points = self.network.points
        distance_nm = between(points[:, here], points[:, there]).length_nm
        long = self.network.long[subfleet]
        slow_kt = self.network.type_figures["mach"][subfleet] * 574 - np.where(long, 85, 30)
        ground_min = GROUND_MIN + np.where(long, LONG_STAND_MIN, 0.0)
        minutes: Floats = distance_nm / slow_kt * 60 + AIR_MIN + ground_min
        return minutes

    def _schedule(self) -> Walk:
        """Spread the time left over the stops, and keep the schedule in whole minutes."""
        left_min = self.end_min - self.clock_min
        spare = np.clip(left_min / np.maximum(self.count, 1), *SPARE_MIN)
        awake = self.off_min + spare[:, None] * np.arange(MOST_LEGS)
        utc_min, offset_h = self.utc_min[:, None], self.network.utc_offset_h
        start_min = (utc_min + offset_h[self.home][:, None] * 60) % DAY_MIN
        off_min = local_min(awake_min(start_min) + awake) - start_min
        off_min = self._after_curfew(utc_min + offset_h[self.origin] * 60, off_min, awake)
        off_min = np.where(self.long[:, None], self.off_min, off_min)
        back_next = np.zeros_like(self.out)
        back_next[:, :-1] = ~self.out[:, 1:]
        real = np.arange(MOST_LEGS) < self.count[:, None]
        return Walk(
            count=self.count,
            origin=self.origin,
            destination=self.destination,
            air_ms=self.air_ms,
            off_ms=np.floor(off_min).astype(np.int64) * MINUTE_MS,
            peak=self.out & back_next & real,
        )

    def _after_curfew(self, local_min: Floats, off_min: Floats, awake: Floats) -> Floats:
        """Let flights that would leave a place at night there leave in its early morning.

        The clock of the home alone would let an aircraft from the east coast leave the west coast
        at three. The rest of its day moves along, unless it would not be home in time.
        """
        moved = off_min.copy()
        for leg in range(MOST_LEGS):
            if leg:
                gap = awake[:, leg] - awake[:, leg - 1]
                moved[:, leg] = np.maximum(moved[:, leg], moved[:, leg - 1] + gap)
            moved[:, leg] += till_morning_min(local_min[:, leg] + moved[:, leg])
        rows, last = np.arange(len(moved)), np.maximum(self.count - 1, 0)
        end_min = moved[rows, last] + self.air_ms[rows, last] / MINUTE_MS
        in_time = end_min < BLOCK_MS / MINUTE_MS - 2 * BORDER_MIN
        return np.where(in_time[:, None], moved, off_min)


def leg_keys(block_keys: Keys, leg: Ints | int) -> Keys:
    """Derive the keys of legs from those of their blocks."""
    return mix(block_keys, leg)


def taxi_out_min(keys: Keys) -> Floats:
    """Draw the minutes between the first report of a leg and its lift-off."""
    return _between(TAXI_OUT_MIN, uniform(keys, TAXI_OUT))


def taxi_in_min(keys: Keys) -> Floats:
    """Draw the minutes between touchdown and the last report of a leg."""
    return _between(TAXI_IN_MIN, uniform(keys, TAXI_IN))


def pad_min(keys: Keys) -> Floats:
    """Draw what the schedule allows beyond the flying time: mostly some minutes, at times less."""
    return np.interp(uniform(keys, _PAD), PAD_SHARES, PAD_MIN)


def _between(span: tuple[float, float], u: Floats) -> Floats:
    return span[0] + (span[1] - span[0]) * u
