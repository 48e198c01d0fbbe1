"""Long flights: the tracks over the North Atlantic, the timetable, the ways around the globe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.sky import Sky
from flightlib.sky.check import START_MS
from flightlib.sky.geodesy import along, distance_nm, position, unit
from flightlib.sky.hashing import root, split
from flightlib.sky.offsets import beside
from flightlib.sky.paths import between
from flightlib.sky.sky import busy_shift_h
from flightlib.sky.tracks import (
    DAY_MS,
    SPACING_DEG,
    centres,
    crossing,
    eastbound,
    track_offsets,
)

HOUR_MS = 3_600_000
WEST = st.tuples(st.floats(25, 50), st.floats(-125, -60))
EAST = st.tuples(st.floats(36, 60), st.floats(-9, 30))


def over_ocean(sky: Sky, hour: float) -> np.ndarray:
    """The headings of those that fly over the middle of the ocean at an hour UTC."""
    now = sky.at(START_MS + round(hour * HOUR_MS))
    here = (np.abs(now.longitude + 32) < 12) & (now.latitude > 38) & (now.phase == 2)
    return now.heading[here]


@given(WEST, EAST, st.booleans())
def test_ways_over_the_ocean_cross_its_meridian(
    west: tuple[float, float], east: tuple[float, float], eastward: bool
) -> None:
    """Where a great circle crosses 30 W it is at 30 W, and it knows which way it goes."""
    a, b = (west, east) if eastward else (east, west)
    paths = between(unit([a[0]], [a[1]]), unit([b[0]], [b[1]]))
    miles, latitude = crossing(paths.start, paths.tangent, paths.length_nm)
    if np.isnan(miles[0]):
        return
    point = position(along(paths.start, paths.tangent, miles / (6371.0088 / 1.852)))
    assert point[1][0] == pytest.approx(-30, abs=1e-6)
    assert point[0][0] == pytest.approx(latitude[0], abs=1e-6)
    assert eastbound(paths.tangent)[0] == eastward


def test_tracks_are_five_to_seven_and_move_from_day_to_day() -> None:
    """Each day has its own, the westbound ones north of the eastbound ones."""
    day = np.arange(20_000, 20_200)
    east, many, _ = centres(day, np.ones(len(day), bool))
    west, _, _ = centres(day, np.zeros(len(day), bool))
    assert set(many) == {5, 6, 7}
    assert (west > east + 3).all()
    assert np.ptp(east) > 4


def test_flights_keep_to_the_tracks_of_their_day() -> None:
    """At 30 W nearly all that use tracks are on one of the day's, half a degree apart."""
    count = 400
    paths = between(unit([51.5] * count, [-0.5] * count), unit([40.6] * count, [-73.8] * count))
    off_ms = np.full(count, 20_000 * DAY_MS + 10 * HOUR_MS)
    made = track_offsets(
        paths.start, paths.tangent, paths.length_nm, split(root(3), np.arange(count)), off_ms
    )
    assert made is not None
    assert 0.7 * count < len(made.rows) < count
    middle, many, _ = centres(np.array([20_000]), np.zeros(1, bool))
    second = made.along_nm[2]  # the knots: off the circle, 20 W, 30 W and so on
    right, slope = made.at(second)
    points, _ = beside(
        paths.start[:, made.rows], paths.tangent[:, made.rows], second, right, 1.0, slope
    )
    latitude, longitude = position(points)
    np.testing.assert_allclose(longitude, -30, atol=0.01)
    place = (latitude - middle[0]) / SPACING_DEG + (many[0] - 1) / 2
    np.testing.assert_allclose(place, np.round(place), atol=0.01)
    assert len(set(np.round(place))) == many[0]


def test_the_ocean_is_crossed_westward_by_day_and_eastward_by_night() -> None:
    """At four UTC nearly all go east, at fifteen nearly all go west, a few the other way."""
    sky = Sky(500, "north-atlantic")
    night, day = over_ocean(sky, 4), over_ocean(sky, 15)
    assert min(len(night), len(day)) > 80
    assert (night < 180).mean() > 0.9
    assert (day > 180).mean() > 0.9


def test_reports_over_the_ocean_come_by_satellite_or_radio() -> None:
    """Over the ocean a report says S or O, and only there."""
    reports = list(
        Sky(400, "north-atlantic").reports(
            START_MS + 4 * HOUR_MS, until_ms=START_MS + 4 * HOUR_MS + 1000
        )
    )
    far = {r.update_type for r in reports if -45 < r.longitude < -20 and 40 < r.latitude < 60}
    near = {r.update_type for r in reports if r.longitude > -10 or r.longitude < -60}
    assert far == {"S", "O"}
    assert near <= {"A", "X", None}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 400))
def test_nobody_jumps_at_the_antimeridian_or_in_the_north(seed: int, hours: int) -> None:
    """Near 180 degrees and near the pole an aircraft is a minute later where it can be."""
    sky, time_ms = Sky(300, "world", seed), START_MS + hours * HOUR_MS
    before, after = sky.at(time_ms), sky.at(time_ms + 60_000)
    _, a, b = np.intersect1d(before.slot, after.slot, return_indices=True)
    there = (np.abs(before.longitude[a]) > 165) | (before.latitude[a] > 62)
    a, b = a[there], b[there]
    nm = distance_nm(
        unit(before.latitude[a], before.longitude[a]), unit(after.latitude[b], after.longitude[b])
    )
    same = before.flight_id, after.flight_id
    kept = [same[0][i] == same[1][j] for i, j in zip(a, b, strict=True)]
    assert (nm[kept] < 12).all()


def test_the_world_is_flown_around() -> None:
    """In a day some cross the antimeridian and some come near the pole."""
    sky = Sky(1500, "world")
    looks = [sky.at(START_MS + hour * HOUR_MS) for hour in range(0, 24, 6)]
    longitude = np.concatenate([look.longitude for look in looks])
    latitude = np.concatenate([look.latitude for look in looks])
    assert (longitude > 170).any()
    assert (longitude < -170).any()
    assert (latitude > 70).any()
    assert (latitude < -25).any()


@pytest.mark.parametrize(
    ("preset", "hour", "shift_h"),
    [("us", 6, 12), ("us", 18, 0), ("europe", 3, 12), ("europe", 12, 0), ("world", 3, 0)],
)
def test_a_busy_sky_moves_the_sun_by_night_only(preset: str, hour: int, shift_h: float) -> None:
    """When it is night in the middle of a preset, its sky is half a day ahead."""
    time_ms = START_MS + hour * HOUR_MS
    assert busy_shift_h(preset, time_ms) == shift_h
    assert Sky.busy(time_ms, 20, preset).shift_h == shift_h
