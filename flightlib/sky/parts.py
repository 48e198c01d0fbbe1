"""The parts that networks are made of: routes, and who flies how much of each.

A *subfleet* is the aircraft of one type at one operator. A part's route weights W are split so
that the subfleets' shares of every route add up to W exactly: by hubs (an operator flies mostly
from its hubs) and by range (a regional jet flies no coast-to-coast route).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import distance_nm, unit
from flightlib.sky.routes import routes
from flightlib.sky.tables import AircraftType, Operator, aircraft_types, airport_rows, operators

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# The parts of each preset, with their shares of its flights.
PARTS = {
    "us-domestic": (("us-domestic", 1.0),),
    "europe": (("europe", 1.0),),
    "north-atlantic": (("north-atlantic", 1.0),),
    "world": (("us-domestic", 30.0), ("europe", 27.0), ("north-atlantic", 2.5), ("world", 40.5)),
}
# Types whose usual routes are at least so long fly by a timetable, by day and by night.
LONG_NM = 800.0
# A share of a route below this is left to the others.
SMALLEST_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Subfleet:
    """The aircraft of one type at one operator; `long` ones fly by a timetable."""

    operator: Operator
    type: AircraftType
    long: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Directed routes between airports (numbers of `codes`), and what each subfleet flies."""

    codes: list[str]
    ends: Ints
    distance_nm: Floats
    subfleets: tuple[Subfleet, ...]
    flown: Floats

    @property
    def long(self) -> NDArray[np.bool_]:
        """Say which subfleets fly by a timetable."""
        return np.array([subfleet.long for subfleet in self.subfleets])

    @property
    def cruise_kt(self) -> Floats:
        """Say how fast the subfleets cruise, about."""
        return np.array([subfleet.type.mach * 574 for subfleet in self.subfleets])


def part(name: str, share: float) -> Part:
    """Build a part whose flights add up to a share."""
    codes, ends, weights = routes(name)
    rows = [airport_rows()[code] for code in codes]
    points = unit([float(r["latitude"]) for r in rows], [float(r["longitude"]) for r in rows])
    distance = distance_nm(points[:, ends[0]], points[:, ends[1]])
    subfleets = tuple(
        Subfleet(operator, aircraft_types()[code], _is_long(name, aircraft_types()[code]))
        for operator in operators(name)
        for code, _ in operator.fleet
    )
    flown = _shares(subfleets, codes, ends, distance, weights) * weights
    return Part(codes, ends, distance, subfleets, flown * (share / flown.sum()))


def renumbered(one: Part, codes: list[str]) -> Part:
    """Number the airports of a part as others do, and sort its routes by their ends."""
    number = {code: i for i, code in enumerate(codes)}
    ends = np.array([number[code] for code in one.codes])[one.ends]
    order = np.lexsort((ends[1], ends[0]))
    return Part(codes, ends[:, order], one.distance_nm[order], one.subfleets, one.flown[:, order])


def _is_long(part: str, kind: AircraftType) -> bool:
    return part == "north-atlantic" or (part == "world" and kind.shortest_nm >= LONG_NM)


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
