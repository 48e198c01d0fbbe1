"""Heights and speeds of legs: always flyable, on any route, for any draw."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from flightlib.sky import PRESETS
from flightlib.sky.hashing import root, split, uniform
from flightlib.sky.network import network
from flightlib.sky.paths import between, legs_along
from flightlib.sky.profile import CRUISE, CRUISE_END, Legs, Profiles, cruise_tas_kt, profiles

COUNT = 30_000


def fly(preset: str, seed: int) -> tuple[Legs, Profiles]:
    lines = network(preset)
    keys = split(root(seed), np.arange(COUNT))
    subfleet = lines.subfleet(uniform(keys, 101))
    a = lines.home(subfleet, uniform(keys, 102))
    b = lines.onward(subfleet, a, uniform(keys, 103))
    paths = between(lines.points[:, a], lines.points[:, b])
    legs = legs_along(lines, paths, keys, subfleet, (a, b))
    return legs, profiles(legs)


@pytest.fixture(scope="module", params=PRESETS)
def flown(request: pytest.FixtureRequest) -> tuple[Legs, Profiles]:
    return fly(request.param, 11)


def test_every_leg_fits_its_route(flown: tuple[Legs, Profiles]) -> None:
    """Time and distance only grow, a part is cruise, and the last node is the destination."""
    legs, nodes = flown
    assert (np.diff(nodes.time_s, axis=0) >= 0).all()
    assert (np.diff(nodes.distance_nm, axis=0) >= 0).all()
    cruise_nm = nodes.distance_nm[CRUISE_END] - nodes.distance_nm[CRUISE]
    assert (cruise_nm > 0.1 * legs.distance_nm).all()
    np.testing.assert_allclose(nodes.distance_nm[-1], legs.distance_nm)


def test_heights_go_up_then_down(flown: tuple[Legs, Profiles]) -> None:
    """From the origin's runway up to a whole thousand below the ceiling, down to the other's."""
    legs, nodes = flown
    np.testing.assert_array_equal(nodes.height_ft[0], legs.origin_ft)
    np.testing.assert_array_equal(nodes.height_ft[-1], legs.destination_ft)
    assert (np.diff(nodes.height_ft[: CRUISE_END + 1], axis=0) >= 0).all()
    assert (np.diff(nodes.height_ft[CRUISE_END:], axis=0) <= 0).all()
    cruise = nodes.height_ft[CRUISE : CRUISE_END + 1]
    assert (cruise % 1000 == 0).all()
    assert cruise.max() <= 41_000


def test_long_legs_climb_in_steps(flown: tuple[Legs, Profiles]) -> None:
    """Legs over 1,800 nm have two cruise levels or three, the others one."""
    legs, nodes = flown
    height = nodes.height_ft[CRUISE : CRUISE_END + 1]
    steps, seconds = np.diff(height, axis=0), np.diff(nodes.time_s, axis=0)[CRUISE:CRUISE_END]
    assert (steps[::2] == 0).all()
    assert np.isin(steps[1::2], [0, 2000]).all()
    long = legs.distance_nm > 1800
    assert (steps[:, ~long] == 0).all()
    assert long.any()
    assert (steps[1, long] == 2000).mean() > 0.9
    rate = steps[1::2][steps[1::2] > 0] / seconds[1::2][steps[1::2] > 0] * 60
    assert 500 <= rate.min() < 600 < 800 < rate.max() <= 900
    level_nm = np.diff(nodes.distance_nm, axis=0)[CRUISE:CRUISE_END:2, long & (steps[1] > 0)]
    assert (level_nm[:2] > 100).all()


def test_speed_changes_as_engines_and_wings_allow(flown: tuple[Legs, Profiles]) -> None:
    """Nobody gains or loses more than 3.5 knots a second, at high airports neither."""
    _, nodes = flown
    seconds = np.diff(nodes.time_s, axis=0)
    knots = np.abs(np.diff(nodes.speed_kt, axis=0))
    assert (knots <= 3.5 * seconds + 1e-6).all()


def test_vertical_rates_are_multiples_of_64(flown: tuple[Legs, Profiles]) -> None:
    """Every climb and descent is a whole multiple of 64 ft/min, below 4,800."""
    _, nodes = flown
    seconds = np.diff(nodes.time_s, axis=0)
    moving = (seconds > 1) & (np.abs(np.diff(nodes.height_ft, axis=0)) > 0)
    rate = np.diff(nodes.height_ft, axis=0)[moving] / seconds[moving] * 60
    assert np.abs(rate / 64 - np.round(rate / 64)).max() < 1e-3
    assert np.abs(rate).max() < 4800


def test_speeds_are_an_airliners(flown: tuple[Legs, Profiles]) -> None:
    """Between approach speed and a jet with the wind behind it; no jump where no time passes."""
    _, nodes = flown
    assert nodes.speed_kt.min() > 90
    assert nodes.speed_kt.max() < 680
    instant = np.diff(nodes.time_s, axis=0) == 0
    assert np.abs(np.diff(nodes.speed_kt, axis=0)[instant]).max() < 1e-6


def test_short_legs_stay_low() -> None:
    """The median cruise level grows with distance and levels off at the types' usual one."""
    legs, nodes = fly("us", 12)
    cruise, length = nodes.height_ft[CRUISE], legs.distance_nm
    edges = [60, 120, 200, 300, 500]
    medians = [
        np.median(cruise[(length >= low) & (length < high)]) for low, high in pairwise(edges)
    ]
    assert medians == sorted(medians)
    assert medians[0] <= 16_000
    assert medians[-1] >= 33_000


def test_true_airspeed_in_the_standard_atmosphere() -> None:
    """Mach 0.78 is 516 kt at sea level and 447 kt in the stratosphere."""
    assert cruise_tas_kt(0.78, 0.0) == pytest.approx(516, abs=0.5)
    assert cruise_tas_kt(0.78, 39_000.0) == pytest.approx(447.4, abs=0.5)
