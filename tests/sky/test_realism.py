"""The sky against real traffic: public figures of the US and Europe, and the rhythm of the day."""

from __future__ import annotations

import numpy as np
import pytest

from flightlib.errors import SettingError
from flightlib.records import STATUSES
from flightlib.sky import PRESETS, Sky
from flightlib.sky import profile as profiles
from flightlib.sky.check import START_MS, Figure, check
from flightlib.sky.network import network
from flightlib.sky.rhythm import BUSY_H

HOUR_MS = 3_600_000


def at_hours(sky: Sky, first: float, last: float) -> list[int]:
    """How many fly between two local hours at the middle of a sky, four times an hour."""
    middle_h = network(sky.preset).middle_h
    hours = np.arange(first, last, 0.25) - middle_h - sky.shift_h
    return [len(sky.at(START_MS + round(hour * HOUR_MS))) for hour in hours]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_passes_its_check(preset: str) -> None:
    """No figure of a preset is further from its reference than its tolerance."""
    figures = check(Sky(900, preset))
    assert [figure for figure in figures if figure.verdict == "off"] == []
    assert len(figures) > 50


def test_a_check_gives_the_same_twice() -> None:
    """The same sky has the same figures."""
    assert check(Sky(50), hours=2) == check(Sky(50), hours=2)


def test_a_spoilt_sky_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aircraft that all climb at half the rate are found out."""
    monkeypatch.setattr(profiles, "_CLIMB_FPM", profiles._CLIMB_FPM / 2)
    off = [figure.name for figure in check(Sky(300)) if figure.verdict == "off"]
    assert any(name.startswith("climb") for name in off)


@pytest.mark.parametrize("hours", [0, -1, 241, float("nan")])
def test_wrong_hours_are_refused(hours: float) -> None:
    """Hours that are no span of some hours are named with what is allowed."""
    with pytest.raises(SettingError, match=r"hours cannot be .*; allowed: 1 to 240"):
        check(Sky(5), hours=hours)


@pytest.mark.parametrize(
    ("ours", "reference", "verdict"),
    [(10, 12, "pass"), (9, 12, "off"), (float("nan"), 12, "off"), (10, None, "-")],
)
def test_verdicts(ours: float, reference: float | None, verdict: str) -> None:
    """Within the tolerance is a pass, beyond it or unknown is off; no reference, no verdict."""
    tolerance = None if reference is None else 2.0
    assert Figure("a", ours, reference, tolerance, "").verdict == verdict


@pytest.mark.parametrize("preset", ["us", "europe"])
def test_as_many_fly_as_asked_in_the_busy_hours(preset: str) -> None:
    """From eight to twenty about as many flights are live as were asked for."""
    counts = at_hours(Sky(600, preset), *BUSY_H)
    assert np.mean(counts) == pytest.approx(600, rel=0.07)
    assert min(counts) > 0.75 * 600


@pytest.mark.parametrize("preset", ["us", "europe"])
def test_the_night_is_quiet_and_a_shift_moves_it(preset: str) -> None:
    """At three at night a tenth flies; in a sky shifted by half a day that is at fifteen."""
    night = np.mean(at_hours(Sky(600, preset), 3, 4))
    assert night < 0.15 * 600
    assert np.mean(at_hours(Sky(600, preset, shift_h=12.0), 3, 4)) == pytest.approx(night, abs=25)


@pytest.mark.parametrize("preset", ["us", "europe"])
def test_statuses(preset: str) -> None:
    """About four in five flights are on time, the diverted are rare."""
    sky = Sky(600, preset)
    looks = [sky.at(START_MS + hour * HOUR_MS) for hour in range(0, 24, 2)]
    status = np.concatenate([look.status[look.phase > 0] for look in looks])
    shares = np.bincount(status, minlength=len(STATUSES)) / len(status)
    by_name = dict(zip(STATUSES, shares, strict=True))
    assert by_name["ON_TIME"] == pytest.approx(0.79, abs=0.07)
    assert by_name["CANCELLED"] == 0
    assert 0 < by_name["DIVERTED"] < 0.008
