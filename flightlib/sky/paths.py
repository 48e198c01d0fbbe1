"""The way over the ground of a leg, and what it means for its profile: wind and level rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import (
    EARTH_RADIUS_NM,
    along,
    angle_between,
    position,
    tangent_towards,
    track_at,
)
from flightlib.sky.hashing import Keys, uniform
from flightlib.sky.network import Network
from flightlib.sky.offsets import Offsets, beside
from flightlib.sky.profile import Legs
from flightlib.sky.tracks import track_offsets

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Speed of the westerly jet stream at cruise height, knots, the mean of a preset.
JET_KT = {"us-domestic": 52.0, "europe": 14.0, "north-atlantic": 78.0, "world": 30.0}
AGAINST = 0.65
# The presets with flights along the organised tracks.
OCEANIC = ("north-atlantic", "world")
# France with Switzerland, Iberia, Italy: there the level rule asks for north or south, not for
# east or west. South, west, north, east in degrees.
NORTH_SOUTH = ((42.5, -4.5, 50.0, 8.5), (36.0, -9.5, 43.5, 3.0), (37.0, 7.5, 46.5, 16.0))
# What weather adds or takes along a leg's track at most, knots: most legs have little of it.
EDDY_KT = {"us-domestic": 45.0, "europe": 60.0, "north-atlantic": 45.0, "world": 60.0}
# All the way along a leg no wind blows stronger than this, in the mean.
STRONGEST_KT = 120.0
_WIND, _EDDY, _EDDY_TOO = 12, 13, 14


@dataclass(frozen=True, slots=True)
class Paths:
    """Great circles: start and tangent as unit vectors (3, n), length in nautical miles."""

    start: Floats
    tangent: Floats
    length_nm: Floats


def between(start: Floats, end: Floats) -> Paths:
    """Lay great circles between unit vectors."""
    length_nm = angle_between(start, end) * EARTH_RADIUS_NM
    return Paths(start, tangent_towards(start, end), length_nm)


def offsets(network: Network, paths: Paths, keys: Keys, off_ms: Ints) -> Offsets | None:
    """Say how far beside their great circles hops fly by plan; None where all keep to them.

    `off_ms` is when they are to leave, ms since 1970. Depends on the hop alone: where a diverted
    flight turns away follows from it.
    """
    if network.preset not in OCEANIC:
        return None
    return track_offsets(paths.start, paths.tangent, paths.length_nm, keys, off_ms)


def course_at(
    network: Network, paths: Paths, keys: Keys, off_ms: Ints, distance_nm: Floats
) -> tuple[Floats, Floats]:
    """Find where hops are some nautical miles along, offsets included, and the ways they move.

    The points are unit vectors; the ways are as long as the miles flown for each mile along.
    """
    angle = distance_nm / EARTH_RADIUS_NM
    points = along(paths.start, paths.tangent, angle)
    ways = along(paths.tangent, -paths.start, angle)
    bends = offsets(network, paths, keys, off_ms)
    if bends is not None:
        rows, along_nm = bends.rows, distance_nm[bends.rows]
        right_nm, slope = bends.at(along_nm)
        circles = paths.start[:, rows], paths.tangent[:, rows]
        points[:, rows], ways[:, rows] = beside(*circles, along_nm, right_nm, 1.0, slope)
    return points, ways


def legs_along(
    network: Network,
    paths: Paths,
    keys: Keys,
    subfleet: Ints,
    ends: tuple[Ints, Ints],
    start_ft: Floats | None = None,
    weather: Keys | None = None,
) -> Legs:
    """Gather what decides the profiles of legs; `start_ft` where they begin in the air.

    `weather` are the keys of the winds, where they are not those of the legs.
    """
    weather = keys if weather is None else weather
    origin, destination = ends
    figures = {name: column[subfleet] for name, column in network.type_figures.items()}
    middle = paths.length_nm / 2 / EARTH_RADIUS_NM
    track = track_at(paths.start, paths.tangent, middle)
    jet_kt = JET_KT[network.preset] * (0.6 + 0.8 * uniform(weather, _WIND))
    if network.preset in OCEANIC:
        # Who flies against the jet goes around the worst of it.
        jet_kt = jet_kt * np.where(track > 180, AGAINST, 1.0)
    eddy_kt = EDDY_KT[network.preset] * (uniform(weather, _EDDY) + uniform(weather, _EDDY_TOO) - 1)
    wind_kt = jet_kt * np.sin(np.radians(track)) + eddy_kt
    nowhere = np.full(len(keys), -np.inf)
    return Legs(
        key=keys,
        distance_nm=paths.length_nm,
        origin_ft=network.elevation_ft[origin],
        destination_ft=network.elevation_ft[destination],
        wind_kt=np.clip(wind_kt, -STRONGEST_KT, STRONGEST_KT),
        odd=odd_level(track, along(paths.start, paths.tangent, middle)),
        start_ft=nowhere if start_ft is None else start_ft,
        **figures,
    )


def odd_level(track: Floats, middle: Floats) -> Bools:
    """Say which tracks fly odd thousands: eastbound, or southbound where that is the rule."""
    latitude, longitude = position(middle)
    by_south = np.zeros(len(track), dtype=bool)
    for south, west, north, east in NORTH_SOUTH:
        inside = (south <= latitude) & (latitude <= north)
        by_south |= inside & (west <= longitude) & (longitude <= east)
    return np.where(by_south, (track >= 90) & (track < 270), track < 180)
