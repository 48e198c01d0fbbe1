"""The sky at a time: repeatable, seekable, and flown the way aircraft fly."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from flown import covered_nm, nobody_jumps, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.errors import SettingError
from flightlib.records import PHASES, STATUSES
from flightlib.sky import PRESETS, Columns, Sky
from flightlib.sky.geodesy import bearing, distance_nm, tangent_towards, unit
from flightlib.sky.tables import airport_rows

START_MS = 1_764_000_000_000
YEAR_MS = 365 * 86_400_000
SEEDS = st.integers(0, 2**63 - 1)
TIMES = st.integers(START_MS - 30 * YEAR_MS, START_MS + 30 * YEAR_MS)
SKIES = st.builds(Sky, flights=st.integers(5, 60), preset=st.sampled_from(PRESETS), seed=SEEDS)
quickly = settings(max_examples=15, deadline=None)


def index(words: tuple[str, ...], word: str) -> int:
    return words.index(word)


CLIMB, CRUISE, DESCENT = (index(PHASES, word) for word in ("CLIMB", "CRUISE", "DESCENT"))


def airborne(columns: Columns) -> np.ndarray:
    return (columns.phase >= CLIMB) & (columns.phase <= DESCENT)


@quickly
@given(SEEDS, st.sampled_from(PRESETS), TIMES)
def test_same_seed_and_time_give_the_same_sky(seed: int, preset: str, time_ms: int) -> None:
    """Two skies of one seed agree on every figure at any time."""
    first, second = (Sky(30, preset, seed).at(time_ms) for _ in range(2))
    assert rows(first) == rows(second)


@quickly
@given(SKIES, TIMES, st.lists(st.integers(0, 4 * 86_400_000), min_size=1, max_size=5))
def test_what_was_asked_before_changes_nothing(sky: Sky, time_ms: int, jumps: list[int]) -> None:
    """Any moment looks the same after jumps there and back as it does at once."""
    fresh = rows(Sky(sky.flights, sky.preset, sky.seed).at(time_ms))
    for jump in jumps:
        sky.at(time_ms + jump)
    assert rows(sky.at(time_ms)) == fresh


@quickly
@given(SEEDS, st.sampled_from(PRESETS), TIMES)
def test_more_flights_do_not_change_the_first(seed: int, preset: str, time_ms: int) -> None:
    """A bigger sky begins with the flights of the smaller one."""
    small, big = Sky(40, preset, seed), Sky(80, preset, seed)
    slots = len(small._fleet.keys)
    assert rows(small.at(time_ms)) == rows(big.at(time_ms), below_slot=slots)


def test_different_seeds_give_different_skies() -> None:
    """Another seed is another sky."""
    assert rows(Sky(30, seed=1).at(START_MS)) != rows(Sky(30, seed=2).at(START_MS))


@quickly
@given(SKIES, TIMES, st.sampled_from([200, 1000, 10_000]))
def test_positions_are_continuous(sky: Sky, time_ms: int, step_ms: int) -> None:
    """Between two looks no aircraft moves further than its speed allows, in any direction."""
    nobody_jumps(sky, time_ms, step_ms, steps=40)


@quickly
@given(SKIES, TIMES)
def test_speed_is_what_it_covers(sky: Sky, time_ms: int) -> None:
    """In flight, distance covered in ten seconds is the reported speed, within its rounding."""
    before, after = sky.at(time_ms), sky.at(time_ms + 10_000)
    _, a, b = np.intersect1d(before.slot, after.slot, return_indices=True)
    both = airborne(before)[a] & airborne(after)[b]
    a, b = a[both], b[both]
    nm = covered_nm(before, a, after, b)
    mean_kt = (before.ground_speed[a] + after.ground_speed[b]) / 2
    np.testing.assert_allclose(nm * 360, mean_kt, atol=4)


@quickly
@given(SKIES, TIMES)
def test_headings_lead_to_the_destination(sky: Sky, time_ms: int) -> None:
    """In flight the heading is the great circle's to where the flight is going.

    Along the tracks of the North Atlantic it is so by and large.
    """
    now = sky.at(time_ms)
    least = 1 if sky.preset in ("us-domestic", "europe") else 60
    places = airport_rows()
    for i in np.flatnonzero(airborne(now)):
        label = now.labels[i]
        target = places[label.diverted_to or label.destination]
        here = unit([now.latitude[i]], [now.longitude[i]])
        end = unit([float(target["latitude"])], [float(target["longitude"])])
        if distance_nm(here, end)[0] < 10:
            continue
        wanted = bearing(here, tangent_towards(here, end))[0]
        assert abs((now.heading[i] - wanted + 180) % 360 - 180) < least


@quickly
@given(SKIES, TIMES)
def test_vertical_speed_is_what_it_climbs(sky: Sky, time_ms: int) -> None:
    """Over six seconds height changes at the reported rate, within rounding and jitter."""
    before, after = sky.at(time_ms), sky.at(time_ms + 6_000)
    _, a, b = np.intersect1d(before.slot, after.slot, return_indices=True)
    rate = (after.altitude[b] - before.altitude[a]) * 10
    low = np.minimum(before.vertical_speed[a], after.vertical_speed[b])
    high = np.maximum(before.vertical_speed[a], after.vertical_speed[b])
    # 25 ft of rounding in six seconds are 250 ft/min, jitter is at most 128.
    assert (rate >= low - 128 - 250).all()
    assert (rate <= high + 128 + 250).all()


@quickly
@given(SKIES, TIMES)
def test_figures_come_in_the_transponders_steps(sky: Sky, time_ms: int) -> None:
    """Altitudes are multiples of 25 ft, rates of 64 ft/min, cruise level but for its steps."""
    now = sky.at(time_ms)
    assert (now.altitude % 25 == 0).all()
    assert (now.vertical_speed % 64 == 0).all()
    cruise = now.phase == CRUISE
    level = cruise & (now.vertical_speed == 0)
    assert (now.altitude[level] % 1000 == 0).all()
    step = now.vertical_speed[cruise & ~level]
    assert ((step >= 500 - 128) & (step <= 900 + 128)).all()
    assert ((now.heading >= 0) & (now.heading < 360)).all()
    assert ((now.progress_percent >= 0) & (now.progress_percent <= 100)).all()


@quickly
@given(SKIES, TIMES)
def test_registrations_and_flights_are_unique(sky: Sky, time_ms: int) -> None:
    """No two live aircraft share a flight or a registration."""
    now = sky.at(time_ms)
    marks = [label.registration for label in now.labels if label.registration]
    assert len(set(marks)) == len(marks)
    assert len(set(now.flight_id)) == len(now)


@pytest.mark.parametrize("preset", PRESETS)
def test_registrations_are_unique_in_the_largest_sky(preset: str) -> None:
    """Every aircraft of a sky of 100,000 flights has a registration of its own."""
    marks = Sky(100_000, preset)._fleet.registrations
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("preset", PRESETS)
def test_the_cancelled_never_fly(preset: str) -> None:
    """Cancelled flights are told about at a gate, at zero speed, and never seen in the air."""
    sky, seen, flown = Sky(150, preset, seed=3), set(), set()
    for minute in range(10 * 60):
        now = sky.at(START_MS + minute * 60_000)
        cancelled = now.status == index(STATUSES, "CANCELLED")
        assert (now.ground_speed[cancelled] == 0).all()
        assert (now.phase[cancelled] == index(PHASES, "TAXI")).all()
        seen |= {label.flight_id for label in now.labels[cancelled]}
        flown |= {label.flight_id for label in now.labels[~cancelled]}
    assert len(seen) > 2
    assert not seen & flown


def follow(sky: Sky, hours: float, step_s: int = 30) -> dict[int, list[tuple[Any, ...]]]:
    """What each aircraft does: (label, phase, status, altitude) at every step it is seen."""
    lives: dict[int, list[tuple[Any, ...]]] = {}
    for step in range(int(hours * 3600 / step_s)):
        now = sky.at(START_MS + step * step_s * 1000)
        parts = (now.slot.tolist(), now.labels, now.phases, now.statuses, now.altitude.tolist())
        for slot, *row in zip(*parts, strict=True):
            lives.setdefault(slot, []).append(tuple(row))
    return lives


def test_lives_go_through_the_phases_in_order() -> None:
    """A flight taxis, climbs, cruises, descends and lands; the next leaves from where it landed."""
    order = {phase: number for number, phase in enumerate(PHASES)}
    for life in follow(Sky(60, seed=5), hours=12).values():
        flights = [row for row in life if row[2] not in ("CANCELLED", "DIVERTED")]
        for before, after in pairwise(flights):
            same = before[0].flight_id == after[0].flight_id
            if same and before[0].origin == after[0].origin:
                assert order[after[1]] >= order[before[1]]
            elif not same and before[0].registration == after[0].registration:
                assert after[0].callsign[:3] == before[0].callsign[:3]
                assert after[0].origin == before[0].destination


@pytest.mark.parametrize("preset", PRESETS)
def test_the_diverted_go_elsewhere_and_come_back(preset: str) -> None:
    """A diverted flight keeps its id, lands at another airport and flies on from there."""
    turned = 0
    for life in follow(Sky(600, preset, seed=7), hours=6, step_s=240).values():
        away = [row[0] for row in life if row[2] == "DIVERTED"]
        for label in away[:1]:
            turned += 1
            assert label.diverted_to not in (None, label.origin, label.destination)
            same = [row[0] for row in life if row[0].flight_id == label.flight_id]
            assert {x.registration for x in same} == {label.registration}
            onward = [x for x in same if x.origin == label.diverted_to]
            assert all(x.destination == label.destination for x in onward)
    assert turned >= 2


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"flights": 0}, "flights cannot be 0; allowed: 5 to 100,000"),
        ({"flights": 4}, "flights cannot be 4"),
        ({"flights": 100_001}, "flights cannot be 100001"),
        ({"flights": 10.5}, "flights cannot be 10.5"),
        ({"flights": True}, "flights cannot be True"),
        ({"flights": "many"}, "flights cannot be 'many'"),
        ({"preset": "mars"}, "preset cannot be 'mars'; allowed: us-domestic, europe, "),
        ({"preset": None}, "preset cannot be None; allowed: us-domestic, europe, "),
        ({"seed": "seven"}, "seed cannot be 'seven'"),
        ({"seed": -1}, "seed cannot be -1"),
        ({"seed": 1.0}, "seed cannot be 1.0"),
    ],
)
def test_wrong_arguments_are_refused(given_: dict[str, Any], words: str) -> None:
    """A wrong argument gives one line: what was given and what is allowed."""
    with pytest.raises(SettingError) as error:
        Sky(**given_)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("time_ms", [-1, 1.5, "now", 10**15, None])
def test_wrong_times_are_refused(time_ms: Any) -> None:
    """A time is whole milliseconds since 1970, before 2200."""
    with pytest.raises(SettingError, match="time_ms cannot be"):
        Sky(5).at(time_ms)


@pytest.mark.parametrize("time_ms", [0, START_MS, 7_258_118_399_999])
def test_any_time_has_a_sky(time_ms: int) -> None:
    """From 1970 to 2200 there is traffic, and cheaply: no walking there."""
    assert len(Sky.busy(time_ms, 50).at(time_ms)) > 25


def test_a_sky_introduces_itself() -> None:
    """The repr says what the sky is made of, in one line."""
    text = repr(Sky(100, "europe", seed=3))
    assert text.startswith("Sky(flights=100, preset='europe', seed=3): ")
    assert "airports" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("preset", "times"), [("us", 1.7), ("europe", 1.7), ("world", 3.2), ("north-atlantic", 3.6)]
)
def test_a_sky_has_as_many_aircraft_as_it_says(preset: str, times: float) -> None:
    """The docstring tells how many aircraft there are for each flight that reports."""
    assert str(times) in str(Sky.__doc__)
    assert round(len(Sky(1500, preset).fleet.keys) / 1500, 1) == times
