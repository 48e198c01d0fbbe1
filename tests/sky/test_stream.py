"""The stream of reports: even, complete, in order of publication, true at any speed."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.errors import SettingError
from flightlib.records import FlightReport, decode, encode
from flightlib.sky import PRESETS, Sky
from flightlib.sky.geodesy import distance_nm, unit

START_MS = 1_764_000_000_000
quickly = settings(max_examples=15, deadline=None)


def span(sky: Sky, seconds: float, **options: Any) -> list[FlightReport]:
    start_ms = options.pop("start_ms", START_MS)
    return list(sky.reports(start_ms, until_ms=start_ms + round(seconds * 1000), **options))


@quickly
@given(st.integers(0, 2**63 - 1), st.sampled_from(PRESETS), st.integers(0, 4 * 10**12))
def test_a_stream_can_be_repeated(seed: int, preset: str, start_ms: int) -> None:
    """The same seed, start and interval give equal reports in equal order."""
    first, second = (span(Sky(20, preset, seed), 20, start_ms=start_ms) for _ in range(2))
    assert first == second


@quickly
@given(st.integers(0, 2**32), st.floats(0.5, 10))
def test_reports_agree_with_the_sky_at_their_time(seed: int, interval_s: float) -> None:
    """Whatever the interval, a report says what the sky is at its timestamp."""
    sky = Sky(10, seed=seed)
    for report in span(sky, 3 * interval_s, interval_s=interval_s):
        now = sky.at(report.timestamp)
        i = now.flight_id.index(report.flight_id)
        assert (report.latitude, report.longitude) == (now.latitude[i], now.longitude[i])
        assert (report.altitude, report.heading) == (now.altitude[i], now.heading[i])
        assert (report.ground_speed, report.status) == (now.ground_speed[i], now.statuses[i])


@pytest.mark.parametrize(
    ("preset", "digest"),
    [
        ("us-domestic", "fde04453173890fd"),
        ("europe", "ec045e13b5287282"),
        ("north-atlantic", "cec4646661165361"),
        ("world", "b5263414469517b8"),
    ],
)
def test_reports_are_the_same_on_every_machine(preset: str, digest: str) -> None:
    """The bytes are pinned: another Python, numpy or processor that gives others fails here."""
    found = hashlib.sha256()
    for start_ms in (0, START_MS):
        for report in span(Sky(200, preset), 3, start_ms=start_ms):
            found.update(encode(report, 1))
    assert found.hexdigest()[:16] == digest


def test_a_later_start_joins_the_same_stream() -> None:
    """A stream started later is the rest of the one started earlier."""
    sky = Sky(40)
    whole = span(sky, 60, late_share=0.0)
    rest = span(sky, 60 - 17.3, late_share=0.0, start_ms=START_MS + 17_300)
    assert [r for r in whole if r.timestamp >= START_MS + 17_300] == rest


def test_more_flights_do_not_change_the_first_reports() -> None:
    """The reports of a smaller sky are among those of a bigger one."""
    small, big = span(Sky(30), 30), span(Sky(60), 30)
    assert set(small) <= set(big)


def test_every_flight_reports_once_an_interval() -> None:
    """Live flights report steadily, at their own moment in every interval."""
    times = defaultdict(list)
    for report in span(Sky(50), 100, interval_s=5.0, late_share=0.0):
        if report.status != "CANCELLED":
            times[report.flight_id].append(report.timestamp)
    assert len(times) > 35
    for stamps in times.values():
        assert set(np.diff(stamps)) <= {5000}


def test_the_stream_is_even() -> None:
    """Reports are spread over the interval, not sent in bursts."""
    reports = span(Sky(2000), 10, interval_s=10.0, late_share=0.0)
    per_second = Counter((report.timestamp - START_MS) // 1000 for report in reports)
    assert len(per_second) == 10
    assert min(per_second.values()) > 0.7 * max(per_second.values())


def test_reports_come_about_as_many_as_flights() -> None:
    """A sky of 1,000 flights gives about 1,000 reports an interval."""
    assert len(span(Sky(1000), 1)) == pytest.approx(1000, rel=0.1)


def test_reports_come_in_order_but_for_the_late() -> None:
    """Without late reports, timestamps never go back."""
    stamps = [report.timestamp for report in span(Sky(100), 30, late_share=0.0)]
    assert stamps == sorted(stamps)


def test_late_reports_come_up_to_twenty_seconds_late() -> None:
    """About 2 % of the reports are overtaken, none by more than 20 s, and none is lost."""
    sky = Sky(300)
    reports = span(sky, 120)
    newest = np.maximum.accumulate([report.timestamp for report in reports])
    behind_ms = newest - [report.timestamp for report in reports]
    assert 0.012 < (behind_ms > 100).mean() < 0.03
    assert 10_000 < behind_ms.max() <= 20_000
    assert set(reports) == set(span(sky, 120, late_share=0.0))


def test_a_cancelled_flight_reports_once() -> None:
    """However often flights report, a cancelled one does once, before it should have left."""
    for interval_s in (20.0, 60.0):
        reports = span(Sky(300, seed=3), 3600, interval_s=interval_s)
        told = Counter(r.flight_id for r in reports if r.status == "CANCELLED")
        assert set(told.values()) == {1}
        for report in reports:
            if report.status == "CANCELLED":
                assert report.scheduled_off is not None
                assert report.timestamp <= report.scheduled_off
                assert report.registration is report.actual_off is report.estimated_on is None


def test_speed_passes_an_hour_in_a_minute() -> None:
    """At speed 60, aircraft cover sixty times the ground and still report their true speed."""
    tracks: dict[str, list[FlightReport]] = defaultdict(list)
    for report in span(Sky(60), 10, speed=60.0, late_share=0.0):
        tracks[report.flight_id].append(report)
    cruising = [t for t in tracks.values() if all(r.phase == "CRUISE" for r in t) and len(t) > 4]
    assert len(cruising) > 5
    for track in cruising:
        first, last = track[0], track[-1]
        nm = distance_nm(
            unit([first.latitude], [first.longitude]), unit([last.latitude], [last.longitude])
        )[0]
        hours = (last.timestamp - first.timestamp) / 3_600_000
        assert nm / hours / 60 == pytest.approx(first.ground_speed, rel=0.02)
        assert first.ground_speed < 640


def test_times_of_a_flight_are_on_the_readers_clock() -> None:
    """At any speed a flight has left before it is seen in the air and lands after that."""
    for speed in (1.0, 60.0):
        for report in span(Sky(100), 5, speed=speed, late_share=0.0):
            if report.phase in ("CLIMB", "CRUISE", "DESCENT"):
                assert report.actual_off is not None
                assert report.estimated_on is not None
                assert report.actual_off <= report.timestamp <= report.estimated_on
            if report.phase == "TAXI":
                assert report.actual_off is None


def test_statuses_follow_the_delay() -> None:
    """DELAYED is an expected arrival 15 minutes late or more, ON_TIME one less late."""
    for report in span(Sky(500), 2):
        if report.status in ("ON_TIME", "DELAYED"):
            assert report.arrival_delay is not None
            assert (report.status == "DELAYED") == (report.arrival_delay >= 900)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_report_fits_the_record(preset: str) -> None:
    """Reports encode and decode to themselves, and carry plain Python values."""
    for report in span(Sky(300, preset), 3):
        assert FlightReport(**decode(encode(report, 1))) == report


def test_a_stream_does_not_end_by_itself() -> None:
    """Without an end there is always a next report."""
    assert len(list(islice(Sky(5).reports(START_MS), 500))) == 500


def test_streams_do_not_disturb_each_other() -> None:
    """Two streams and a look at the sky in between give what each gives alone."""
    sky = Sky(20)
    alone = list(islice(sky.reports(START_MS), 300))
    a, b = sky.reports(START_MS), sky.reports(START_MS + 50 * 3_600_000)
    mixed = []
    for i in range(300):
        mixed.append(next(a))
        next(b)
        sky.at(START_MS + i // 60 * 60_000_000)
    assert mixed == alone


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"interval_s": 0}, "interval_s cannot be 0; allowed: 0.1 to 60"),
        ({"interval_s": 61}, "interval_s cannot be 61"),
        ({"interval_s": float("nan")}, "interval_s cannot be nan"),
        ({"interval_s": "1"}, "interval_s cannot be '1'"),
        ({"late_share": 1.5}, "late_share cannot be 1.5; allowed: 0 to 1"),
        ({"late_share": -0.1}, "late_share cannot be -0.1"),
        ({"speed": 0}, "speed cannot be 0; allowed: 0.1 to 600"),
        ({"until_ms": "soon"}, "until_ms cannot be 'soon'"),
    ],
)
def test_wrong_options_are_refused_at_once(options: dict[str, Any], words: str) -> None:
    """A wrong option fails at the call, not at the first report."""
    with pytest.raises(SettingError) as error:
        Sky(5).reports(START_MS, **options)
    assert words in str(error.value)
