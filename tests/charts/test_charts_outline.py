"""Land and lakes: whole, cut at the edges, and projected without distortion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.charts.outline import AREAS, LINES, Box, latitude, mercator, outline

WORLD = Box(-180, -84, 180, 84)
ATLANTA, CHICAGO_LAKE, ATLANTIC = (-84.4, 33.6), (-87.0, 43.0), (-60.0, 35.0)


def covers(layer: str, place: tuple[float, float], box: Box) -> bool:
    """Whether a place lies in one of a layer's areas (crossings to the east are odd)."""
    inside = False
    for _, ring in outline(layer, box).groupby("line"):
        x, y = ring["longitude"].to_numpy(), ring["latitude"].to_numpy()
        spans = (y[:-1] > place[1]) != (y[1:] > place[1])
        rise = np.where(spans, y[1:] - y[:-1], 1.0)
        at = x[:-1] + (place[1] - y[:-1]) / rise * (x[1:] - x[:-1])
        inside ^= bool(np.count_nonzero(spans & (at > place[0])) % 2)
    return inside


@pytest.mark.parametrize("box", [WORLD, Box(-100, 25, -55, 50)], ids=["world", "cut"])
def test_places_lie_where_they_lie(box: Box) -> None:
    """Atlanta is on land, the middle of Lake Michigan in a lake, the Atlantic in neither."""
    assert covers("land", ATLANTA, box)
    assert not covers("lakes", ATLANTA, box)
    assert covers("lakes", CHICAGO_LAKE, box)
    assert not covers("land", ATLANTIC, box)


@pytest.mark.parametrize("layer", AREAS)
def test_areas_are_closed_and_stay_in_the_box(layer: str) -> None:
    """Every ring ends where it began, and none leaves the box it was cut to."""
    box = Box(-100, 25, -55, 50)
    table = outline(layer, box)
    assert len(table) > 50
    assert table["longitude"].between(box.west, box.east).all()
    assert table["latitude"].between(box.south, box.north).all()
    for _, ring in table.groupby("line"):
        assert ring.iloc[0].equals(ring.iloc[-1])


@pytest.mark.parametrize("layer", [*AREAS, *LINES])
def test_nothing_runs_across_the_antimeridian(layer: str) -> None:
    """No step of any line is longer than the longest straight border: no band over the map."""
    table = outline(layer, WORLD)
    steps = table.groupby("line")["longitude"].diff().abs()
    assert steps.max() < 60


@given(st.floats(-84, 84))
def test_mercator_undoes_itself(degrees: float) -> None:
    """Projecting there and back gives the latitude again."""
    assert latitude(mercator(np.array([degrees])))[0] == pytest.approx(degrees, abs=1e-9)


@given(
    st.floats(-170, 100),
    st.floats(-60, 40),
    st.floats(1, 60),
    st.floats(1, 20),
    st.integers(200, 2000),
    st.integers(200, 1200),
)
def test_a_fitted_box_has_the_shape_of_the_picture(
    west: float, south: float, wide: float, high: float, width: int, height: int
) -> None:
    """A fitted box contains the wanted one, and its Mercator picture has the wanted shape."""
    wanted = Box(west, south, west + wide, south + high)
    box = wanted.fitted(width, height)
    low, up = mercator(np.array([box.south, box.north]))
    assert (box.east - box.west) / (up - low) == pytest.approx(width / height, rel=1e-6)
    slack = 1e-9
    assert box.west <= wanted.west + slack
    assert box.south <= wanted.south + slack
    assert box.east >= wanted.east - slack
    assert box.north >= wanted.north - slack
