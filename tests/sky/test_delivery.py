"""What disturbs the way of reports: each is lost never, true always, and pure in (seed, time)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.errors import SettingError
from flightlib.records import FlightReport, encode
from flightlib.sky import Sky, ready
from flightlib.sky.delivery import Duplicates, Garbage, Lateness, Outage, Poison, Silence, Surge

T = 1_764_000_000_000
MIDDLE = (30.0, -100.0, 45.0, -80.0)  # south, west, north, east
WORLD = (-90.0, -180.0, 90.0, 180.0)
quickly = settings(max_examples=5, deadline=None)


def stream(*steps: Any, seconds: int = 60, flights: int = 60, **options: Any) -> list[Any]:
    """The stream of a sky that is disturbed from the start."""
    sky = Sky(flights)
    sky.disturb(*steps)
    given = {"late_share": 0.0, **options}
    return list(sky.reports(T, until_ms=T + seconds * 1000, **given))


def only_reports(found: list[Any]) -> list[FlightReport]:
    """The reports among what a stream gives."""
    return [one for one in found if isinstance(one, FlightReport)]


def inside(report: FlightReport, box: tuple[float, ...] = MIDDLE) -> bool:
    """Whether a report is from a box."""
    return box[0] <= report.latitude < box[2] and box[1] <= report.longitude < box[3]


STEPS: dict[str, Callable[[], Any]] = {
    "outage": lambda: Outage(*MIDDLE, T + 10_000, T + 30_000),
    "lateness": lambda: Lateness(0.3, 20.0, T + 5_000, T + 40_000),
    "duplicates": lambda: Duplicates(0.2, T + 5_000, T + 40_000),
    "surge": lambda: Surge(4, MIDDLE, T + 5_000, T + 25_000),
    "poison": lambda: Poison(T + 15_000, 2),
}


def test_an_outage_lets_nothing_through_and_loses_nothing() -> None:
    """Nothing of the box comes while it lasts; afterwards all of it comes, and once."""
    found = only_reports(stream(STEPS["outage"]()))
    assert Counter(found) == Counter(stream())
    newest = np.maximum.accumulate([report.timestamp for report in found])
    for report, now_ms in zip(found, newest, strict=True):
        if inside(report):
            assert not T + 10_000 < now_ms < T + 30_000 - 1000


def test_an_outage_ends_in_one_burst_in_order() -> None:
    """What was held comes in one piece, with its own old timestamps, the oldest first."""
    found = only_reports(stream(STEPS["outage"]()))
    held = [i for i, r in enumerate(found) if inside(r) and T + 10_000 <= r.timestamp < T + 30_000]
    assert len(held) > 100
    assert held == list(range(held[0], held[0] + len(held)))
    stamps = [found[i].timestamp for i in held]
    assert stamps == sorted(stamps)
    assert T + 29_000 <= found[held[0] - 1].timestamp < T + 30_000 <= found[held[-1] + 1].timestamp


def test_late_reports_are_held_by_an_outage_too() -> None:
    """What is due within an outage waits for its end, whenever it was made."""
    steps = Lateness(1.0, 9.0, T, T + 10_000), Outage(*WORLD, T + 10_000, T + 30_000)
    found = stream(*steps)
    silence = [i for i, one in enumerate(found) if isinstance(one, Silence)]
    before = only_reports(found[: silence[0]])
    assert all(report.timestamp < T + 10_000 for report in before)
    after = only_reports(found[silence[-1] :])
    assert min(report.timestamp for report in after) < T + 10_000
    assert Counter(only_reports(found)) == Counter(stream())


def test_a_stream_keeps_time_while_everything_is_held() -> None:
    """An outage of everything is told as silence each tick, so that a publisher waits it out."""
    found = stream(Outage(*WORLD, T + 10_000, T + 30_000))
    silence = [one.timestamp for one in found if isinstance(one, Silence)]
    assert silence == [*range(T + 10_999, T + 30_000, 1000), T + 30_000]
    last = max(i for i, one in enumerate(found) if isinstance(one, Silence))
    assert found[last + 1].timestamp < T + 12_000


def test_an_outage_that_is_called_off_ends_at_once() -> None:
    """Calmed half way, what was held comes with the next tick, in order, and nothing is lost."""
    sky, outage = Sky(60), Outage(*WORLD, T + 10_000, T + 3_000_000)
    sky.disturb(outage)
    running = sky.reports(T, until_ms=T + 60_000, late_share=0.0)
    found = []
    for one in running:
        found.append(one)
        if isinstance(one, Silence) and one.timestamp > T + 20_000:
            sky.calm(outage)
    stamps = [report.timestamp for report in only_reports(found)]
    assert stamps == sorted(stamps)
    assert Counter(only_reports(found)) == Counter(stream())


def test_lateness_moves_a_share_and_keeps_the_timestamps() -> None:
    """About the share comes late, none by more than it says, and only of that time."""
    found = only_reports(stream(STEPS["lateness"](), flights=200))
    assert Counter(found) == Counter(stream(flights=200))
    stamps = np.array([report.timestamp for report in found])
    behind_ms = np.maximum.accumulate(stamps) - stamps
    during = (stamps >= T + 5_000) & (stamps < T + 40_000)
    assert 0.22 < (behind_ms[during] > 0).mean() < 0.38
    assert 10_000 < behind_ms.max() <= 20_000
    assert not (behind_ms[~during] > 0).any()


def test_duplicates_come_twice_and_are_equal() -> None:
    """About the share comes a second time, equal in everything, no more than 2 s later."""
    found = only_reports(stream(STEPS["duplicates"](), flights=200))
    counts = Counter(found)
    plain = Counter(stream(flights=200))
    assert counts.keys() == plain.keys()
    assert set(counts.values()) == {1, 2}
    during = [n for report, n in counts.items() if T + 5_000 <= report.timestamp < T + 40_000]
    assert 0.14 < np.mean([n == 2 for n in during]) < 0.26
    places = defaultdict(list)
    for i, report in enumerate(found):
        places[report].append(i)
    for first, *again in places.values():
        assert all(found[i].timestamp - found[first].timestamp == 0 for i in again)
        assert all(found[i - 1].timestamp <= found[first].timestamp + 3000 for i in again)


def test_a_surge_reports_as_often_as_it_says() -> None:
    """Within it each aircraft reports four times an interval, evenly; elsewhere once."""
    found = only_reports(stream(Surge(4, None, T + 5_000, T + 25_000), seconds=40))
    stamps = np.array([report.timestamp for report in found])
    assert (np.diff(stamps) >= 0).all()
    plain = np.array([report.timestamp for report in stream(seconds=40)])
    for low, high, factor in ((0, 5, 1), (5, 25, 4), (25, 40, 1)):
        span = [(s >= T + low * 1000) & (s < T + high * 1000) for s in (stamps, plain)]
        assert span[0].sum() == pytest.approx(factor * span[1].sum(), rel=0.03)
    own = defaultdict(list)
    for report in found:
        if T + 6_000 < report.timestamp < T + 24_000 and report.status != "CANCELLED":
            own[report.flight_id].append(report.timestamp)
    assert all(set(np.diff(times)) <= {250} for times in own.values())


def test_a_surge_of_a_box_leaves_the_others_alone() -> None:
    """Outside of the box nothing is added, and what is added says what the sky is then."""
    found = only_reports(stream(STEPS["surge"](), seconds=30))
    added = Counter(found) - Counter(stream(seconds=30))
    assert len(added) > 100
    assert all(inside(report) for report in added)
    sky = Sky(60)
    for report in islice(added, 5):
        now = sky.at(report.timestamp)
        i = now.flight_id.index(report.flight_id)
        assert (report.latitude, report.altitude) == (now.latitude[i], now.altitude[i])


def test_the_stronger_of_two_surges_counts() -> None:
    """Where two overlap, aircraft report as often as the stronger one says, not as both."""
    both = stream(Surge(3, MIDDLE, T, T + 20_000), Surge(5, None, T, T + 20_000), seconds=20)
    assert Counter(both) == Counter(stream(Surge(5, None, T, T + 20_000), seconds=20))


def test_poison_comes_among_the_reports_and_once() -> None:
    """Two messages that are none lie where their time is, and no report is missing."""
    found = stream(STEPS["poison"]())
    places = [i for i, one in enumerate(found) if isinstance(one, Garbage)]
    assert len(places) == 2
    assert found[places[0] - 1].timestamp < T + 15_000 <= found[places[1] + 1].timestamp
    assert Counter(only_reports(found)) == Counter(stream())


def test_poison_that_is_told_late_still_comes() -> None:
    """A stream that runs sends what was told of a moment just gone, but not what was before it."""
    sky = Sky(20)
    running = sky.reports(T, until_ms=T + 20_000, late_share=0.0)
    first = list(islice(running, 100))
    sky.disturb(Poison(first[-1].timestamp - 1500), Poison(T - 1))
    assert len([one for one in running if isinstance(one, Garbage)]) == 1


@quickly
@given(st.sets(st.sampled_from(sorted(STEPS)), min_size=1), st.integers(0, 2**32))
def test_disturbed_streams_can_be_repeated(names: set[str], seed: int) -> None:
    """The same seed, time and steps give the same stream, whatever runs beside it."""

    def disturbed() -> Iterator[Any]:
        sky = Sky(10, seed=seed)
        sky.disturb(*(STEPS[name]() for name in sorted(names)))
        return sky.reports(T, until_ms=T + 45_000)

    one, other = disturbed(), disturbed()
    next(other)
    assert list(one)[1:] == list(other)


@quickly
@given(st.sets(st.sampled_from(sorted(STEPS)), min_size=1), st.sampled_from([0.5, 2.0, 7.3]))
def test_no_report_is_lost_whatever_happens(names: set[str], interval_s: float) -> None:
    """Under any of it together, every report of the undisturbed stream is there."""
    steps = [STEPS[name]() for name in sorted(names)]
    found = only_reports(stream(*steps, seconds=45, flights=20, interval_s=interval_s))
    plain = stream(seconds=45, flights=20, interval_s=interval_s)
    assert not Counter(plain) - Counter(found)
    if not {"duplicates", "surge"} & names:
        assert len(found) == len(plain)


@pytest.mark.parametrize("part", [7, ready.PART])
def test_a_disturbed_stream_is_the_same_as_bytes(
    part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a publisher takes as bytes is what an iterator gives, poison and silence included."""
    monkeypatch.setattr(ready, "PART", part)
    steps = [make() for make in STEPS.values()] + [Outage(*WORLD, T + 32_000, T + 40_000)]
    sky = Sky(30)
    sky.disturb(*steps)
    whole = list(sky.reports(T, until_ms=T + 50_000))
    assert {type(one) for one in whole} == {FlightReport, Garbage, Silence}
    for taken in (0, 500, [type(one) for one in whole].index(Garbage)):
        running = sky.reports(T, until_ms=T + 50_000)
        first = list(islice(running, taken))
        keys, payloads, due_ms, poison = [], [], [], 0
        for batch in running.batches():
            own, sent = batch.messages(1)
            keys += own
            payloads += sent
            due_ms += batch.due_ms
            poison += len(batch.poison)
        assert due_ms == sorted(due_ms)
        assert poison == 2
        expected = [encode(o, 1) if isinstance(o, FlightReport) else o.payload for o in whole]
        assert first == whole[:taken]
        assert payloads == expected[taken:]
        assert keys == [one.flight_id.encode() for one in whole[taken:]]


def test_held_reports_are_due_when_the_outage_is_over() -> None:
    """The due times of a burst are the end of the outage, whatever its timestamps say."""
    sky = Sky(30)
    sky.disturb(Outage(*WORLD, T + 10_000, T + 30_000))
    for batch in sky.reports(T, until_ms=T + 40_000).batches():
        for due_ms, payload in zip(batch.due_ms, batch.messages(1)[1], strict=True):
            assert payload is None or not T + 10_000 <= due_ms < T + 30_000


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Outage(40, -80, 30, -70, 0, 1), "a box cannot be (40, -80, 30, -70)"),
        (lambda: Outage(30, -80, 40, -70, 5, 5), "end_ms cannot be 5; allowed: later than start"),
        (lambda: Outage(30, -80, float("nan"), -70, 0, 1), "a box cannot be"),
        (lambda: Lateness(1.5, 20, 0, 1), "share cannot be 1.5; allowed: 0 to 1"),
        (lambda: Lateness(0.5, 0, 0, 1), "most_s cannot be 0"),
        (lambda: Duplicates("half", 0, 1), "share cannot be 'half'"),
        (lambda: Surge(1, None, 0, 1), "factor cannot be 1; allowed: 2 to 20"),
        (lambda: Surge(2.5, None, 0, 1), "factor cannot be 2.5; allowed: a whole number"),
        (lambda: Surge(2, (1, 2, 3), 0, 1), "a box cannot be (1, 2, 3)"),
        (lambda: Poison(0, 0), "count cannot be 0; allowed: 1 to 1000"),
        (lambda: Poison("now"), "at_ms cannot be 'now'"),
    ],
)
def test_wrong_steps_are_refused_when_made(make: Callable[[], Any], words: str) -> None:
    """What is not allowed is named, with what is, before a stream sees it."""
    with pytest.raises(SettingError) as error:
        make()
    assert words in str(error.value)


def test_a_sky_takes_only_disturbances() -> None:
    """What is none is named, and the sky stays calm."""
    sky = Sky(5)
    with pytest.raises(SettingError, match="A disturbance cannot be 'storm'; allowed: a Storm"):
        sky.disturb("storm")
    assert sky.disturbances == ()
