"""Recording a topic: every report once, in order, whole files or none, poison counted."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from recorded import BEGIN_MS, shifted

from flightlib.errors import EngineDown, RecordingError, SettingError, TopicError
from flightlib.kafka import Taken
from flightlib.records import FIELDS, FlightReport
from flightlib.replay import Replay, record
from flightlib.replay.draft import Draft
from flightlib.replay.moments import epoch_ms
from flightlib.replay.recorder import Span, keep
from flightlib.replay.recording import find
from flightlib.settings import load

PARTITIONS = 4


def messages(reports: list[FlightReport]) -> list[Taken]:
    """The reports as Kafka has them: spread over partitions by flight, written 1 ms apart."""
    ends = dict.fromkeys(range(PARTITIONS), 0)
    found = []
    for n, report in enumerate(reports):
        partition = sum(report.flight_id.encode()) % PARTITIONS
        found.append(Taken(partition, ends[partition], BEGIN_MS + n, asdict(report)))
        ends[partition] += 1
    return found


class Topic:
    """A topic that is read a partition after the other, as a backlog is."""

    def __init__(self, taken: list[Taken], batch: int = 100) -> None:
        self.left = sorted(taken, key=lambda one: one[:2])
        self.batch = batch
        self.then: Callable[[], list[Taken]] = list
        self.reached: dict[int, int] = {}

    def take(self, _wait_s: float) -> list[Taken]:
        """The next few messages."""
        given, self.left = self.left[: self.batch], self.left[self.batch :]
        return given or self.then()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a recording is to be made."""
    return tmp_path / "kept.parquet"


def span(taken: list[Taken]) -> Span:
    """All that the topic has."""
    ends: dict[int, int] = {}
    for one in taken:
        ends[one.partition] = max(ends.get(one.partition, 0), one.offset + 1)
    return Span(dict.fromkeys(ends, 0), BEGIN_MS, lambda _: ends)


def test_a_backlog_is_recorded_in_the_order_it_was_written(
    reports: list[FlightReport], target: Path
) -> None:
    """Whatever order partitions are read in, playing gives the reports as they were published."""
    taken = messages(reports)
    done = keep(Topic(taken), span(taken), Draft(target), "flights")
    assert (done.rows, done.skipped, done.interrupted) == (len(reports), {}, False)
    assert list(Replay(done, start_ms=done.first_ms + 7)) == [shifted(r, 7) for r in reports]


def test_the_file_has_the_columns_of_a_report_and_its_place_in_kafka(
    reports: list[FlightReport], target: Path
) -> None:
    """Anybody's Parquet reader finds the fields by name, and partition, offset and time."""
    taken = messages(reports)
    keep(Topic(taken), span(taken), Draft(target), "flights")
    table = pq.read_table(target)
    assert table.column_names == [*FIELDS, "written_ms", "partition", "offset"]
    where = zip(*(table[n].to_pylist() for n in ("partition", "offset", "flight_id")), strict=True)
    assert sorted(where) == sorted((t.partition, t.offset, t.report["flight_id"]) for t in taken)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (None, "not a flight report"),
        ({"gate": "B12"}, "no time"),
        ({"timestamp": "noon"}, "not a flight report"),
        ({"timestamp": 5}, "an impossible time"),
        ({"latitude": None}, "no position"),
        ({"latitude": float("nan")}, "an impossible position"),
        ({"longitude": 181.0}, "an impossible position"),
        ({"heading": 361.0}, "an impossible figure"),
        ({"ground_speed": float("inf")}, "an impossible figure"),
        ({"flight_id": ""}, "not a flight report"),
        ({"flight_id": None}, "not a flight report"),
        ({"status": "LATE"}, "not a flight report"),
        ({"altitude": 2**40}, "not a flight report"),
        ({"altitude": "high"}, "not a flight report"),
    ],
)
def test_a_message_that_cannot_be_played_is_counted(
    reports: list[FlightReport], target: Path, wrong: dict[str, Any] | None, reason: str
) -> None:
    """One bad message among good ones costs a count, by its reason, and nothing else."""
    taken = messages(reports[:50])
    whole = dict(taken[20].report)
    bad = None if wrong is None else wrong if "gate" in wrong else {**whole, **wrong}
    taken[20] = taken[20]._replace(report=bad)
    done = keep(Topic(taken), span(taken), Draft(target), "flights")
    assert (done.rows, done.skipped) == (49, {reason: 1})
    assert Replay(done).skipped == {reason: 1}
    assert f"1 rows skipped: 1 {reason}" in str(done)


def test_a_field_from_another_schema_does_no_harm(
    reports: list[FlightReport], target: Path
) -> None:
    """A message with more fields than a report has is kept without them."""
    taken = [t._replace(report={**t.report, "gate": "B12"}) for t in messages(reports[:50])]
    done = keep(Topic(taken), span(taken), Draft(target), "flights")
    assert list(Replay(done, start_ms=done.first_ms)) == reports[:50]


def ctrl_c() -> list[Taken]:
    """What a person does who has enough."""
    signal.raise_signal(signal.SIGINT)
    return []


def test_an_interrupted_recording_is_closed_with_what_was_there(
    reports: list[FlightReport], target: Path
) -> None:
    """Ctrl-C leaves a whole file, says so, and leaves nothing else in the folder."""
    topic = Topic(messages(reports))
    topic.then = ctrl_c
    forever = Span(dict.fromkeys(range(PARTITIONS), 0), None, lambda _: {})
    done = keep(topic, forever, Draft(target), "flights")
    assert done.interrupted
    assert "interrupted, and closed with what was there" in str(done)
    assert list(Replay(target, start_ms=done.first_ms)) == reports
    assert list(target.parent.iterdir()) == [target]


def test_another_thread_may_record(reports: list[FlightReport], target: Path) -> None:
    """Where nobody hears Ctrl-C a recording is made all the same."""
    taken = messages(reports)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(keep, Topic(taken), span(taken), Draft(target), "flights").result(60)
    assert (done.rows, done.interrupted) == (len(reports), False)


def test_before_it_is_whole_a_recording_has_not_its_name(
    reports: list[FlightReport], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever happens in the middle, an older file stays and the new one is not there in part."""
    target.write_bytes(b"older")
    plain = Draft._in_order

    def broken_off(self: Draft) -> Iterator[Any]:
        yield next(plain(self))
        ctrl_c()

    monkeypatch.setattr(Draft, "_in_order", broken_off)
    taken = messages(reports)
    draft = Draft(target)
    with pytest.raises(KeyboardInterrupt):
        keep(Topic(taken), span(taken), draft, "flights")
    draft.drop()
    assert target.read_bytes() == b"older"
    assert list(target.parent.iterdir()) == [target]


def test_nothing_recorded_is_no_file(target: Path) -> None:
    """A silent topic leaves no file and says what to type."""
    draft = Draft(target)
    poison = [Taken(0, 0, BEGIN_MS, None)]
    with pytest.raises(RecordingError, match=r"Nothing came to flights; 1 messages.*generate"):
        keep(Topic(poison), span(poison), draft, "flights")
    draft.drop()
    assert list(target.parent.iterdir()) == []


def test_what_comes_after_the_end_is_left_out(reports: list[FlightReport], target: Path) -> None:
    """Once its end is known, newer messages of the same batch are not kept."""
    taken = messages(reports)
    ends = {p: sum(1 for t in taken[:300] if t.partition == p) for p in range(PARTITIONS)}
    upto = Span(dict.fromkeys(ends, 0), BEGIN_MS, lambda _: ends)
    done = keep(Topic(taken, batch=10_000), upto, Draft(target), "flights")
    assert list(Replay(done, start_ms=done.first_ms)) == reports[:300]


def test_offsets_without_messages_do_not_hold_it(reports: list[FlightReport], target: Path) -> None:
    """Where the last offsets are no messages, it ends once they have been passed, and is whole."""
    taken = [t for t in messages(reports) if t.partition == 0]
    topic = Topic(taken)
    beyond = Span({0: 0, 9: 7}, BEGIN_MS, lambda _: {0: 10**6, 9: 8})
    quiet = iter(range(3))

    def passed() -> list[Taken]:
        if next(quiet) == 2:
            topic.reached.update({0: 10**6, 9: 8})
        return []

    topic.then = passed
    done = keep(topic, beyond, Draft(target), "flights", clock_s=seconds_apart(10))
    assert (done.rows, done.cut_short) == (len(taken), False)
    assert "cut short" not in str(done)


def seconds_apart(step_s: float) -> Callable[[], float]:
    """A clock that goes on by as much each time it is looked at."""
    steps = iter(range(10**9))
    return lambda: next(steps) * step_s


def test_a_kafka_that_is_silent_for_a_while_costs_nothing(
    reports: list[FlightReport], target: Path
) -> None:
    """A backlog whose Kafka gives nothing for most of a minute is recorded to its end."""
    taken = messages(reports)
    topic = Topic(taken[:])
    topic.left, later = topic.left[:150], topic.left[150:]
    silent = iter([[], [], [], [], [], later])
    topic.then = lambda: next(silent)
    done = keep(topic, span(taken), Draft(target), "flights", clock_s=seconds_apart(10))
    assert (done.rows, done.cut_short) == (len(reports), False)


def test_a_kafka_that_falls_silent_before_the_end_is_told(
    reports: list[FlightReport], target: Path
) -> None:
    """After a minute without a message the file is closed, and says that its end is missing."""
    taken = messages(reports)
    topic = Topic(taken[:])
    topic.left = topic.left[:150]
    topic.reached = {0: 1}
    done = keep(topic, span(taken), Draft(target), "flights", clock_s=seconds_apart(10))
    assert (done.rows, done.cut_short, done.interrupted) == (150, True, False)
    assert "cut short, since Kafka gave nothing for a minute; the end is missing" in str(done)
    assert find(target) == done
    assert list(target.parent.iterdir()) == [target]


def test_later_messages_do_not_hold_it(reports: list[FlightReport], target: Path) -> None:
    """What is published after the end is no sign that the rest of the span will come."""
    taken = messages(reports)
    last = max(t.offset for t in taken if t.partition == 0)
    topic = Topic([t for t in taken if t.partition == 0])
    topic.then = lambda: [Taken(0, last + 1, BEGIN_MS, None)]
    done = keep(topic, span(taken), Draft(target), "flights", clock_s=seconds_apart(10))
    assert (done.rows, done.cut_short, done.skipped) == (last + 1, True, {})


def test_a_silent_kafka_without_a_message_is_told(target: Path) -> None:
    """Where nothing came since Kafka was silent, the error says so too."""
    draft, ends = Draft(target), Span({0: 0}, BEGIN_MS, lambda _: {0: 5})
    with pytest.raises(RecordingError, match=r"Nothing came to flights; cut short, since Kafka"):
        keep(Topic([]), ends, draft, "flights", clock_s=seconds_apart(10))
    draft.drop()


@pytest.mark.parametrize("error", [EngineDown("Kafka", "127.0.0.1:1"), TopicError("none")])
def test_a_kafka_that_is_away_at_the_end_is_asked_again(
    reports: list[FlightReport], target: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Until it says where the end is nothing is read; then exactly what belongs to it is kept."""
    monkeypatch.setattr("flightlib.replay.recorder.WAIT_S", 0)
    taken = messages(reports)
    ends = {p: sum(1 for t in taken[:300] if t.partition == p) for p in range(PARTITIONS)}
    answers: Iterator[Any] = iter([error, error, ends])

    def ask(_ms: int) -> dict[int, int]:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    upto = Span(dict.fromkeys(ends, 0), BEGIN_MS, ask)
    done = keep(Topic(taken), upto, Draft(target), "flights", clock_s=seconds_apart(10))
    assert list(Replay(done, start_ms=done.first_ms)) == reports[:300]
    assert not done.cut_short


def test_a_kafka_that_never_says_the_end_costs_no_report(
    reports: list[FlightReport], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its end cannot be asked for, the recording is closed with what it has, and says so."""
    monkeypatch.setattr("flightlib.replay.recorder.WAIT_S", 0)

    def away(_ms: int) -> dict[int, int]:
        raise EngineDown("Kafka", "127.0.0.1:1")

    looks = iter(range(10**9))
    ending = Span({}, 5, away, lambda: next(looks))
    topic = Topic(messages(reports), batch=10_000)
    done = keep(topic, ending, Draft(target), "flights", clock_s=seconds_apart(10))
    assert (done.rows, done.cut_short) == (len(reports), True)


def test_many_rows_are_put_in_order_in_pieces(
    reports: list[FlightReport], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than are held at a time come out in the same order as few would."""
    monkeypatch.setattr("flightlib.replay.draft.RUN_ROWS", 200)
    monkeypatch.setattr("flightlib.replay.draft.GROUP_ROWS", 50)
    monkeypatch.setattr("flightlib.replay.recorder.BATCH_ROWS", 70)
    held: list[int] = []
    plain = Draft._write_run

    def watched(self: Draft) -> None:
        held.append(self._held)
        plain(self)

    monkeypatch.setattr(Draft, "_write_run", watched)
    taken = messages(reports)
    done = keep(Topic(taken), span(taken), Draft(target), "flights")
    assert list(Replay(done, start_ms=done.first_ms)) == reports
    assert len(held) > 3
    assert max(held) < 200 + 170
    groups = pq.ParquetFile(target).metadata
    assert max(groups.row_group(g).num_rows for g in range(groups.num_row_groups)) <= 50


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("now", BEGIN_MS),
        ("beginning", 0),
        ("5m", BEGIN_MS - 300_000),
        ("1.5 h", BEGIN_MS - 5_400_000),
        (BEGIN_MS - 1, BEGIN_MS - 1),
        ("2025-11-24 16:00", BEGIN_MS),
        ("2025-11-24T16:00:00Z", BEGIN_MS),
        ("2025-11-24T17:00:00+01:00", BEGIN_MS),
        (datetime(2025, 11, 24, 16), BEGIN_MS),
        (datetime(2025, 11, 24, 17, tzinfo=timezone(timedelta(hours=1))), BEGIN_MS),
    ],
)
def test_a_moment_may_be_said_in_several_ways(given: Any, expected: int) -> None:
    """Words, spans of time and times all name one moment, in UTC."""
    assert epoch_ms("since", given, BEGIN_MS) == expected


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"topic": "processed_flights"}, SettingError, "A topic to record cannot be"),
        ({"topic": "flight"}, SettingError, "Did you mean 'flights'"),
        ({"seconds": 0}, SettingError, "seconds cannot be 0"),
        ({"since": "yesterday"}, SettingError, "since cannot be 'yesterday'; allowed: now"),
        ({"until": "5 days"}, SettingError, "until cannot be '5 days'"),
    ],
)
def test_a_wrong_recording_is_refused_at_once(
    target: Path, given: dict[str, Any], error: type[Exception], words: str
) -> None:
    """A wrong argument is one line; no file is begun."""
    with pytest.raises(error, match=words):
        record(path=target, settings=load(kafka_port=1), **given)
    assert list(target.parent.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Where a file cannot be made, that is said before anything is read."""
    with pytest.raises(RecordingError, match="There is no folder"):
        Draft(tmp_path / "none" / "kept.parquet")
    with pytest.raises(RecordingError, match="is a folder; give the name of a file"):
        Draft(tmp_path)


def test_a_recording_of_odd_reports_keeps_them(reports: list[FlightReport], target: Path) -> None:
    """What a topic may hold is kept as it is: below sea level, markup in names, no schedule."""
    odd = [
        replace(reports[0], altitude=-300, callsign="<b>x</b>", estimated_on=None),
        replace(reports[1], flight_id="'; DROP TABLE flights; --", ground_speed=99_999.0),
    ]
    taken = messages(odd)
    done = keep(Topic(taken), span(taken), Draft(target), "flights")
    assert list(Replay(done, start_ms=done.first_ms)) == odd
