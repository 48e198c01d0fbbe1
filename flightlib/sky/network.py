"""Who flies where: the routes of a preset, shared out among subfleets.

A network is made of parts (see `parts`); the world has all of them. Every subfleet's share of a
route is symmetric in its two ends, so an aircraft that picks its next route by weight from where it
stands visits airports and routes in exactly these proportions in the long run (a reversible
Markov chain whose stationary distribution is known in closed form).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import distance_nm, unit
from flightlib.sky.parts import PARTS, Part, Subfleet, part, renumbered
from flightlib.sky.rhythm import AWAKE_DAY_MIN, DAY_MIN, busy_share
from flightlib.sky.tables import Airport, airport, check_preset

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Hours a leg takes beyond distance over cruise speed (climb, descent, taxi), and on the stand.
SLOW_H, TAXI_H, STAND_H = 0.33, 0.32, 0.85
# Long flights wait for their hour of the day, and at home for their next block.
LONG_STAND_H = 21.0
# Hours after which every aircraft is home again; the itineraries are made of such blocks.
BLOCK_H = 72
# Share of its time awake for which an aircraft waits at home for the next block.
IDLE = 0.11
# At least so many airports take diverted flights, where a preset has them.
FEWEST_ALTERNATES = 40
# How much of a block a leg turns away, in its own lengths: out and back, with a reserve.
FITTING = 3.7
# The columns of an aircraft type that its profiles are made of.
TYPE_FIGURES = ("mach", "cruise_ft", "approach_kt", "climb")
# The presets in which it is day or night everywhere at once, more or less.
ONE_DAY = ("us-domestic", "europe")


@dataclass(frozen=True, slots=True)
class Network:
    """The airports, directed routes and subfleets of a preset, as arrays.

    Routes stand part by part, in each sorted by where they leave; `first[p, i]` to
    `first[p, i + 1]` are those of part p that leave airport i. `running` adds up the weights
    of a subfleet's routes, one subfleet after the other, each beginning at `row` and normalised
    to end at its number + 1. `part` is the part that a subfleet flies in. `middle_h` is how far
    local time is ahead of UTC in the middle of the traffic.
    """

    preset: str
    airports: tuple[Airport, ...]
    subfleets: tuple[Subfleet, ...]
    type_figures: dict[str, Floats]
    long: Bools
    points: Floats
    elevation_ft: Floats
    utc_offset_h: Floats
    middle_h: float
    part: Ints
    first: Ints
    origin: Ints
    destination: Ints
    row: Ints
    running: Floats
    fleet: Floats
    alternate: Ints
    live_share: float

    def subfleet(self, u: Floats) -> Ints:
        """Pick the subfleets of aircraft by uniform numbers."""
        result: Ints = np.searchsorted(self.fleet, u * self.fleet[-1], side="right")
        return result

    def home(self, subfleet: Ints, u: Floats) -> Ints:
        """Pick home bases: an airport in proportion to its departures by the subfleet."""
        first, last = self.first[self.part[subfleet]][:, [0, -1]].T
        place = np.searchsorted(self.running, subfleet + u, side="right") - self.row[subfleet]
        result: Ints = self.origin[np.minimum(first + place, last - 1)]
        return result

    def onward(self, subfleet: Ints, here: Ints, u: Floats) -> Ints:
        """Pick the next airport from `here` in proportion to the subfleet's route weights."""
        part = self.part[subfleet]
        # From numbers of routes to places in `running`.
        shift = self.row[subfleet] - self.first[part, 0]
        start, end = self.first[part, here] + shift, self.first[part, here + 1] + shift
        low, high = self._before(start, subfleet), self._before(end, subfleet)
        place = np.searchsorted(self.running, low + u * (high - low), side="right")
        result: Ints = self.destination[np.clip(place, start, end - 1) - shift]
        return result

    def _before(self, place: Ints, subfleet: Ints) -> Floats:
        """Read the running weight before a route: 0 (plus the subfleet's number) at the first."""
        at_start = place == self.row[subfleet]
        return np.where(at_start, subfleet.astype(float), self.running[place - 1])


def airports(preset: str) -> list[Airport]:
    """List the airports of a preset, the busiest first.

    Each has `code` (ICAO), `name`, `latitude` and `longitude` in degrees, and `weight`, its share
    of the preset's departures. Raises SettingError for an unknown preset.
    """
    return sorted(network(preset).airports, key=lambda a: (-a.weight, a.code))


def network(preset: str) -> Network:
    """Build the network of a preset once. Raises SettingError for an unknown preset."""
    return _network(check_preset(preset))


@cache
def _network(preset: str) -> Network:
    parts = [part(name, share) for name, share in PARTS[preset]]
    codes = sorted({code for one in parts for code in one.codes})
    parts = [renumbered(one, codes) for one in parts]
    spots = [airport(code, 0.0) for code in codes]
    points = unit([a.latitude for a in spots], [a.longitude for a in spots])
    subfleets = tuple(subfleet for one in parts for subfleet in one.subfleets)
    leaves = [np.bincount(p.ends[0], p.flown.sum(axis=0), len(codes)) for p in parts]
    strength = np.sum(leaves, axis=0) / np.sum(leaves)
    figures = {name: np.array([getattr(s.type, name) for s in subfleets]) for name in TYPE_FIGURES}
    utc_offset_h = np.array([a.utc_offset_h for a in spots])
    days_h = np.concatenate([(p.flown * _days_h(p)).sum(axis=1) for p in parts])
    live_h = sum(float((p.flown * _live_h(p)).sum()) for p in parts)
    sizes = [len(one.distance_nm) for one in parts for _ in one.subfleets]
    return Network(
        preset=preset,
        airports=tuple(airport(c, float(w)) for c, w in zip(codes, strength, strict=True)),
        subfleets=subfleets,
        type_figures=figures,
        long=np.array([s.long for s in subfleets]),
        points=points,
        elevation_ft=np.array([a.elevation_ft for a in spots]),
        utc_offset_h=utc_offset_h,
        middle_h=round(float(sum((strength * utc_offset_h).tolist()))),
        part=np.repeat(np.arange(len(parts)), [len(p.subfleets) for p in parts]),
        first=_first(parts, len(codes)),
        origin=np.concatenate([p.ends[0] for p in parts]),
        destination=np.concatenate([p.ends[1] for p in parts]),
        row=np.cumsum([0, *sizes[:-1]]),
        running=_running(parts),
        fleet=np.cumsum(days_h),
        alternate=_alternates(points, strength),
        live_share=live_h / float(days_h.sum()) * _busier(preset),
    )


def _first(parts: list[Part], airports: int) -> Ints:
    """Number the first route of each airport in each part, and the one after the last."""
    before = np.cumsum([0, *(len(one.distance_nm) for one in parts)])
    numbers = np.arange(airports + 1)
    return np.array(
        [b + np.searchsorted(p.ends[0], numbers) for b, p in zip(before, parts, strict=False)]
    )


def _running(parts: list[Part]) -> Floats:
    """Add up the weights of routes, subfleet by subfleet."""
    rows, number = [], 0
    for one in parts:
        flown = one.flown * np.where(one.long[:, None], 1.0, _fitting(_cycle_h(one)))
        total = flown.sum(axis=1, keepdims=True)
        steps = np.cumsum(flown / np.where(total > 0, total, 1.0), axis=1)
        steps /= np.where(total > 0, steps[:, -1:], 1.0)
        rows.append((steps + (number + np.arange(len(flown)))[:, None]).ravel())
        number += len(flown)
    return np.concatenate(rows)


def _live_h(one: Part) -> Floats:
    """Tabulate how long subfleets are between two stands, for every route."""
    result: Floats = one.distance_nm / one.cruise_kt[:, None] + (SLOW_H + TAXI_H)
    return result


def _cycle_h(one: Part) -> Floats:
    """Tabulate how long a leg and the stand after it take, in awake time."""
    result: Floats = _live_h(one) + np.where(one.long, LONG_STAND_H, STAND_H)[:, None]
    return result


def _days_h(one: Part) -> Floats:
    """Tabulate how long a leg keeps an aircraft, nights included."""
    pace = np.where(one.long, 1.0, (1 - IDLE) * AWAKE_DAY_MIN / DAY_MIN)
    result: Floats = _cycle_h(one) / pace[:, None]
    return result


def _fitting(cycle_h: Floats) -> Floats:
    """Weigh up what a block turns away: out and back fit only if begun early enough in it."""
    awake_h = BLOCK_H / 24 * AWAKE_DAY_MIN / 60
    return awake_h / np.maximum(awake_h - FITTING * cycle_h, awake_h / 5)


def _busier(preset: str) -> float:
    """Say how much busier the busy hours are than the mean of a day."""
    return busy_share() / (AWAKE_DAY_MIN / DAY_MIN) if preset in ONE_DAY else 1.0


def _alternates(points: Floats, strength: Floats) -> Ints:
    """Find where a flight diverts to: the nearest busy airport 50 nm or more from the planned."""
    busy = np.argsort(-strength, kind="stable")[: max(len(strength) // 3, FEWEST_ALTERNATES)]
    away = distance_nm(points[:, :, None], points[:, None, busy])
    result: Ints = busy[np.argmin(np.where(away < 50, np.inf, away), axis=1)]
    return result
