"""Great circles: right anywhere on the globe, without special cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.sky.geodesy import (
    EARTH_RADIUS_NM,
    along,
    angle_between,
    distance_nm,
    great_circle,
    position,
    tangent_of,
    tangent_towards,
    track_at,
    unit,
)

LATITUDES = st.floats(-90, 90, allow_subnormal=False)
LONGITUDES = st.floats(-180, 180, allow_subnormal=False)
PLACES = st.tuples(LATITUDES, LONGITUDES)


def point(place: tuple[float, float]) -> np.ndarray:
    return unit([place[0]], [place[1]])


def test_known_distance() -> None:
    """New York to London Heathrow is 2,991 nautical miles, to 0.5 %."""
    length = distance_nm(point((40.6399, -73.7787)), point((51.4706, -0.4619)))[0]
    assert length == pytest.approx(2991, rel=0.005)


@given(PLACES)
def test_positions_survive_the_way_to_vectors(place: tuple[float, float]) -> None:
    """Degrees to unit vector and back is the same place, longitude in [-180, 180)."""
    latitude, longitude = position(point(place))
    assert -180 <= longitude[0] < 180
    assert angle_between(point((latitude[0], longitude[0])), point(place))[0] < 1e-7


@given(PLACES, PLACES)
def test_great_circle_joins_its_ends(a: tuple[float, float], b: tuple[float, float]) -> None:
    """The path starts and ends where asked, in equal steps, even over poles and antimeridian."""
    path = great_circle(*a, *b, n=33)
    assert path.shape == (33, 2)
    points = unit(path[:, 0], path[:, 1])
    assert angle_between(points[:, :1], point(a))[0] < 1e-6
    whole = angle_between(point(a), point(b))[0]
    if whole < np.pi - 1e-6:
        assert angle_between(points[:, -1:], point(b))[0] < 1e-6
    steps = angle_between(points[:, :-1], points[:, 1:])
    np.testing.assert_allclose(steps, whole / 32, atol=1e-7)


@given(PLACES, PLACES, st.floats(0, 1))
def test_tangents_point_to_the_end(
    a: tuple[float, float], b: tuple[float, float], share: float
) -> None:
    """Following a tangent for the whole angle arrives, and stays on the sphere on the way."""
    start, end = point(a), point(b)
    angle = angle_between(start, end)
    tangent = tangent_towards(start, end)
    midway = along(start, tangent, angle * share)
    assert np.sqrt((midway**2).sum(axis=0))[0] == pytest.approx(1)
    if angle[0] < np.pi - 1e-6:
        assert angle_between(along(start, tangent, angle), end)[0] < 1e-6


@given(st.tuples(st.floats(-89, 89), LONGITUDES), st.floats(0, 359.9))
def test_bearings_read_as_set(place: tuple[float, float], degrees: float) -> None:
    """A path that sets out on a bearing has that bearing at its start."""
    start = point(place)
    track = track_at(start, tangent_of(start, np.array([degrees])), np.zeros(1))[0]
    assert (track - degrees + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("degrees", "place"), [(0, (1, 0)), (90, (0, 1)), (180, (-1, 0))])
def test_compass(degrees: float, place: tuple[float, float]) -> None:
    """0 is north, 90 east, 180 south; a degree of a great circle is 60 nautical miles."""
    start = unit([0.0], [0.0])
    end = along(start, tangent_of(start, np.array([float(degrees)])), np.radians(1))
    np.testing.assert_allclose(np.ravel(position(end)), place, atol=1e-9)
    assert np.radians(1) * EARTH_RADIUS_NM == pytest.approx(60.04, abs=0.01)
