"""Measure a sky the way real traffic is measured: what flies at an instant, and what has flown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.records import PHASES
from flightlib.sky.geodesy import distance_nm, unit
from flightlib.sky.hops import CANCELLED, NEVER_MS, NORMAL, TURNED
from flightlib.sky.itinerary import BLOCK_MS, MINUTE_MS
from flightlib.sky.paths import odd_level
from flightlib.sky.plan import block_at, plan
from flightlib.sky.rhythm import HOUR_MS
from flightlib.sky.sky import Sky

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Measured = Iterator[tuple[str, Any]]

LEVEL_FPM = 300
BANDS_FT = (-2000, 10_000, 24_500, 35_000, 60_000)
BAND_NAMES = ("below FL100", "FL100 to 245", "FL245 to 350", "FL350 and above")
RATE_BANDS_FT = (-2000, 10_000, 20_000, 30_000, 60_000)
RATE_NAMES = ("0-10,000 ft", "10-20,000 ft", "20-30,000 ft", "30-40,000 ft")
# Hours UTC in which the tracks are crossed at 30 W.
WEST_H, EAST_H = (11.5, 19.0), (1.0, 8.0)
HOURS = (
    *(("00-05", 0, 6), ("06", 6, 7), ("07-09", 7, 10), ("10-16", 10, 17), ("17", 17, 18)),
    *(("19", 19, 20), ("20", 20, 21), ("21", 21, 22), ("22", 22, 23), ("23", 23, 24)),
)


@dataclass(frozen=True, slots=True)
class Airborne:
    """What flies at some instants, one element each."""

    time_ms: NDArray[Any]
    latitude: Floats
    longitude: Floats
    altitude: NDArray[Any]
    heading: Floats
    ground_speed: Floats
    vertical_speed: Floats
    phase: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Flown:
    """The legs of some days of every aircraft; hours are local, delays in minutes."""

    cancelled: Bools
    turned: Bools
    off_hour: Floats
    late_min: Floats
    length_nm: Floats
    origin: Ints


def measure(sky: Sky, start_ms: int, hours: float, looks: int = 24) -> dict[str, float]:
    """Measure every figure of a sky, with looks spread over hours from a start."""
    times = [start_ms + round(i * hours * HOUR_MS / looks) for i in range(looks)]
    air, legs = watch(sky, times), flown(sky, start_ms)
    found = (
        heights(air),
        speeds(air),
        levels(air),
        ocean(air),
        rates(air),
        delays(legs),
        network(legs),
    )
    return {name: float(value) for figures in found for name, value in figures}


def watch(sky: Sky, times: list[int]) -> Airborne:
    """Gather the flights in the air at instants."""
    names = list(Airborne.__dataclass_fields__)
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in names}
    for time_ms in times:
        look = sky.at(time_ms)
        air = (look.phase > 0) & (look.phase < len(PHASES) - 1)
        for name in names:
            columns[name].append(getattr(look, name)[air])
    return Airborne(**{name: np.concatenate(parts) for name, parts in columns.items()})


def flown(sky: Sky, start_ms: int) -> Flown:
    """Gather the legs of the block that each aircraft is in, and of the next."""
    fleet = sky.fleet
    slots = np.tile(np.arange(len(fleet.keys)), 2)
    block = block_at(fleet, slots, np.full(len(slots), start_ms))
    block[len(block) // 2 :] += 1
    _, table = plan(fleet, slots, block)
    real = (table.begin < NEVER_MS) & (table.kind <= TURNED)
    sun_ms = (block * BLOCK_MS + fleet.phase_ms[slots] + fleet.shift_ms)[:, None]
    off, on = table.origin[real], table.destination[real]
    utc_h, points = fleet.network.utc_offset_h, fleet.network.points
    late_min = np.where(table.kind == NORMAL, table.on - table.scheduled_on, np.nan)
    return Flown(
        cancelled=(table.kind == CANCELLED)[real],
        turned=(table.kind == TURNED)[real],
        off_hour=((sun_ms + table.scheduled_off)[real] / HOUR_MS + utc_h[off]) % 24,
        late_min=late_min[real] / MINUTE_MS,
        length_nm=distance_nm(points[:, off], points[:, on]),
        origin=off.astype(np.int64),
    )


def heights(air: Airborne) -> Measured:
    """Measure the altitude bands, and the share of what climbs, descends and is level."""
    counts = np.histogram(air.altitude, BANDS_FT)[0]
    for name, count in zip(BAND_NAMES, counts, strict=True):
        yield f"{name}, %", 100 * count / len(air.altitude)
    yield "above FL350, %", 100 * (air.altitude > 35_000).mean()
    climbing, descending = air.vertical_speed > LEVEL_FPM, air.vertical_speed < -LEVEL_FPM
    yield "climbing, %", 100 * climbing.mean()
    yield "descending, %", 100 * descending.mean()
    yield "level, %", 100 * (~climbing & ~descending).mean()


def speeds(air: Airborne) -> Measured:
    """Measure the quantiles of ground speed, and what the jet stream adds and takes."""
    for share in (5, 25, 50, 75, 95):
        yield f"ground speed p{share}, kt", np.quantile(air.ground_speed, share / 100)
    cruise = _cruise(air)
    east = air.heading < 180
    eastbound = np.median(air.ground_speed[cruise & east])
    westbound = np.median(air.ground_speed[cruise & ~east])
    yield "cruise eastbound p50, kt", eastbound
    yield "cruise westbound p50, kt", westbound
    yield "cruise east less west, kt", eastbound - westbound


def levels(air: Airborne) -> Measured:
    """Measure how many keep to odd and even levels, and which levels are flown most."""
    cruise = _cruise(air) & (air.altitude % 1000 == 0) & (air.altitude <= 41_000)
    level = air.altitude[cruise] // 1000
    points = unit(air.latitude[cruise], air.longitude[cruise])
    odd = odd_level(air.heading[cruise], points)
    yield "odd-even rule obeyed, %", 100 * ((level % 2 == 1) == odd).mean()
    counts = np.bincount(level, minlength=50)
    most = np.argsort(-counts, kind="stable")[:5]
    yield "level flown most, FL", most[0] * 10
    yield "middle of the five levels flown most, FL", np.median(most) * 10


def _cruise(air: Airborne) -> Bools:
    high: Bools = (air.phase == PHASES.index("CRUISE")) & (air.altitude >= 28_000)
    return high


def ocean(air: Airborne) -> Measured:
    """Measure the flights halfway over the North Atlantic, if there are enough to speak of."""
    over = (np.abs(air.longitude + 30) < 5) & (air.latitude > 35) & (air.latitude < 70)
    over &= air.phase == PHASES.index("CRUISE")
    east, hour = air.heading[over] < 180, air.time_ms[over] / HOUR_MS % 24
    if min(east.sum(), (~east).sum()) < 30:
        return
    level, speed = air.altitude[over], air.ground_speed[over]
    yield "over the ocean at FL310 to 400, %", 100 * ((level >= 31_000) & (level <= 40_000)).mean()
    for word, bound, (first, last) in (("west", ~east, WEST_H), ("east", east, EAST_H)):
        within = (hour[bound] >= first - 0.5) & (hour[bound] <= last + 0.5)
        yield f"{word}bound over the ocean in the tracks' hours, %", 100 * within.mean()
        yield f"{word}bound over the ocean p50, kt", np.median(speed[bound])


def rates(air: Airborne) -> Measured:
    """Measure the vertical rates by altitude band."""
    for word, sign in (("climb", 1), ("descent", -1)):
        rate = sign * air.vertical_speed
        for name, (low, high) in zip(RATE_NAMES, pairwise(RATE_BANDS_FT), strict=True):
            band = (air.altitude >= low) & (air.altitude < high) & (rate > LEVEL_FPM)
            for share in (10, 50, 90):
                found = np.quantile(rate[band], share / 100) if band.any() else np.nan
                yield f"{word} {name} p{share}, ft/min", found


def delays(legs: Flown) -> Measured:
    """Measure how late flights arrive, and how many do not arrive where they should."""
    late = legs.late_min[~np.isnan(legs.late_min)]
    yield "arrivals less than 15 min late, %", 100 * (late < 15).mean()
    for share in (1, 5, 10, 25, 50, 75, 90, 95, 99):
        yield f"arrival delay p{share}, min", np.quantile(late, share / 100)
    for hour in (5, 22):
        then = (legs.off_hour // 1 == hour) & ~np.isnan(legs.late_min)
        found = legs.late_min[then].mean() if then.any() else np.nan
        yield f"mean delay of departures at {hour:02} h local, min", found
    yield "cancelled, %", 100 * legs.cancelled.mean()
    yield "diverted, %", 100 * legs.turned.mean()


def network(legs: Flown) -> Measured:
    """Measure when flights depart, how far they go, and how the airports share them."""
    left = ~legs.cancelled
    for name, first, last in HOURS:
        within = (legs.off_hour >= first) & (legs.off_hour < last)
        hours = 1 if name == "00-05" else last - first
        yield (
            f"departures at {name} h local, % an hour"
            if hours > 1
            else (f"departures at {name} h local, %"),
            100 * within[left].mean() / hours,
        )
    for share in (5, 25, 50, 75, 95):
        yield f"distance p{share}, nm", np.quantile(legs.length_nm[left], share / 100)
    counts = np.sort(np.bincount(legs.origin[left]))[::-1]
    yield "departures at the busiest 20, %", 100 * counts[:20].sum() / counts.sum()
