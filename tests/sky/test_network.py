"""Who flies where: real airports, weighted routes, shared out without remainder."""

from __future__ import annotations

import numpy as np
import pytest

from flightlib.errors import SettingError
from flightlib.sky import PRESETS, airports
from flightlib.sky.geodesy import distance_nm
from flightlib.sky.hashing import root, split, uniform
from flightlib.sky.network import network
from flightlib.sky.tables import aircraft_types, airport_rows, operators


@pytest.fixture(params=PRESETS)
def preset(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_airports_are_listed_busiest_first(preset: str) -> None:
    """Airports have codes, places and weights that fall and add up to one."""
    listed = airports(preset)
    weights = [airport.weight for airport in listed]
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) == pytest.approx(1)
    assert all(len(airport.code) == 4 and airport.name for airport in listed)
    assert all(-90 < a.latitude < 90 and -180 <= a.longitude < 180 for a in listed)


def test_us_traffic_is_as_concentrated_as_the_real_one() -> None:
    """Atlanta leads, and the top 20 of 303 airports have 51 % of the departures."""
    listed = airports("us")
    assert listed[0].code == "KATL"
    assert len(listed) == 303
    assert sum(airport.weight for airport in listed[:20]) == pytest.approx(0.51, abs=0.01)


def test_unknown_region_is_refused() -> None:
    """An unknown preset is named with the allowed ones and the nearest."""
    with pytest.raises(SettingError, match=r"'europa'; allowed: us-d.*Did you mean 'europe'"):
        airports("europa")


def test_tables_know_each_other(preset: str) -> None:
    """Every hub is a known airport and every fleet is made of known types."""
    for operator in operators(preset):
        assert set(operator.hubs) <= set(airport_rows()), operator.icao
        assert {code for code, _ in operator.fleet} <= set(aircraft_types()), operator.icao


def test_routes_are_within_range_and_go_both_ways(preset: str) -> None:
    """Nobody picks a route beyond the range of its type, or one it cannot come back on."""
    lines = network(preset)
    keys = split(root(3), np.arange(4000))
    subfleet = lines.subfleet(uniform(keys, 0))
    home = lines.home(subfleet, uniform(keys, 1))
    there = lines.onward(subfleet, home, uniform(keys, 2))
    length = distance_nm(lines.points[:, home], lines.points[:, there])
    reach = np.array([s.type.range_nm for s in lines.subfleets])
    assert (length <= reach[subfleet]).all()
    assert (home != there).all()
    ends = [*lines.row[1:].tolist(), len(lines.running)]
    matrix = np.zeros((len(lines.airports), len(lines.airports)))
    for number, (start, end) in enumerate(zip(lines.row.tolist(), ends, strict=True)):
        route = lines.first[lines.part[number], 0] + np.arange(end - start)
        matrix[lines.origin[route], lines.destination[route]] = np.diff(
            lines.running[start:end], prepend=number
        )
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-9)
        matrix[:] = 0.0


def test_first_and_last_choices_stay_inside(preset: str) -> None:
    """The smallest and the largest random number still pick a route of the place one is at."""
    lines = network(preset)
    for u in (0.0, np.nextafter(1.0, 0.0)):
        subfleet = np.arange(len(lines.subfleets))
        home = lines.home(subfleet, np.full(len(subfleet), u))
        there = lines.onward(subfleet, home, np.full(len(subfleet), u))
        for part, a, b in zip(lines.part, home, there, strict=True):
            assert b in lines.destination[lines.first[part, a] : lines.first[part, a + 1]]


def test_alternates_are_near(preset: str) -> None:
    """A flight diverts to another airport, 50 nm away or more, not far."""
    lines = network(preset)
    away = distance_nm(lines.points, lines.points[:, lines.alternate])
    assert away.min() >= 50
    assert np.median(away) < (300 if preset == "north-atlantic" else 200)
