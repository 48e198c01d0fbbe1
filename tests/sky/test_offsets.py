"""Flying beside a great circle: smooth, at its true speed, on its true heading."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flightlib.records import PHASES
from flightlib.sky import PRESETS, Columns, Sky
from flightlib.sky.geodesy import bearing, distance_nm, tangent_towards, unit
from flightlib.sky.hashing import Keys, uniform
from flightlib.sky.network import Network
from flightlib.sky.offsets import MOST_KNOTS, Offsets, added, through
from flightlib.sky.paths import Paths

START_MS = 1_764_000_000_000
TIMES = st.integers(START_MS, START_MS + 10**11)
MILES = st.floats(0, 1000, allow_subnormal=False)


def bowed(network: Network, paths: Paths, keys: Keys, ends: object) -> Offsets:
    """Bow every second hop, by up to a sixth of its length, to either side and back."""
    rows = np.flatnonzero(uniform(keys, 250) < 0.5)
    length = paths.length_nm[rows]
    along = np.array([0.2, 0.35, 0.5, 0.6, 0.9])[:, None] * length
    size = (uniform(keys[rows], 251) - 0.5) * length / 6
    return through(rows, along, np.array([0.0, 1.0, 0.5, -0.5, 0.0])[:, None] * size)


@pytest.fixture
def bows(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("paths", "pieces"):
        monkeypatch.setattr(f"flightlib.sky.{module}.offsets", bowed)


quickly = settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def splines(numbers: list[float]) -> Offsets:
    """One spline through random knots, in steps of at least a mile."""
    along = np.cumsum(np.abs(numbers) + 1)[:, None]
    return through(np.zeros(1, np.int64), along, np.array(numbers)[:, None])


KNOTS = st.lists(st.floats(-80, 80, allow_subnormal=False), min_size=2, max_size=MOST_KNOTS)


@given(KNOTS, MILES)
def test_offsets_have_no_kinks(numbers: list[float], along_nm: float) -> None:
    """Offset and slope change little over a little way, anywhere, and are 0 outside."""
    spline, step = splines(numbers), 1e-4
    here, there = (spline.at(np.array([along_nm + x])) for x in (0.0, step))
    assert abs(there[0] - here[0] - here[1] * step) < 1e-4
    assert abs(there[1] - here[1]) < 0.2
    outside = [spline.at(np.array([x])) for x in (0.5, spline.along_nm[-1, 0] + 1e-6)]
    assert np.abs(outside).max() == 0


@given(KNOTS)
def test_offsets_do_not_overshoot(numbers: list[float]) -> None:
    """Between knots the offset stays between the knots' own."""
    spline = splines(numbers)
    for a in range(len(numbers) - 1):
        ends = np.sort(spline.right_nm[a : a + 2, 0])
        for share in (0.2, 0.5, 0.8):
            s = spline.along_nm[a] * (1 - share) + spline.along_nm[a + 1] * share
            right, _ = spline.at(s)
            assert ends[0] - 1e-6 <= right[0] <= ends[1] + 1e-6


@given(KNOTS, KNOTS, MILES, st.booleans())
def test_offsets_add_up(a: list[float], b: list[float], along_nm: float, same: bool) -> None:
    """The sum of two causes is exactly the one plus the other, hop by hop."""
    first, second = splines(a), splines(b)
    if not same:
        second = Offsets(np.ones(1, np.int64), second.along_nm, second.right_nm, second.slope)
    both = added(first, second)
    assert both is not None
    s = np.full(len(both.rows), along_nm)
    parts = np.array([first.at(s[:1]), second.at(s[:1])])[:, :, 0]
    wanted = parts.sum(axis=0, keepdims=True) if same else parts
    np.testing.assert_allclose(np.array(both.at(s)).T, wanted, atol=1e-9)


def paired(sky: Sky, time_ms: int, step_ms: int) -> tuple[Columns, Columns, np.ndarray, np.ndarray]:
    """Two pictures and which rows of them are the same aircraft in the same phase of flight."""
    before, after = sky.at(time_ms), sky.at(time_ms + step_ms)
    _, a, b = np.intersect1d(before.slot, after.slot, return_indices=True)
    flying = (before.phase[a] > 0) & (before.phase[a] < len(PHASES) - 1)
    same = flying & (after.phase[b] == before.phase[a])
    same &= before.status[a] == after.status[b]
    return before, after, a[same], b[same]


@pytest.mark.usefixtures("bows")
@quickly
@given(st.integers(0, 2**32), st.sampled_from(PRESETS), TIMES)
def test_figures_are_those_of_the_way_flown(seed: int, preset: str, time_ms: int) -> None:
    """Beside the circle, ground speed is what is covered and heading is where it goes."""
    before, after, a, b = paired(Sky(60, preset, seed), time_ms, 10_000)
    here = unit(before.latitude[a], before.longitude[a])
    there = unit(after.latitude[b], after.longitude[b])
    mean_kt = (before.ground_speed[a] + after.ground_speed[b]) / 2
    np.testing.assert_allclose(distance_nm(here, there) * 360, mean_kt, atol=4)
    way = bearing(here, tangent_towards(here, there))
    wrong = [(x + 180) % 360 - 180 for x in (before.heading[a] - way, after.heading[b] - way)]
    assert (np.abs(np.mean(wrong, axis=0)) < 2.5).all()


@pytest.mark.usefixtures("bows")
def test_aircraft_fly_beside_their_circles() -> None:
    """The bow moves many aircraft, by tens of miles, and leaves the others where they were."""
    bent = Sky(300).at(START_MS)
    with pytest.MonkeyPatch.context() as patch:
        for module in ("paths", "pieces"):
            patch.setattr(f"flightlib.sky.{module}.offsets", lambda *_: None)
        straight = Sky(300).at(START_MS)
    assert (bent.slot == straight.slot).all()
    nm = distance_nm(
        unit(bent.latitude, bent.longitude), unit(straight.latitude, straight.longitude)
    )
    assert 0.12 < (nm > 0.1).mean() < 0.5
    assert nm.max() > 40
    assert (bent.altitude == straight.altitude).mean() > 0.99


@pytest.mark.usefixtures("bows")
@quickly
@given(st.integers(0, 2**32), TIMES, st.integers(0, 10**9))
def test_what_was_asked_before_does_not_bend_it(seed: int, time_ms: int, jump: int) -> None:
    """Any moment looks the same after jumps there and back, bows included."""
    sky, fresh = Sky(60, seed=seed), Sky(60, seed=seed).at(time_ms)
    for step in (0, jump, 1000, 60_000):
        sky.at(time_ms + step)
    again = sky.at(time_ms)
    for name in ("slot", "latitude", "longitude", "heading", "ground_speed"):
        np.testing.assert_array_equal(getattr(again, name), getattr(fresh, name))
