"""The rhythm of the day: a clock that slows down at night and never runs ahead."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.sky.rhythm import (
    AWAKE_DAY_MIN,
    BY_HOUR,
    DAY_MIN,
    awake_min,
    busy_share,
    is_night,
    local_min,
)

MINUTES = st.floats(0, 4 * DAY_MIN)


def test_departures_by_hour_are_all_of_them() -> None:
    """The shares of the hours add up to a day."""
    assert sum(BY_HOUR) == pytest.approx(100)


@given(MINUTES)
def test_the_awake_clock_can_be_read_back(minutes: float) -> None:
    """A local time and what the awake clock shows then belong to each other."""
    assert local_min(awake_min(minutes)) == pytest.approx(minutes, abs=1e-6)


@given(MINUTES, st.floats(0, 2000))
def test_what_fits_in_awake_time_fits_in_real_time(start: float, lasts: float) -> None:
    """From any hour on, the real clock moves at least as far as the awake one."""
    assert local_min(awake_min(start) + lasts) - start >= lasts - 1e-6


@given(MINUTES)
def test_a_day_holds_the_same_awake_time_from_any_hour(start: float) -> None:
    """24 hours are as long awake, whenever they begin."""
    assert awake_min(start + DAY_MIN) - awake_min(start) == pytest.approx(AWAKE_DAY_MIN)


def test_the_clock_runs_by_day() -> None:
    """It goes nearly as fast as the real clock by day, and hardly at all at three at night."""
    assert 0.85 < busy_share() <= 1
    night = awake_min(np.array([180.0, 240.0]))
    assert night[1] - night[0] < 2


@pytest.mark.parametrize(("hour", "night"), [(12, False), (21, True), (2, True), (31.5, False)])
def test_night_is_from_nine_to_seven(hour: float, night: bool) -> None:
    """Nine in the evening and two at night are night; half past seven and noon are not."""
    assert is_night(hour) is night
