"""Disturbances: they change what comes after them, as aircraft fly, and nothing before."""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import Any

import numpy as np
import pytest
from flown import nobody_jumps, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.errors import SettingError
from flightlib.records import PHASES
from flightlib.sky import PRESETS, Columns, Sky, airports
from flightlib.sky.disturb import GroundDelay, Holding, Storm
from flightlib.sky.geodesy import distance_nm, unit
from flightlib.sky.hops import MOST_HOPS
from flightlib.sky.itinerary import TAXI_OUT_MIN

HOUR_MS = 3_600_000
START_MS = 1_764_000_000_000
TIMES = st.integers(START_MS, START_MS + 10**11)
quickly = settings(max_examples=8, deadline=None)


def happenings(preset: str) -> st.SearchStrategy[Any]:
    """Disturbances near the busy airports of a preset, that begin within six hours of START_MS."""
    places = st.sampled_from(airports(preset)[:12])
    starts = st.integers(START_MS, START_MS + 6 * HOUR_MS)
    lasts = st.integers(600_000, 5 * HOUR_MS)
    times = st.tuples(starts, lasts).map(lambda x: (x[0], x[0] + x[1]))
    called_off = st.none() | st.integers(0, 3 * HOUR_MS)
    delays = st.builds(
        lambda p, t, m, off: GroundDelay(p.code, *t, m, None if off is None else t[0] + off),
        places,
        times,
        st.floats(1, 120),
        called_off,
    )
    holds = st.builds(
        lambda p, t, laps: Holding(p.code, *t, laps), places, times, st.integers(1, 6)
    )
    storms = st.builds(
        lambda p, t, r, track, kt, off: Storm(
            p.latitude, p.longitude + 2, r, track, kt, *t, None if off is None else t[0] + off
        ),
        places,
        times,
        st.floats(20, 200),
        st.floats(0, 360),
        st.floats(0, 60),
        called_off,
    )
    return delays | holds | storms


@st.composite
def skies(draw: st.DrawFn) -> Sky:
    preset = draw(st.sampled_from(PRESETS))
    sky = Sky(draw(st.integers(20, 120)), preset, draw(st.integers(0, 2**63 - 1)))
    sky.disturb(*draw(st.lists(happenings(preset), min_size=1, max_size=4)))
    return sky


SOON = st.integers(START_MS, START_MS + 10 * HOUR_MS)


def again(sky: Sky, flights: int | None = None) -> Sky:
    """The same sky, disturbed alike, that nobody has asked yet."""
    other = Sky(flights or sky.flights, sky.preset, sky.seed)
    other.disturb(*reversed(sky.disturbances))
    return other


def pairs(sky: Sky, time_ms: int, step_ms: int) -> tuple[Columns, np.ndarray, Columns, np.ndarray]:
    """Two pictures, and which rows of them are the same flight in the air in both."""
    before, after = sky.at(time_ms), sky.at(time_ms + step_ms)
    _, a, b = np.intersect1d(before.slot, after.slot, return_indices=True)
    air = [(x.phase > 0) & (x.phase < len(PHASES) - 1) for x in (before, after)]
    keep = air[0][a] & air[1][b]
    return before, a[keep], after, b[keep]


def places(columns: Columns, rows: Any = slice(None)) -> np.ndarray:
    return unit(columns.latitude[rows], columns.longitude[rows])


@quickly
@given(skies(), st.integers(0, 3), st.floats(0, 1))
def test_nothing_changes_before_its_start(sky: Sky, number: int, share: float) -> None:
    """Before a disturbance starts, the sky is as it is without that disturbance."""
    told = sky.disturbances
    one = told[number % len(told)]
    without = again(sky)
    without.calm(one)
    for time_ms in (START_MS + round((one.start_ms - START_MS) * share), one.start_ms - 1):
        assert rows(sky.at(time_ms)) == rows(without.at(time_ms))


@quickly
@given(skies(), st.sampled_from([0.0, 0.3, 1.0]))
def test_what_is_called_off_moves_nobody(sky: Sky, share: float) -> None:
    """Until a storm or a delay is called off, and at that moment, the sky is as if it were not."""
    for one in sky.disturbances:
        if not isinstance(one, Holding):
            off_ms = one.start_ms + round((one.end_ms - one.start_ms) * 0.7)
            whole, calmed = again(sky), again(sky)
            whole.disturb(dataclasses.replace(one, called_off_ms=None), instead_of=(one,))
            calmed.disturb(dataclasses.replace(one, called_off_ms=off_ms), instead_of=(one,))
            time_ms = one.start_ms + round((off_ms - one.start_ms) * share)
            assert rows(whole.at(time_ms)) == rows(calmed.at(time_ms))


def test_a_delay_called_off_lets_nobody_appear_on_the_way() -> None:
    """Who is seen first after a delay was called off taxis as long as anybody before it lifts."""
    sky, step_ms = Sky(2000), 20_000
    delay = GroundDelay("KATL", START_MS, START_MS + HOUR_MS, 45)
    off_ms = START_MS + 40 * 60_000
    sky.disturb(delay)
    kept, before = rows(sky.at(off_ms)), {label.flight_id for label in sky.at(off_ms).labels}
    sky.disturb(dataclasses.replace(delay, called_off_ms=off_ms), instead_of=(delay,))
    assert rows(sky.at(off_ms)) == kept
    seen: dict[str, int] = {}
    taxied: list[int] = []
    for time_ms in range(off_ms, off_ms + HOUR_MS, step_ms):
        now = sky.at(time_ms)
        for label, phase in zip(now.labels, now.phase.tolist(), strict=True):
            if label.origin == "KATL" and label.flight_id not in before:
                began = seen.setdefault(label.flight_id, time_ms)
                if phase > 0:
                    taxied.append(time_ms - began)
                    before.add(label.flight_id)
    assert len(taxied) > 20
    assert min(taxied) >= TAXI_OUT_MIN[0] * 60_000 - step_ms


def test_a_delay_called_off_keeps_nobody_else() -> None:
    """After it was called off, flights are late by less than had it gone on to its end."""
    delay = GroundDelay("KATL", START_MS, START_MS + 3 * HOUR_MS, 60)
    total = []
    for one in (delay, dataclasses.replace(delay, called_off_ms=START_MS + HOUR_MS)):
        sky = Sky(800)
        sky.disturb(one)
        labels = sky.at(START_MS + 4 * HOUR_MS).labels
        total.append(sum(label.departure_delay or 0 for label in labels))
    assert total[1] < 0.9 * total[0]


def test_of_equal_ones_one_goes_for_each_that_is_replaced() -> None:
    """Two that are equal were told twice, so taking the place of one leaves the other."""
    sky, one = Sky(20), GroundDelay("KATL", START_MS, START_MS + HOUR_MS, 60)
    sky.disturb(one, one)
    sky.disturb(instead_of=(one,))
    assert sky.disturbances == (one,)
    sky.disturb(instead_of=(one, one))
    assert sky.disturbances == ()


def test_there_is_no_room_for_more_hops_than_are_planned() -> None:
    """A block whose every hop is real gets a table as wide as a plan, and no wider."""
    sky = Sky(20)
    before = rows(sky.at(START_MS))
    sky._cursor._widen(MOST_HOPS + 1)
    assert sky._cursor._hops.begin.shape[1] == MOST_HOPS
    assert rows(sky.at(START_MS + 1)) == rows(Sky(20).at(START_MS + 1))
    assert rows(sky.at(START_MS)) == before


@quickly
@given(skies(), st.data())
def test_a_late_word_moves_nobody(sky: Sky, data: st.DataObject) -> None:
    """A sky told of something from now on, while it is followed, goes on from where it is."""
    now_ms = data.draw(SOON)
    before = rows(sky.at(now_ms))
    one = data.draw(happenings(sky.preset))
    sky.disturb(dataclasses.replace(one, start_ms=now_ms + 1, end_ms=now_ms + 2 * HOUR_MS))
    assert rows(sky.at(now_ms)) == before
    later = data.draw(st.integers(now_ms, now_ms + 3 * HOUR_MS))
    assert rows(sky.at(later)) == rows(again(sky).at(later))


@quickly
@given(skies(), SOON, st.lists(st.integers(-HOUR_MS, 40 * HOUR_MS), min_size=1, max_size=4))
def test_what_was_asked_before_changes_nothing(sky: Sky, time_ms: int, jumps: list[int]) -> None:
    """Any moment of a disturbed sky looks the same after jumps there and back."""
    fresh = rows(again(sky).at(time_ms))
    for jump in jumps:
        sky.at(time_ms + jump)
    assert rows(sky.at(time_ms)) == fresh


@quickly
@given(skies(), SOON)
def test_more_flights_do_not_change_the_first(sky: Sky, time_ms: int) -> None:
    """A bigger sky, disturbed alike, begins with the flights of the smaller one."""
    big = again(sky, flights=sky.flights + 50)
    assert rows(sky.at(time_ms)) == rows(big.at(time_ms), len(sky._fleet.keys))


@quickly
@given(skies(), SOON, st.sampled_from([1000, 10_000]))
def test_nobody_jumps(sky: Sky, time_ms: int, step_ms: int) -> None:
    """Nobody moves further than its speed allows, on the ground or in the air."""
    nobody_jumps(sky, time_ms, step_ms, steps=12)


@quickly
@given(skies(), SOON)
def test_figures_are_those_of_the_way_flown(sky: Sky, time_ms: int) -> None:
    """Ground speed is what is covered, heading turns by 4 degrees a second at most."""
    for minute in range(0, 60, 10):
        before, a, after, b = pairs(sky, time_ms + minute * 60_000, 2000)
        nm = distance_nm(places(before, a), places(after, b))
        mean_kt = (before.ground_speed[a] + after.ground_speed[b]) / 2
        # Two seconds of a turn are a chord; a coordinate is rounded to a metre or so.
        # A flight that turns away to an alternate does so at once.
        same = before.status[a] == after.status[b]
        np.testing.assert_allclose(nm[same] * 1800, mean_kt[same], atol=6)
        turned = (after.heading[b] - before.heading[a] + 180) % 360 - 180
        assert (np.abs(turned[same]) <= 8 + 0.8).all()


def test_a_storm_is_flown_around() -> None:
    """Who has the room keeps out of a storm, and the sky is as it was when the storm is over."""
    storm = Storm(36.5, -94.0, 80, 60, 30, START_MS, START_MS + 4 * HOUR_MS)
    calm, sky = Sky(1500), Sky(1500)
    sky.disturb(storm)
    crossed = inside = 0
    for minute in range(50, 200, 10):
        time_ms = START_MS + minute * 60_000
        gone = storm.speed_kt * minute / 60
        with_it, without = sky.at(time_ms), calm.at(time_ms)
        middle = _along(storm, gone)
        crossed += _inside(without, middle, storm.radius_nm)
        inside += _inside(with_it, middle, storm.radius_nm)
    assert crossed > 50
    assert inside <= 0.02 * crossed
    assert rows(sky.at(START_MS + 8 * HOUR_MS)) == rows(calm.at(START_MS + 8 * HOUR_MS))


def _along(storm: Storm, miles: float) -> np.ndarray:
    from flightlib.sky.storms import centre

    return centre(storm, np.array([storm.start_ms + miles / storm.speed_kt * HOUR_MS]))


def _inside(columns: Columns, middle: np.ndarray, radius_nm: float) -> int:
    """Count flights within a circle whose airports are a diameter away from its edge, or more."""
    spots = {a.code: unit([a.latitude], [a.longitude]) for a in airports("us")}
    count = 0
    for i in np.flatnonzero(distance_nm(places(columns), middle) < radius_nm):
        ends = [spots[columns.labels[i].origin], spots[columns.labels[i].destination]]
        count += min(distance_nm(end, middle)[0] for end in ends) > 3 * radius_nm
    return count


def test_a_ground_delay_is_handed_on() -> None:
    """Flights of the airport leave late, and so do later legs of the same aircraft elsewhere."""
    delay = GroundDelay("KATL", START_MS, START_MS + 3 * HOUR_MS, 60)
    calm, sky = Sky(800), Sky(800)
    sky.disturb(delay)
    own: list[int] = []
    elsewhere: list[int] = []
    for minute in range(30, 12 * 60, 15):
        time_ms = START_MS + minute * 60_000
        usual = {x.flight_id: x for x in calm.at(time_ms).labels}
        for label in sky.at(time_ms).labels:
            if label.flight_id in usual and label.departure_delay is not None:
                more = label.departure_delay - usual[label.flight_id].departure_delay
                here = "KATL" in (label.origin, label.destination)
                (own if here else elsewhere).append(more)
                assert more >= 0
    assert max(own) >= 30 * 60
    assert sum(more > 600 for more in elsewhere) > 20
    looks = [START_MS + h * HOUR_MS for h in (2, 3, 4)]
    late = [sum((s.at(t).status == 1).sum() for t in looks) for s in (calm, sky)]
    assert late[1] > late[0] * 1.05


def test_holding_flies_racetracks() -> None:
    """Arrivals circle to the right, level, 20 to 60 nm out, at heights of their own."""
    hold = Holding("KATL", START_MS, START_MS + 3 * HOUR_MS, 3)
    sky = Sky(2500)
    sky.disturb(hold)
    atlanta = next(a for a in airports("us") if a.code == "KATL")
    home = unit([atlanta.latitude], [atlanta.longitude])
    turned: dict[str, float] = {}
    heights: dict[str, set[int]] = {}
    before = None
    for step in range(0, 60 * 60, 20):
        now = sky.at(START_MS + HOUR_MS + step * 1000)
        mine = [x.destination == "KATL" for x in now.labels] & (now.phase == 3)
        away = distance_nm(places(now), home)
        level = mine & (now.vertical_speed == 0) & (away > 18)
        seen = {now.labels[i].flight_id: now.heading[i] for i in np.flatnonzero(level)}
        for i in np.flatnonzero(level):
            name = now.labels[i].flight_id
            if before and name in before:
                turned[name] = turned.get(name, 0) + (seen[name] - before[name] + 180) % 360 - 180
                if abs(seen[name] - before[name]) > 40:
                    heights.setdefault(name, set()).add(int(now.altitude[i]))
                    assert away[i] < 70
        before = seen
    laps = [round(turned[name] / 360) for name in heights]
    assert len(laps) > 10
    assert set(laps) <= {0, 1, 2, 3}
    assert sum(lap > 0 for lap in laps) > 8
    assert all(len(levels) == 1 for levels in heights.values())
    assert len({min(levels) for levels in heights.values()}) > 6
    assert all(7_000 < min(levels) < 17_000 for levels in heights.values())


def test_everybody_is_home_in_time() -> None:
    """However disturbed, no aircraft is late for the end of its three days."""
    sky = Sky(600)
    for airport in airports("us")[:40]:
        sky.disturb(GroundDelay(airport.code, START_MS, START_MS + 60 * HOUR_MS, 240))
        sky.disturb(Holding(airport.code, START_MS, START_MS + 60 * HOUR_MS, 8))
    sky.at(START_MS + 40 * HOUR_MS)
    table = sky._cursor._hops
    real = table.begin < 72 * HOUR_MS
    assert (table.until[real] < 72 * HOUR_MS).all()
    assert (np.diff(table.until, axis=1) >= 0).all()
    assert (table.hold_ms > 0).sum() > 100


def test_streams_hear_of_it() -> None:
    """A stream that runs already follows a disturbance, and one taken back is as never said."""
    calm, sky = Sky(60), Sky(60)
    stream = sky.reports(START_MS, interval_s=60.0, late_share=0.0)
    first = [next(stream) for _ in range(60)]
    assert first == list(islice(calm.reports(START_MS, 60.0, late_share=0.0), 60))
    now_ms = first[-1].timestamp
    for airport in airports("us")[:60]:
        sky.disturb(GroundDelay(airport.code, now_ms + 120_000, now_ms + 9 * HOUR_MS, 90))
    found = {r.flight_id: r.departure_delay for r in islice(stream, 15_000)}
    usual = {x.flight_id: x for x in calm.at(now_ms + 3 * HOUR_MS).labels}
    late = [found[k] > v.departure_delay for k, v in usual.items() if found.get(k) is not None]
    assert sum(late) > 10
    sky.calm()
    assert rows(sky.at(now_ms + 3 * HOUR_MS)) == rows(calm.at(now_ms + 3 * HOUR_MS))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: GroundDelay("KATX", 0, 1, 5), "airport cannot be 'KATX'"),
        (lambda: GroundDelay("KATL", 0, 0, 5), "end_ms cannot be 0; allowed: 1 to"),
        (lambda: GroundDelay("KATL", -1, 9, 5), "start_ms cannot be -1"),
        (lambda: GroundDelay("KATL", 0, 9, 500), "minutes cannot be 500; allowed: 1 to 240"),
        (lambda: GroundDelay("KATL", 0, 9, 5, "now"), "called_off_ms cannot be 'now'; allowed: wh"),
        (lambda: Holding("KATL", 0, 9, 0), "laps cannot be 0; allowed: 1 to 8"),
        (lambda: Holding("KATL", 0, 9, 1.5), "laps cannot be 1.5; allowed: whole numbers"),
        (lambda: Storm(91, 0, 50, 0, 0, 0, 9), "latitude cannot be 91; allowed: -90 to 90"),
        (lambda: Storm(0, 0, "big", 0, 0, 0, 9), "radius_nm cannot be 'big'; allowed: 5 to 300"),
        (lambda: Sky(5).disturb(Holding("EDDF", 0, 9, 1)), "airport cannot be 'EDDF'"),
    ],
)
def test_wrong_disturbances_are_refused(make: Any, words: str) -> None:
    """A wrong argument gives one line: what was given and what is allowed."""
    with pytest.raises(SettingError) as error:
        make()
    assert words in str(error.value)
    assert "\n" not in str(error.value)
