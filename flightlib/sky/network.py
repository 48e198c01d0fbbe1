"""Who flies where: the routes of a region, shared out among subfleets.

A *subfleet* is the aircraft of one type at one operator. The region's route weights W are split
so that the subfleets' shares of every route add up to W exactly: by hubs (an operator flies
mostly from its hubs) and by range (a regional jet flies no coast-to-coast route). Every share is
symmetric in its two ends, so an aircraft that picks its next route by weight from where it
stands visits airports and routes in exactly these proportions in the long run (a reversible
Markov chain whose stationary distribution is known in closed form).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import distance_nm, unit
from flightlib.sky.rhythm import AWAKE_DAY_MIN, busy_share
from flightlib.sky.routes import routes
from flightlib.sky.tables import (
    AircraftType,
    Airport,
    Operator,
    aircraft_types,
    airport,
    check_region,
    operators,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Hours a leg takes beyond distance over cruise speed (climb, descent, taxi), and on the stand.
SLOW_H, TAXI_H, STAND_H = 0.33, 0.32, 0.85
# Hours after which every aircraft is home again; the itineraries are made of such blocks.
BLOCK_H = 72
# Share of its time awake for which an aircraft waits at home for the next block.
IDLE = 0.11
# How much of a block a leg turns away, in its own lengths: out and back, with a reserve.
FITTING = 3.7
# The columns of an aircraft type that its profiles are made of.
TYPE_FIGURES = ("mach", "cruise_ft", "approach_kt", "climb")
# A share of a route below this is left to the others.
SMALLEST_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Subfleet:
    """The aircraft of one type at one operator."""

    operator: Operator
    type: AircraftType


@dataclass(frozen=True, slots=True)
class Network:
    """The airports, directed routes and subfleets of a region, as arrays.

    `first[i]` to `first[i + 1]` are the routes that leave airport i. `running` adds up the
    routes' weights, one row for each subfleet, each row normalised to end at its number + 1.
    `middle_h` is how far local time is ahead of UTC in the middle of the traffic.
    """

    region: str
    airports: tuple[Airport, ...]
    subfleets: tuple[Subfleet, ...]
    type_figures: dict[str, Floats]
    points: Floats
    elevation_ft: Floats
    utc_offset_h: Floats
    middle_h: float
    first: Ints
    destination: Ints
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
        route = np.searchsorted(self.running, subfleet + u, side="right")
        return self._origin_of(route % len(self.destination))

    def onward(self, subfleet: Ints, here: Ints, u: Floats) -> Ints:
        """Pick the next airport from `here` in proportion to the subfleet's route weights."""
        row = subfleet * len(self.destination)
        low = self._before(row + self.first[here], subfleet)
        high = self._before(row + self.first[here + 1], subfleet)
        route = np.searchsorted(self.running, low + u * (high - low), side="right")
        last = row + self.first[here + 1] - 1
        return self.destination[np.clip(route, row + self.first[here], last) - row]

    def _before(self, index: Ints, subfleet: Ints) -> Floats:
        """Read the running weight before a route: 0 (plus the subfleet's number) at the first."""
        at_start = index == subfleet * len(self.destination)
        return np.where(at_start, subfleet.astype(float), self.running[index - 1])

    def _origin_of(self, route: Ints) -> Ints:
        return np.searchsorted(self.first, route, side="right") - 1


def airports(region: str) -> list[Airport]:
    """List the airports of a region, the busiest first.

    Each has `code` (ICAO), `name`, `latitude` and `longitude` in degrees, and `weight`, its share
    of the region's departures. Raises SettingError for an unknown region.
    """
    return sorted(network(region).airports, key=lambda a: (-a.weight, a.code))


@cache
def network(region: str) -> Network:
    """Build the network of a region once."""
    codes, ends, weights = routes(check_region(region))
    spots = [airport(code, 0.0) for code in codes]
    points = unit([a.latitude for a in spots], [a.longitude for a in spots])
    distance = distance_nm(points[:, ends[0]], points[:, ends[1]])
    subfleets = tuple(
        Subfleet(operator, aircraft_types()[code])
        for operator in operators(region)
        for code, _ in operator.fleet
    )
    shares = _shares(subfleets, codes, ends, distance, weights)
    weights = weights * (shares.sum(axis=0) > 0)
    flown = shares * weights
    strength = np.bincount(ends[0], weights=weights, minlength=len(codes)) / weights.sum()
    return Network(
        region=region,
        airports=tuple(airport(c, float(w)) for c, w in zip(codes, strength, strict=True)),
        subfleets=subfleets,
        type_figures={
            name: np.array([getattr(s.type, name) for s in subfleets]) for name in TYPE_FIGURES
        },
        points=points,
        elevation_ft=np.array([a.elevation_ft for a in spots]),
        utc_offset_h=np.array([a.utc_offset_h for a in spots]),
        middle_h=round(
            float(sum(w * a.utc_offset_h for w, a in zip(strength, spots, strict=True)))
        ),
        first=np.searchsorted(ends[0], np.arange(len(codes) + 1)),
        destination=ends[1],
        running=_running(flown * _fitting(_cycle_h(subfleets, distance))),
        fleet=np.cumsum((flown * _cycle_h(subfleets, distance)).sum(axis=1)),
        alternate=_alternates(points, strength),
        live_share=_live_share(flown, _cycle_h(subfleets, distance)),
    )


def _shares(
    subfleets: tuple[Subfleet, ...],
    codes: list[str],
    ends: Ints,
    distance: Floats,
    weights: Floats,
) -> Floats:
    """Split every route among the subfleets; each column adds up to 1 (or 0: nobody can)."""
    wish = np.array([_fit(s.type, distance) * _mix(s) for s in subfleets])
    for row, subfleet in zip(wish, subfleets, strict=True):
        row *= _loyal(subfleet.operator, codes, ends, weights * row)
    for operator in {s.operator for s in subfleets}:
        own = [i for i, s in enumerate(subfleets) if s.operator is operator]
        wish[own] *= operator.share / max((wish[own] * weights).sum(), 1e-300)
    wish = _normalised(wish)
    wish[wish < SMALLEST_SHARE * wish.max(axis=0)] = 0.0
    return _normalised(wish)


def _normalised(columns: Floats) -> Floats:
    total = columns.sum(axis=0)
    result: Floats = columns / np.where(total > 0, total, 1.0)
    return result


def _mix(subfleet: Subfleet) -> float:
    mix = dict(subfleet.operator.fleet)
    return mix[subfleet.type.code] / sum(mix.values())


def _fit(kind: AircraftType, distance: Floats) -> Floats:
    """Say how well a type suits a distance: 1 in its usual span, 0 beyond its range."""
    long = 1 / (1 + (distance / (0.6 * kind.range_nm)) ** 6)
    short = 1 / (1 + (kind.shortest_nm / distance) ** 4)
    return np.where(distance <= kind.range_nm, long * short, 0.0)


def _loyal(operator: Operator, codes: list[str], ends: Ints, weights: Floats) -> Floats:
    """Weigh routes so that the operator flies its loyal share of flights to or from a hub."""
    hubs = np.isin(codes, operator.hubs)
    at_hub = hubs[ends[0]] | hubs[ends[1]]
    inside, outside = weights[at_hub].sum(), weights[~at_hub].sum()
    if inside == 0 or outside == 0:
        return np.ones(len(weights))
    stray = (1 - operator.loyalty) / operator.loyalty * inside / outside
    return np.where(at_hub, 1.0, min(stray, 1.0))


def _running(flown: Floats) -> Floats:
    total = flown.sum(axis=1, keepdims=True)
    steps = np.cumsum(flown / np.where(total > 0, total, 1.0), axis=1)
    steps /= np.where(total > 0, steps[:, -1:], 1.0)
    result: Floats = (steps + np.arange(len(flown))[:, None]).ravel()
    return result


def _cycle_h(subfleets: tuple[Subfleet, ...], distance: Floats) -> Floats:
    cruise_kt = np.array([s.type.mach * 574 for s in subfleets])[:, None]
    result: Floats = distance / cruise_kt + (SLOW_H + TAXI_H + STAND_H)
    return result


def _fitting(cycle_h: Floats) -> Floats:
    """Weigh up what a block turns away: out and back fit only if begun early enough in it."""
    awake_h = BLOCK_H / 24 * AWAKE_DAY_MIN / 60
    return awake_h / np.maximum(awake_h - FITTING * cycle_h, awake_h / 5)


def _live_share(flown: Floats, cycle_h: Floats) -> float:
    """Say which share of the busy hours an aircraft spends between leaving and reaching a stand."""
    standing = STAND_H * flown.sum() / (flown * cycle_h).sum()
    return float(busy_share() * (1 - IDLE) * (1 - standing))


def _alternates(points: Floats, strength: Floats) -> Ints:
    """Find where a flight diverts to: the nearest busy airport 50 nm or more from the planned."""
    busy = np.argsort(-strength, kind="stable")[: max(len(strength) // 3, 2)]
    away = distance_nm(points[:, :, None], points[:, None, busy])
    result: Ints = busy[np.argmin(np.where(away < 50, np.inf, away), axis=1)]
    return result
