"""Great circles on a sphere of the Earth's mean radius (0.3 % off WGS84 at most).

Points are unit vectors in columns, shape (3, n). A path is a start vector and a tangent: the
point at angle `a` is `start * cos(a) + tangent * sin(a)`, which needs no special case at the
poles or at the antimeridian.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Mean radius of the Earth (IUGG): 6,371.0088 km.
EARTH_RADIUS_NM = 6371.0088 / 1.852
STATUTE_MILES_PER_NM = 1.852 / 1.609344


def great_circle(
    latitude1: float, longitude1: float, latitude2: float, longitude2: float, n: int = 64
) -> Floats:
    """Draw the shortest way between two places: n points, shape (n, 2), latitude and longitude.

    Degrees in, degrees out; longitudes lie in [-180, 180), so a path over the antimeridian has
    one step of nearly 360 degrees there. Between antipodes it picks one of the shortest ways.
    """
    start = unit([latitude1], [longitude1])
    end = unit([latitude2], [longitude2])
    angle = angle_between(start, end)[0]
    tangent = tangent_towards(start, end)
    points = along(start, tangent, np.linspace(0.0, angle, n))
    return np.column_stack(position(points))


def unit(latitude: ArrayLike, longitude: ArrayLike) -> Floats:
    """Turn degrees into unit vectors, shape (3, n)."""
    phi, lam = np.radians(latitude), np.radians(longitude)
    return np.array([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)])


def position(points: Floats) -> tuple[Floats, Floats]:
    """Turn unit vectors into latitude and longitude in degrees, longitude in [-180, 180)."""
    x, y, z = points
    latitude = np.degrees(np.arcsin(np.clip(z, -1.0, 1.0)))
    longitude = np.degrees(np.arctan2(y, x))
    return latitude, np.where(longitude >= 180.0, -180.0, longitude)


def angle_between(a: Floats, b: Floats) -> Floats:
    """Measure the angle between unit vectors in radians; exact for near and for opposite ones."""
    cross = np.cross(a, b, axis=0)
    result: Floats = np.arctan2(np.sqrt((cross * cross).sum(axis=0)), (a * b).sum(axis=0))
    return result


def distance_nm(a: Floats, b: Floats) -> Floats:
    """Measure the great-circle distance between unit vectors in nautical miles."""
    return angle_between(a, b) * EARTH_RADIUS_NM


def tangent_towards(start: Floats, end: Floats) -> Floats:
    """Find the direction in which a great circle leaves `start` for `end`, as unit vectors.

    Where the two coincide or are opposite, every way is as short; it picks due north.
    """
    flat = end - start * (start * end).sum(axis=0)
    size = np.sqrt((flat * flat).sum(axis=0))
    unclear = size < 1e-12
    return np.where(unclear, tangent_of(start, np.zeros(1)), flat / np.where(unclear, 1.0, size))


def tangent_of(start: Floats, bearing: Floats) -> Floats:
    """Find the direction of a bearing (degrees from true north) at unit vectors."""
    x, y, z = start
    across = np.maximum(np.hypot(x, y), 1e-12)
    zero = np.zeros_like(x)
    east = np.array([-y / across, x / across, zero])
    north = np.array([-z * x / across, -z * y / across, across])
    radians = np.radians(bearing)
    result: Floats = np.cos(radians) * north + np.sin(radians) * east
    return result


def along(start: Floats, tangent: Floats, angle: Any) -> Floats:
    """Find the points at an angle (radians) along paths."""
    result: Floats = start * np.cos(angle) + tangent * np.sin(angle)
    return result


def bearing(points: Floats, direction: Floats) -> Floats:
    """Read the bearing of a direction of travel at points, degrees in [0, 360)."""
    x, y, _ = points
    degrees = np.degrees(np.arctan2(x * direction[1] - y * direction[0], direction[2]))
    result: Floats = np.mod(degrees, 360.0)
    return result


def track_at(start: Floats, tangent: Floats, angle: Floats) -> Floats:
    """Read the bearing of paths at an angle (radians) along them, degrees in [0, 360)."""
    direction = tangent * np.cos(angle) - start * np.sin(angle)
    return bearing(along(start, tangent, angle), direction)
