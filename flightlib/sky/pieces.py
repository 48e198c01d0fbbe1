"""Cut a hop into pieces, each a straight formula: the last step from itinerary to position.

In a piece the aircraft follows one great circle with evenly changing speed and a constant
vertical rate, on the circle or beside it by an offset that is one cubic of the distance. The
pieces of a hop: parked, pushed back, taxi, take-off roll, the segments of the profile, landing
roll, taxi to the stand. A hop that begins in the air has a turn instead of what is before take-off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.sky import holds, profile, turns
from flightlib.sky.disturb import Storm
from flightlib.sky.events import onward_keys
from flightlib.sky.geodesy import EARTH_RADIUS_NM, along, tangent_of
from flightlib.sky.hashing import Keys, uniform
from flightlib.sky.hops import ANNOUNCE_MIN, AWAY, CANCELLED, ONWARD, TURNED
from flightlib.sky.itinerary import MINUTE_MS, taxi_out_min
from flightlib.sky.network import Network
from flightlib.sky.offsets import Offsets, miles_at, seconds_to
from flightlib.sky.paths import Paths, between, legs_along, offsets
from flightlib.sky.profile import FREE_FROM, FREE_TO, NODES, Profiles, profiles
from flightlib.sky.storms import Flown, around
from flightlib.sky.turns import Away, away_keys

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SILENT, LIVE, ANNOUNCED = 0, 1, 2
TAXI, CLIMB, CRUISE, DESCENT, LANDED = range(5)
ROLL_S, ROLLOUT_S, TAXI_KT = 30.0, 40.0, 12.0
# The pieces by number: parked and pushed back, taxi, roll, segments, rollout, taxi in.
_TAXI, _ROLL, _FIRST = 2, 3, 4
_ROLLOUT, _TAXI_IN = _FIRST + NODES - 1, _FIRST + NODES
_PHASES = np.array(
    [TAXI] * 4 + [CLIMB] * 5 + [CRUISE] * 5 + [DESCENT] * 6 + [LANDED] * 2,
    dtype=np.int8,
)
_BEARING_OUT, _BEARING_IN = 41, 42


@dataclass(frozen=True, slots=True)
class HopRows:
    """One hop for each aircraft asked for: what a table of hops says, one element each."""

    key: Keys
    subfleet: Ints
    kind: Ints
    origin: Ints
    destination: Ints
    since: Ints
    until: Ints
    begin: Ints
    on: Ints
    scheduled_off: Ints
    hold: Ints
    hold_ms: Ints
    block_ms: Ints


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces that hold at given times, one element each; times in ms from the block's start.

    At time t, with s seconds since `start_ms`: distance along the path is `distance_nm` +
    `speed_kt` * s/3600 + `gain_kt_s` * s*s/7200, height `height_ft` + `rate_fpm` * s/60. `bend`
    has shape (6, n): 1 where there is an offset, miles at the cubic's start, its four factors; in
    a hold what `holds` puts there.
    """

    valid_from: Floats
    valid_to: Floats
    mode: NDArray[np.int8]
    phase: NDArray[np.int8]
    start_ms: Floats
    distance_nm: Floats
    speed_kt: Floats
    gain_kt_s: Floats
    height_ft: Floats
    rate_fpm: Floats
    start: Floats
    tangent: Floats
    bend: Floats
    filed_ft: Floats
    planned_on: Floats


def pieces(network: Network, hops: HopRows, t_ms: Ints, storms: tuple[Storm, ...] = ()) -> Pieces:
    """Find the piece of each hop that holds at its time, in ms from the block's start."""
    found = _unheld(network, hops, holds.without(hops, t_ms), storms)
    holds.insert(found, hops, t_ms)
    return found


def _unheld(network: Network, hops: HopRows, t_ms: Ints, storms: tuple[Storm, ...]) -> Pieces:
    """Find the pieces of hops at times that holds are not counted in."""
    keys, turned = _profile_keys(hops), np.flatnonzero(hops.kind == AWAY)
    diverted = turns.of_hops(network, hops, turned)
    paths, nodes, ends = _flight(network, hops, keys, (turned, diverted))
    hops = turns.afterwards(hops, turned, diverted)
    borders = _borders(hops, nodes, keys)
    index = (borders <= t_ms).sum(axis=0)
    table = _table(borders, nodes, paths, network, ends)
    start, tangent = _ground_paths(index, paths, nodes, keys)
    aside = _offsets(network, hops, paths, keys)
    if storms:
        aside = around(storms, _flown(hops, paths, nodes), aside)
    bend, bend_from, bend_to = _bends(hops, aside, nodes, t_ms)
    each = np.arange(len(t_ms))
    cancelled = hops.kind == CANCELLED
    mode = np.where(cancelled & (index > 0), ANNOUNCED, np.where(index > 0, LIVE, SILENT))
    rows = np.concatenate([[np.full(len(t_ms), -np.inf)], borders, [np.full(len(t_ms), np.inf)]])
    found = Pieces(
        valid_from=np.maximum(np.maximum(rows[index, each], bend_from), hops.since),
        valid_to=np.minimum(np.minimum(rows[index + 1, each], bend_to), hops.until),
        mode=mode.astype(np.int8),
        phase=_PHASES[index],
        start=start,
        tangent=tangent,
        bend=bend,
        filed_ft=nodes.height_ft[profile.CRUISE],
        planned_on=np.where(
            hops.kind == TURNED, hops.begin + nodes.time_s[-1] * 1000, hops.on.astype(float)
        ),
        **{name: column[index, each] for name, column in table.items()},
    )
    turns.insert(found, turned, diverted, index[turned] < _FIRST)
    return found


def _profile_keys(hops: HopRows) -> Keys:
    keys = np.where(hops.kind == AWAY, away_keys(hops.key), hops.key)
    return np.where(hops.kind == ONWARD, onward_keys(hops.key), keys)


def _off_ms(hops: HopRows) -> Ints:
    return hops.block_ms + hops.scheduled_off


def _flight(
    network: Network, hops: HopRows, keys: Keys, turned: tuple[Ints, Away]
) -> tuple[Paths, Profiles, tuple[Ints, Ints]]:
    """Lay the paths of hops and compute their profiles; also their ends as airport numbers."""
    rows, diverted = turned
    alternate = network.alternate[hops.destination]
    origin = np.where(hops.kind == ONWARD, alternate, hops.origin)
    target = np.where(hops.kind == AWAY, alternate, hops.destination)
    start, start_ft = network.points[:, origin], np.full(len(keys), -np.inf)
    start[:, rows], start_ft[rows] = diverted.turns.end, diverted.turns.height_ft
    paths = between(start, network.points[:, target])
    weather = np.where(hops.kind == AWAY, hops.key, keys)
    ends = origin, target
    plan = legs_along(network, paths, keys, hops.subfleet, ends, start_ft, weather)
    return paths, profiles(plan), ends


def _offsets(network: Network, hops: HopRows, paths: Paths, keys: Keys) -> Offsets | None:
    """Find the offsets of hops; those that begin at a turn in the air have none."""
    planned = offsets(network, paths, keys, _off_ms(hops))
    flown = (hops.kind != AWAY) & (hops.kind != CANCELLED)
    return None if planned is None else planned.only(flown[planned.rows])


def _flown(hops: HopRows, paths: Paths, nodes: Profiles) -> Flown:
    """Say where storms may lead flights aside: after take-off, before approach or turn."""
    every = np.arange(len(hops.kind))
    turn_nm = miles_at(nodes, every, (hops.on - hops.begin)[None] / 1000)[0]
    high = np.where(hops.kind == TURNED, turn_nm, nodes.distance_nm[FREE_TO])
    low = np.where(hops.kind == CANCELLED, np.inf, nodes.distance_nm[FREE_FROM])
    return Flown(paths, nodes, hops.block_ms + hops.begin, low, high)


def _bends(
    hops: HopRows, found: Offsets | None, nodes: Profiles, t_ms: Ints
) -> tuple[Floats, Floats, Floats]:
    """Find the cubics of offsets that hold at times, and from when to when they do."""
    bend = np.zeros((6, len(t_ms)))
    since, until = np.full(len(t_ms), -np.inf), np.full(len(t_ms), np.inf)
    if found is not None and len(found.rows):
        rows = found.rows
        border = hops.begin[rows] + np.round(seconds_to(nodes, rows, found.along_nm) * 1000)
        knot = (border <= t_ms[rows]).sum(axis=0)
        start, length, factors = found.cubics(knot)
        bend[:, rows] = np.array([length > 0, start, *factors])
        edges = np.concatenate([since[None, rows], border, until[None, rows]])
        each = np.arange(len(rows))
        since[rows], until[rows] = edges[knot, each], edges[knot + 1, each]
    return bend, since, until


def _borders(hops: HopRows, nodes: Profiles, keys: Keys) -> Floats:
    """Set the times between pieces, shape (pieces - 1, n)."""
    begin = hops.begin.astype(float)
    taxi_ms = np.round(taxi_out_min(keys) * MINUTE_MS)
    roll = begin - ROLL_S * 1000
    before = np.array([begin - taxi_ms, roll - 0.6 * (taxi_ms - ROLL_S * 1000), roll])
    before = np.where(hops.kind == AWAY, -np.inf, before)
    flight = begin + nodes.time_s * 1000
    borders = np.concatenate([before, flight, flight[-1:] + ROLLOUT_S * 1000])
    cancelled = hops.kind == CANCELLED
    borders[:, cancelled] = np.inf
    announced = np.maximum(hops.scheduled_off - ANNOUNCE_MIN * MINUTE_MS, hops.since)
    borders[0, cancelled] = announced[cancelled]
    result: Floats = borders
    return result


def _table(
    borders: Floats, nodes: Profiles, paths: Paths, network: Network, ends: tuple[Ints, Ints]
) -> dict[str, Floats]:
    """Tabulate the formulas of every piece, arrays of shape (pieces, n)."""
    zero, taxi = np.zeros_like(paths.length_nm), np.full_like(paths.length_nm, TAXI_KT)
    lift_kt, down_kt = nodes.speed_kt[0], nodes.speed_kt[-1]
    starts = np.where(np.isfinite(borders), borders, 0.0)
    out_nm = TAXI_KT * (starts[2] - starts[1]) / 3_600_000
    roll_nm = (TAXI_KT + lift_kt) / 2 * ROLL_S / 3600
    seconds = np.diff(nodes.time_s, axis=0)
    safe = np.where(seconds > 0, seconds, 1.0)
    gain = np.where(seconds > 0, np.diff(nodes.speed_kt, axis=0) / safe, 0.0)
    rate = np.where(seconds > 0, np.round(np.diff(nodes.height_ft, axis=0) / safe * 60), 0.0)
    from_ft, to_ft = network.elevation_ft[ends[0]], network.elevation_ft[ends[1]]
    return {
        "start_ms": np.concatenate([starts[:1], starts]),
        "distance_nm": np.array(
            [zero, -out_nm, -out_nm, -roll_nm, *nodes.distance_nm[:-1], paths.length_nm, zero]
        ),
        "speed_kt": np.array([zero, zero, taxi, taxi, *nodes.speed_kt[:-1], down_kt, taxi]),
        "gain_kt_s": np.array(
            [zero, zero, zero, (lift_kt - taxi) / ROLL_S, *gain, (taxi - down_kt) / ROLLOUT_S, zero]
        ),
        "height_ft": np.array([from_ft] * 4 + [*nodes.height_ft[:-1], to_ft, to_ft]),
        "rate_fpm": np.array([zero] * 4 + [*rate, zero, zero]),
    }


def _ground_paths(index: Ints, paths: Paths, nodes: Profiles, keys: Keys) -> tuple[Floats, Floats]:
    """Choose the paths: the great circle in flight and on the runway, an own way on taxiways."""
    outward, inward = index <= _TAXI, index == _TAXI_IN
    roll_nm = (TAXI_KT + nodes.speed_kt[0]) / 2 * ROLL_S / 3600
    rollout_nm = (TAXI_KT + nodes.speed_kt[-1]) / 2 * ROLLOUT_S / 3600
    nm = np.where(outward, -roll_nm, paths.length_nm + rollout_nm)
    runway_end = along(paths.start, paths.tangent, nm / EARTH_RADIUS_NM)
    lane: Floats = np.where(outward, uniform(keys, _BEARING_OUT), uniform(keys, _BEARING_IN))
    taxiway = tangent_of(runway_end, lane * 360)
    on_taxiway = outward | inward
    start = np.where(on_taxiway, runway_end, paths.start)
    return start, np.where(on_taxiway, taxiway, paths.tangent)
