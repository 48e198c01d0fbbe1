"""Turns in the air: where a diverted flight leaves its way, and the arc that it flies from there.

The arc is a part of a small circle, flown level at a constant distance to its middle, from the
course that the flight is on to the great circle that leads to its alternate. A small circle is a
great circle with a constant offset, far aside: the one that has the small circle's middle as its
pole. So an arc is a piece like any other, only counted in the miles of that great circle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flightlib.records import PHASES
from flightlib.sky.geodesy import EARTH_RADIUS_NM, along
from flightlib.sky.hashing import Keys, uniform
from flightlib.sky.itinerary import leg_keys
from flightlib.sky.network import Network
from flightlib.sky.offsets import miles_at, speed_at
from flightlib.sky.paths import Paths, between, course_at, legs_along
from flightlib.sky.profile import CRUISE, CRUISE_END, Profiles, profiles

if TYPE_CHECKING:
    from flightlib.sky.pieces import HopRows, Pieces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# How fast airliners turn in cruise, degrees a second: at 450 kt with 22 degrees of bank.
RATE_DEG_S = 1.0
# The sub-key of a diverted leg's second hop, and a lane of the leg's own key.
AWAY_KEY, _CUT = 201, 39


@dataclass(frozen=True, slots=True)
class Turns:
    """Turns of flights, one element each; vectors have shape (3, n).

    A turn begins `begin_s` after lift-off at `height_ft`, on a leg of `leg_nm`. Along the great
    circle from `start` towards `tangent`, `right_nm` to the right of it, the flight comes to
    `end` after `angle` (radians). It flies at `speed_kt` over the ground at first.
    """

    begin_s: Floats
    height_ft: Floats
    leg_nm: Floats
    speed_kt: Floats
    start: Floats
    tangent: Floats
    right_nm: Floats
    angle: Floats
    end: Floats

    @property
    def ground(self) -> Floats:
        """Say how much shorter the way over the ground is than along the great circle."""
        result: Floats = np.cos(self.right_nm / EARTH_RADIUS_NM)
        return result

    def lasts_ms(self, then_kt: Floats) -> Ints:
        """Say how long turns take after which flights go on at some ground speed."""
        miles = self.angle * EARTH_RADIUS_NM * self.ground
        hours = 2 * miles / (self.speed_kt + then_kt)
        result: Ints = np.round(hours * 3_600_000).astype(np.int64)
        return result


@dataclass(frozen=True, slots=True)
class Away:
    """What diverted flights fly instead: a turn, and from its end a way to their alternates."""

    turns: Turns
    paths: Paths
    nodes: Profiles
    turn_ms: Ints

    @property
    def lasts_ms(self) -> Ints:
        """Say how long it takes from the beginning of the turn to touchdown."""
        result: Ints = self.turn_ms + np.round(self.nodes.time_s[-1] * 1000).astype(np.int64)
        return result


def away(
    network: Network,
    subfleet: Ints,
    ends: tuple[Ints, Ints],
    keys: Keys,
    off_ms: Ints,
) -> Away:
    """Plan what diverted legs fly from their turn on, by the keys of the legs.

    `off_ms` is when they are to leave, ms since 1970.
    """
    alternate = network.alternate[ends[1]]
    turns = _turns(network, subfleet, ends, keys, off_ms)
    paths, to = between(turns.end, network.points[:, alternate]), (ends[0], alternate)
    nodes = profiles(
        legs_along(network, paths, away_keys(keys), subfleet, to, turns.height_ft, weather=keys)
    )
    return Away(turns, paths, nodes, turns.lasts_ms(nodes.speed_kt[0]))


def away_keys(keys: Keys) -> Keys:
    """Derive the keys of the hops from the turn to the alternate."""
    return leg_keys(keys, AWAY_KEY)


def _turns(
    network: Network, subfleet: Ints, ends: tuple[Ints, Ints], keys: Keys, off_ms: Ints
) -> Turns:
    """Find where legs turn away from their way to go to their alternates."""
    a, b = ends
    paths = between(network.points[:, a], network.points[:, b])
    nodes = profiles(legs_along(network, paths, keys, subfleet, (a, b)))
    cut_s, cut_ft = _cut(nodes, keys)
    every = np.arange(len(cut_s))
    cut_nm = miles_at(nodes, every, cut_s)
    point, way = course_at(network, paths, keys, off_ms, cut_nm)
    stretch = np.sqrt((way * way).sum(axis=0))
    speed_kt = speed_at(nodes, every, cut_s) * stretch
    radius = speed_kt / 3600 / np.radians(RATE_DEG_S) / EARTH_RADIUS_NM
    target = network.points[:, network.alternate[b]]
    arcs = [_arc(point, way / stretch, target, radius, side) for side in (1.0, -1.0)]
    right = arcs[0][3] <= arcs[1][3]
    arc = (np.where(right, one, other) for one, other in zip(*arcs, strict=True))
    return Turns(cut_s, cut_ft, paths.length_nm, speed_kt, *arc)


def _cut(nodes: Profiles, keys: Keys) -> tuple[Floats, Floats]:
    """Draw when legs turn away, seconds from lift-off in whole milliseconds, and their heights."""
    share = 0.35 + 0.4 * uniform(keys, _CUT)
    begin_s, end_s = nodes.time_s[CRUISE], nodes.time_s[CRUISE_END]
    cut_s = np.round(begin_s * 1000 + share * (end_s - begin_s) * 1000) / 1000
    # Nobody turns away in a step to another level: it waits for the end of it.
    for start, end in ((CRUISE + 1, CRUISE + 2), (CRUISE + 3, CRUISE + 4)):
        stepping = (cut_s >= nodes.time_s[start]) & (cut_s < nodes.time_s[end])
        cut_s = np.where(stepping, np.ceil(nodes.time_s[end] * 1000) / 1000, cut_s)
    level = (nodes.time_s[CRUISE:CRUISE_END:2] <= cut_s).sum(axis=0) - 1
    cut_ft = nodes.height_ft[CRUISE + 2 * np.maximum(level, 0), np.arange(len(cut_s))]
    return cut_s, cut_ft


def _arc(
    point: Floats, way: Floats, target: Floats, radius: Floats, side: float
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Lay arcs to one side (1 right, -1 left) from points and courses until they lead to targets.

    `radius` is in radians. Gives start, tangent, miles to the right, angle and end.
    """
    # To the right of a course is the pole of its great circle.
    aside = side * np.cross(way, point, axis=0)
    middle = point * np.cos(radius) + aside * np.sin(radius)
    start = (point - middle * np.cos(radius)) / np.sin(radius)
    tangent = np.cross(start, side * middle, axis=0)
    towards = np.arctan2((target * tangent).sum(axis=0), (target * start).sum(axis=0))
    far = np.arccos(np.clip((target * middle).sum(axis=0), -1.0, 1.0))
    # Where the circle's tangent leads to the target, middle, end and target have a right angle.
    before = np.arccos(np.clip(np.tan(radius) / np.tan(far), -1.0, 1.0))
    angle = np.mod(towards - before, 2 * np.pi)
    angle = np.where(angle > 2 * np.pi - 1e-6, 0.0, angle)
    end = along(start, tangent, angle) * np.sin(radius) + middle * np.cos(radius)
    right_nm = side * (np.pi / 2 - radius) * EARTH_RADIUS_NM
    return start, tangent, right_nm, angle, end


def of_hops(network: Network, hops: HopRows, rows: Ints) -> Away:
    """Plan what those hops fly that begin with a turn."""
    ends = hops.origin[rows], hops.destination[rows]
    off_ms = hops.block_ms[rows] + hops.scheduled_off[rows]
    return away(network, hops.subfleet[rows], ends, hops.key[rows], off_ms)


def afterwards(hops: HopRows, rows: Ints, away: Away) -> HopRows:
    """Let hops begin when their turns are over: there their profiles do."""
    begin = hops.begin.copy()
    begin[rows] += away.turn_ms
    return replace(hops, begin=begin)


def insert(found: Pieces, rows: Ints, away: Away, turning: Bools) -> None:
    """Turn the pieces of rows that are turning into arcs; `away` is what these rows fly."""
    turns, seconds = away.turns, np.maximum(away.turn_ms, 1) / 1000
    gain_kt_s = (away.nodes.speed_kt[0] - turns.speed_kt) / seconds
    zero = np.zeros_like(seconds)
    pieces = {
        "start_ms": found.valid_to[rows] - away.turn_ms,
        "distance_nm": zero,
        "speed_kt": turns.speed_kt / turns.ground,
        "gain_kt_s": gain_kt_s / turns.ground,
        "height_ft": turns.height_ft,
        "rate_fpm": zero,
        "start": turns.start,
        "tangent": turns.tangent,
        "bend": np.array([zero + 1.0, zero, turns.right_nm, zero, zero, zero]),
    }
    found.phase[rows[turning]] = PHASES.index("CRUISE")
    for name, values in pieces.items():
        getattr(found, name)[..., rows[turning]] = values[..., turning]
