"""Playing a recording: as recorded but for the shift, steered at any moment, time never back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded import BEGIN_MS, a_sky, keep, shifted

from flightlib.errors import SettingError
from flightlib.records import FIELDS, FlightReport
from flightlib.replay import Playing, Recording, Replay
from flightlib.replay.recording import rows_from
from flightlib.replay.timeline import Timeline
from flightlib.replay.transport import LEAD_MS, Transport

Now = Callable[[], int]
quickly = settings(max_examples=50, deadline=None)


def all_of(playing: Playing, clock: Any, step_s: float = 0.2) -> list[FlightReport]:
    """Ask until it has ended, and let time pass whenever nothing is due."""
    found = []
    while not playing.ended:
        if (report := playing.take()) is not None:
            found.append(report)
        else:
            clock.go(step_s)
    return found


def some_of(playing: Playing) -> list[FlightReport]:
    """All that is due now."""
    found = []
    while (report := playing.take()) is not None:
        found.append(report)
    return found


def test_a_recording_plays_as_it_was_but_for_the_shift(
    recording: Recording, reports: list[FlightReport], clock: Any
) -> None:
    """Every report comes once, in order, equal but for its times, which all moved by as much."""
    by_ms = clock.now_ms - recording.first_ms
    played = all_of(iter(Replay(recording.path, clock_ms=clock)), clock)
    assert played == [shifted(report, by_ms) for report in reports]
    assert min(r.timestamp for r in played) == recording.first_ms + by_ms


def test_nothing_is_handed_over_long_before_it_is_due(recording: Recording, clock: Any) -> None:
    """Whoever asks gets a report a moment before its time, and None until then."""
    playing = iter(Replay(recording, speed=2.0, clock_ms=clock))
    while not playing.ended:
        report = playing.take()
        if report is None:
            clock.go(0.05)
        else:
            assert report.timestamp - clock.now_ms <= LEAD_MS


@quickly
@given(st.floats(0.1, 600.0), st.integers(0, 2 * BEGIN_MS))
def test_at_any_speed_distances_in_time_shrink_alike(speed: float, start_ms: int) -> None:
    """The oldest report is published at the start, every other as much later as it was / speed."""
    stamps = [0, 1, 999, 60_000, 3_600_000]
    line = Timeline(BEGIN_MS, start_ms, speed)
    for stamp in stamps:
        published = line.piece(BEGIN_MS + stamp).at(BEGIN_MS + stamp)
        assert published == start_ms + round(stamp / speed)
        assert abs(line.recorded_ms(published) - BEGIN_MS - stamp) <= speed + 1


def test_schedules_are_shifted_and_speeds_are_not(
    recording: Recording, reports: list[FlightReport], clock: Any
) -> None:
    """At tenfold speed an hour to the landing is six minutes; the aircraft is as fast as ever."""
    played = all_of(iter(Replay(recording, speed=10.0, clock_ms=clock)), clock)
    for before, after in zip(reports, played, strict=True):
        assert (after.ground_speed, after.departure_delay) == (
            before.ground_speed,
            before.departure_delay,
        )
        if before.estimated_on is not None:
            ahead_ms = before.estimated_on - before.timestamp
            assert after.estimated_on - after.timestamp == pytest.approx(ahead_ms / 10, abs=1)


def test_paused_it_has_nothing_and_goes_on_where_it_was(recording: Recording, clock: Any) -> None:
    """A pause moves all that follows by its length; nothing is lost, nothing comes twice."""
    replay = Replay(recording, clock_ms=clock)
    playing = iter(replay)
    clock.go(20)
    first = some_of(playing) + some_of(playing)
    replay.pause()
    replay.pause()
    held_s = replay.position_s
    clock.go(3600)
    assert (playing.take(), replay.state, replay.position_s) == (None, "paused", held_s)
    replay.resume()
    rest = all_of(playing, clock)
    assert len(first) + len(rest) == recording.rows
    on_time = [r for r in rest if r.timestamp > clock.now_ms - 3_600_000]
    assert len(on_time) > len(rest) * 0.9


def test_a_seek_back_plays_old_positions_at_new_times(recording: Recording, clock: Any) -> None:
    """After going back, the same places are reported again, later than all that was before."""
    replay = Replay(recording, clock_ms=clock)
    playing = iter(replay)
    before = []
    for _ in range(30):
        before += some_of(playing)
        clock.go(1)
    replay.seek(5.0)
    assert replay.position_s == 5.0
    after = some_of(playing)
    places = {(r.flight_id, r.latitude, r.longitude, r.altitude) for r in before}
    assert {(r.flight_id, r.latitude, r.longitude, r.altitude) for r in after} & places
    assert min(r.timestamp for r in after) > max(r.timestamp for r in before)


def test_a_seek_goes_to_seconds_or_to_a_fraction(recording: Recording, clock: Any) -> None:
    """Both name the same place; before anybody plays, that is where playing begins."""
    replay = Replay(recording, clock_ms=clock)
    replay.seek(fraction=0.5)
    assert replay.progress == pytest.approx(0.5, abs=0.01)
    replay.seek(replay.duration_s / 2)
    played = all_of(iter(replay), clock)
    half_ms = recording.first_ms + round(replay.duration_s * 500)
    rows = list(rows_from(recording.path, half_ms))
    assert 0 < len(played) == len(rows) < recording.rows
    assert min(r.timestamp for r in played) >= BEGIN_MS + 864_000_000
    assert (replay.state, replay.progress) == ("ended", 1.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda r: r.seek(-1), "seconds cannot be -1; allowed: 0 to"),
        (lambda r: r.seek(1e9), "seconds cannot be"),
        (lambda r: r.seek(fraction=1.1), "fraction cannot be 1.1; allowed: 0 to 1"),
        (lambda r: r.seek(), "seek takes seconds, or fraction"),
        (lambda r: r.seek(1, fraction=0.1), "seek takes seconds, or fraction"),
        (lambda r: setattr(r, "speed", 0), "speed cannot be 0; allowed: 0.1 to 600"),
        (lambda r: setattr(r, "speed", "fast"), "speed cannot be 'fast'"),
        (lambda r: Replay(r.recording, speed=float("nan")), "speed cannot be nan"),
        (lambda r: Replay(r.recording, start_ms="now"), "start_ms cannot be 'now'"),
    ],
)
def test_what_is_not_allowed_is_said(
    recording: Recording, call: Callable[[Replay], Any], words: str
) -> None:
    """A wrong place, speed or start is one line that names what is allowed."""
    with pytest.raises(SettingError, match=words):
        call(Replay(recording))


def test_it_loops_when_told(recording: Recording, clock: Any) -> None:
    """At the end it begins again, a second later, with later times."""
    playing = iter(Replay(recording, speed=60.0, loop=True, clock_ms=clock))
    rounds: list[FlightReport] = []
    while len(rounds) < 3 * recording.rows:
        if (report := playing.take()) is not None:
            rounds.append(report)
        else:
            clock.go(0.2)
    first, second = rounds[: recording.rows], rounds[recording.rows : 2 * recording.rows]
    assert [r.latitude for r in first] == [r.latitude for r in second]
    assert min(r.timestamp for r in second) > max(r.timestamp for r in first)


def test_the_newest_player_has_the_replay(recording: Recording, clock: Any) -> None:
    """A cell that is run again plays from the beginning, and the older player ends."""
    replay = Replay(recording, clock_ms=clock)
    older = iter(replay)
    clock.go(10)
    some_of(older)
    newer = iter(replay)
    assert (older.ended, older.take(), newer.ended) == (True, None, False)
    assert len(all_of(newer, clock)) == recording.rows


def test_the_iterator_itself_waits(recording: Recording) -> None:
    """Without a publisher, a loop over a replay simply gives its reports."""
    assert len(list(Replay(recording, start_ms=BEGIN_MS))) == recording.rows


def test_a_replay_says_how_it_stands(recording: Recording, clock: Any) -> None:
    """One line: the state, speed, place, size, and what was passed over."""
    replay = Replay(recording, speed=2.0, clock_ms=clock)
    assert "waiting at 2x · 00:00:00 of 00:00:59" in str(replay)
    assert "2 rows skipped: 2 not a flight report" in str(replay)
    playing = iter(replay)
    some_of(playing)
    clock.go(10)
    some_of(playing)
    assert replay.state == "playing"
    assert replay.position_s == pytest.approx(20, abs=1)
    assert replay.progress == pytest.approx(1 / 3, abs=0.05)
    clock.go(10)
    assert replay.state == "waiting"


def row_at(stamp: int, flight: int) -> tuple[Any, ...]:
    """A row of a flight; only its name and time matter here."""
    return (f"F{flight}", *[None] * (len(FIELDS) - 2), stamp)


STEPS = st.one_of(
    st.tuples(st.just("go"), st.floats(0.01, 30)),
    st.tuples(st.just("speed"), st.floats(0.1, 600)),
    st.tuples(st.just("seek"), st.floats(0, 1)),
    st.tuples(st.just("pause"), st.just(0.0)),
    st.tuples(st.just("resume"), st.just(0.0)),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 60_000), st.integers(0, 3)), min_size=1, max_size=60),
    st.lists(STEPS, max_size=25),
    st.booleans(),
)
def test_whatever_is_done_no_flight_goes_back_in_time(
    made: list[tuple[int, int]], steps: list[tuple[str, float]], loop: bool
) -> None:
    """Seeks, pauses and speeds in any order: a flight's published times never run backwards."""
    rows = [row_at(BEGIN_MS + stamp, flight) for stamp, flight in sorted(made)]
    first, last = rows[0][-1], rows[-1][-1]
    now = [BEGIN_MS + 10**9]
    transport = Transport(
        lambda ms: (row for row in rows if row[-1] >= ms), first, last, lambda: now[0], loop=loop
    )
    player, newest = transport.begin(), Counter[str]()
    deeds: dict[str, Callable[[float], None]] = {
        "go": lambda s: now.__setitem__(0, now[0] + round(s * 1000)),
        "speed": transport.turn,
        "seek": lambda share: transport.seek(first + round(share * (last - first))),
        "pause": lambda _: transport.pause(),
        "resume": lambda _: transport.resume(),
    }
    for name, value in [*steps, ("resume", 0.0), ("go", 1.0)]:
        deeds[name](value)
        for _ in range(2 * len(rows)):
            report = transport.take(player)
            if report is not None:
                assert newest[report.flight_id] <= report.timestamp <= now[0] + LEAD_MS
                newest[report.flight_id] = report.timestamp
        assert first <= transport.position_ms <= last


@quickly
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0.1, 600))))
def test_a_timeline_never_falls(turns: list[tuple[int, int, float]]) -> None:
    """Whatever was turned, a later recorded moment is not published before an earlier one."""
    line, at = Timeline(0, 0, 1.0), 0
    for gone, published, speed in turns:
        at += gone
        line.turn(at, published, speed)
    moments = sorted({0, at, *(n * (at + 10) // 50 for n in range(50))})
    published_at = [line.piece(moment).at(moment) for moment in moments]
    assert published_at == sorted(published_at)


def test_a_long_recording_is_read_a_group_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    """Only the row groups that are played are read, and a seek passes over those before it."""
    monkeypatch.setattr("flightlib.replay.draft.GROUP_ROWS", 100)
    monkeypatch.setattr("flightlib.replay.draft.RUN_ROWS", 250)
    monkeypatch.setattr("flightlib.replay.recording.BATCH_ROWS", 40)
    recording = keep(a_sky(), tmp_path / "sky.parquet")
    read: list[int] = []
    from pyarrow.parquet import ParquetFile

    plain = ParquetFile.iter_batches

    def watched(self: Any, size: int, groups: list[int], *args: Any, **named: Any) -> Any:
        read.extend(groups)
        assert size == 40
        return plain(self, size, groups, *args, **named)

    monkeypatch.setattr(ParquetFile, "iter_batches", watched)
    playing = iter(Replay(recording, clock_ms=clock))
    some_of(playing)
    assert read == [0]
    rows = list(rows_from(recording.path, recording.last_ms - 1000))
    assert len(rows) <= 40
    assert min(read[1:]) > 5
