"""The sky against real traffic: US and Europe at one instant of 2021, public statistics.

Tolerances are generous: the causes are modelled, the figures are not fitted one by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from flightlib.records import PHASES, STATUSES
from flightlib.sky import Sky

START_MS = 1_764_000_000_000


@dataclass
class Traffic:
    live: np.ndarray
    altitude: np.ndarray
    speed: np.ndarray
    vertical: np.ndarray
    heading: np.ndarray
    phase: np.ndarray
    status: np.ndarray


def watch(region: str) -> Traffic:
    """Look at a sky six times, some hours apart."""
    sky = Sky(1500, region)
    looks = [sky.at(START_MS + i * 17_137_000) for i in range(6)]
    air = [(look.phase > 0) & (look.phase < len(PHASES) - 1) for look in looks]

    def gather(name: str) -> np.ndarray:
        return np.concatenate([getattr(x, name)[a] for x, a in zip(looks, air, strict=True)])

    return Traffic(
        np.array([len(look) for look in looks]),
        gather("altitude"),
        gather("ground_speed"),
        gather("vertical_speed"),
        gather("heading"),
        gather("phase"),
        gather("status"),
    )


@pytest.fixture(scope="module")
def us() -> Traffic:
    return watch("us")


@pytest.fixture(scope="module")
def europe() -> Traffic:
    return watch("europe")


@pytest.fixture(params=["us", "europe"])
def either(request: pytest.FixtureRequest) -> Traffic:
    traffic: Traffic = request.getfixturevalue(request.param)
    return traffic


def test_live_flights_are_as_many_as_asked(either: Traffic) -> None:
    """The number of live flights stays near the number asked for, at every hour."""
    np.testing.assert_allclose(either.live, 1500, rtol=0.1)


def test_altitude_bands_in_the_us(us: Traffic) -> None:
    """Below FL100, to FL245, to FL350 and above: 12, 17, 32 and 39 % in real traffic."""
    shares = np.histogram(us.altitude, [-1000, 10_000, 24_500, 35_000, 50_000])[0] / len(
        us.altitude
    )
    np.testing.assert_allclose(shares, [0.124, 0.169, 0.315, 0.392], atol=0.07)


def test_share_above_35000_feet(us: Traffic, europe: Traffic) -> None:
    """About a third of the US traffic is above 35,000 ft, and Europe has plenty too."""
    assert (us.altitude > 35_000).mean() == pytest.approx(0.324, abs=0.06)
    assert 0.25 < (europe.altitude > 35_000).mean() < 0.5


def test_climbing_descending_level(us: Traffic) -> None:
    """19 % climb, 18 % descend and 63 % are level in real traffic, at 300 ft/min."""
    shares = [(us.vertical > 300).mean(), (us.vertical < -300).mean()]
    np.testing.assert_allclose(shares, [0.19, 0.18], atol=0.07)


def test_ground_speeds(us: Traffic) -> None:
    """Quantiles of ground speed are 177, 372, 412, 463 and 517 kt in real traffic."""
    found = np.quantile(us.speed, [0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(found, [177, 372, 412, 463, 517], rtol=0.08)


@pytest.mark.parametrize(("region", "difference"), [("us", 80), ("europe", 20)])
def test_jet_stream(region: str, difference: float, request: pytest.FixtureRequest) -> None:
    """Eastbound cruise is faster over the ground: by about 80 kt over the US, 20 over Europe."""
    traffic: Traffic = request.getfixturevalue(region)
    high = (traffic.phase == PHASES.index("CRUISE")) & (traffic.altitude > 25_000)
    east = traffic.heading < 180
    gap = np.median(traffic.speed[high & east]) - np.median(traffic.speed[high & ~east])
    assert gap == pytest.approx(difference, abs=12)


def test_levels_follow_the_direction(us: Traffic) -> None:
    """94 % of the cruising US traffic is on odd thousands eastbound, even westbound."""
    high = (us.phase == PHASES.index("CRUISE")) & (us.altitude >= 29_000)
    odd = us.altitude[high] // 1000 % 2 == 1
    assert (odd == (us.heading[high] < 180)).mean() == pytest.approx(0.94, abs=0.03)


@pytest.mark.parametrize(
    ("low", "high", "climb", "descent"),
    [
        (0, 10_000, 2240, 960),
        (10_000, 20_000, 2110, 1535),
        (20_000, 30_000, 1600, 1860),
        (30_000, 43_000, 1150, 1025),
    ],
)
def test_vertical_rates(us: Traffic, low: int, high: int, climb: float, descent: float) -> None:
    """Median climb and descent rates by band are those of real traffic."""
    band = (us.altitude >= low) & (us.altitude < high)
    up, down = us.vertical[band & (us.vertical > 300)], us.vertical[band & (us.vertical < -300)]
    assert np.median(up) == pytest.approx(climb, rel=0.15)
    assert -np.median(down) == pytest.approx(descent, rel=0.2)


def test_statuses(either: Traffic) -> None:
    """About four in five flights are on time, the diverted are rare, none in the air cancelled."""
    shares = np.bincount(either.status, minlength=4) / len(either.status)
    by_name = dict(zip(STATUSES, shares, strict=True))
    assert by_name["ON_TIME"] == pytest.approx(0.79, abs=0.07)
    assert by_name["CANCELLED"] == 0
    assert 0 < by_name["DIVERTED"] < 0.006
