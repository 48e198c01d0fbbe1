"""Publishing: on time, in order, visible, and with nothing lost, on librdkafka's own cluster."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from flightlib.errors import EngineDown, SettingError, TopicError
from flightlib.kafka import Publisher, now_ms, send_poison
from flightlib.kafka.baton import Baton
from flightlib.kafka.pump import MAX_WAIT_S, Pump, paced, producer
from flightlib.records import FlightReport
from flightlib.settings import Settings, load
from flightlib.sky.delivery import Garbage, Silence

Make = Callable[..., FlightReport]
T = 1_700_000_000_000


class Clock:
    """A clock that moves when someone waits, and notes how long."""

    def __init__(self, now: int) -> None:
        self.now, self.waited, self.stop_at = now, [], 10**18

    def __call__(self) -> int:
        return self.now

    def wait(self, seconds: float) -> bool:
        """Let time pass; False once the clock has reached its end."""
        self.waited.append(seconds)
        self.now += round(seconds * 1000)
        return self.now < self.stop_at


def test_no_report_leaves_before_its_own_time(make_report: Make) -> None:
    """Each report is yielded when the clock has reached its timestamp, not before or after."""
    clock = Clock(T)
    reports = [make_report(timestamp=T + ms) for ms in (0, 40, 40, 1040, 2500)]
    left = [(clock.now, r.timestamp) for _, r in paced(reports, clock, clock.wait)]
    assert left == [(t, t) for t in (T, T + 40, T + 40, T + 1040, T + 2500)]
    assert max(clock.waited) <= MAX_WAIT_S


def test_late_reports_and_a_backlog_do_not_wait(make_report: Make) -> None:
    """A report that is late, or behind the clock, is due at once and keeps its place."""
    clock = Clock(T + 10_000)
    stamps = [T, T + 5_000, T + 11_000, T + 3_000, T + 11_000]
    due = [d for d, _ in paced([make_report(timestamp=s) for s in stamps], clock, clock.wait)]
    assert due == [T, T + 5_000, T + 11_000, T + 11_000, T + 11_000]
    assert clock.now == T + 11_000


def test_waiting_for_a_far_report_can_be_stopped(make_report: Make) -> None:
    """A report due in an hour does not hold a publisher that is to stop."""
    clock = Clock(T)
    clock.stop_at = T + 500
    assert list(paced([make_report(timestamp=T + 3_600_000)], clock, clock.wait)) == []
    assert clock.now <= T + 600


def pump(reports: Iterator[FlightReport], settings: Settings) -> Pump:
    """Start a pump to the small cluster, with nothing to prepare."""
    return Pump(
        reports,
        "flights",
        lambda: 1,
        partial(producer, settings),
        settings.kafka,
        Baton(settings, "flights"),
    )


def test_what_was_sent_arrives_once_and_in_order(
    make_report: Make,
    small_cluster: Settings,
    until: Callable[..., None],
    read_all: Callable[..., list[tuple[bytes, dict[str, object]]]],
) -> None:
    """Every report is acknowledged and can be read; each flight's reports keep their order."""
    stamps = [now_ms() - 3000 + n for n in range(3000)]
    sent = [make_report(flight_id=f"F{n % 7}", timestamp=s) for n, s in enumerate(stamps)]
    running = pump(iter(sent), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    status = running.ledger.status(now_ms(), running=False)
    assert (status.sent, status.acknowledged, status.errors) == (3000, 3000, 0)
    found = read_all(small_cluster, 3000)
    for flight in range(7):
        name = f"F{flight}"
        stamps_read = [r["timestamp"] for key, r in found if key == name.encode()]
        assert stamps_read == [r.timestamp for r in sent if r.flight_id == name]


def test_stopping_in_the_middle_loses_nothing_that_was_sent(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """Stop flushes: what was taken from the iterator and sent is acknowledged."""
    endless = (make_report(timestamp=now_ms()) for _ in iter(int, 1))
    running = pump(endless, small_cluster)
    until(lambda: running.ledger.sent > 500)
    running.stop(30)
    status = running.ledger.status(now_ms(), running=False)
    assert status.acknowledged == status.sent > 500


def test_a_report_that_cannot_be_encoded_is_counted_and_passed_over(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """One bad report does not stop the stream, and the status says what was wrong with it."""
    bad = make_report(status="LATE")
    running = pump(iter([make_report(), bad, make_report()]), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    status = running.ledger.status(now_ms(), running=False)
    assert (status.sent, status.acknowledged, status.errors) == (3, 2, 1)
    assert "'LATE'" in str(status)


def test_poison_among_the_reports_is_sent_as_it_is(
    make_report: Make,
    small_cluster: Settings,
    until: Callable[..., None],
    read_raw: Callable[..., list[tuple[bytes, bytes]]],
) -> None:
    """Bytes that are no report arrive unchanged and are counted; silence is only waited for."""
    some = [make_report(), Silence(T), Garbage("poison-0", b"no report", T), make_report()]
    running = pump(iter(some), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    status = running.ledger.status(now_ms(), running=False)
    assert (status.sent, status.acknowledged, status.errors, status.poison) == (3, 3, 0, 1)
    assert "1 of them poison" in str(status)
    poison = [value for key, value in read_raw(small_cluster, 3) if key == b"poison-0"]
    assert poison == [b"no report"]


def test_silence_is_waited_for() -> None:
    """What only lets time pass holds back what comes after it, although that is older."""
    clock = Clock(T)
    some = [Silence(T + 500), Silence(T + 1500), Garbage("late", b"", T + 100)]
    left = [(clock.now, one.timestamp) for _, one in paced(some, clock, clock.wait)]
    assert left == [(T + 500, T + 500), (T + 1500, T + 1500), (T + 1500, T + 100)]


def test_an_iterator_that_fails_says_so(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """What the caller's iterator raises ends the publisher and stands in its status."""

    def broken() -> Iterator[FlightReport]:
        yield make_report()
        raise ZeroDivisionError("the recording ends here")

    running = pump(broken(), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    line = str(running.ledger.status(now_ms(), running=False))
    assert "ZeroDivisionError: the recording ends here" in line


def test_the_newest_publisher_has_the_topic(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """The older one finishes what it sent before the newer begins, and says who took over."""
    endless = (make_report(timestamp=now_ms()) for _ in iter(int, 1))
    older = pump(endless, small_cluster)
    until(lambda: older.ledger.sent > 500)
    newer = pump(iter([make_report()]), small_cluster)
    status = older.ledger.status(now_ms(), older.running)
    assert status.acknowledged == status.sent
    assert f"process {os.getpid()} publishes to flights since then" in str(status)
    until(lambda: not (older.running or newer.running))
    newer.stop(10)
    assert newer.ledger.acknowledged == 1
    older.stop(10)


def test_a_killed_publisher_holds_nothing_back(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """The system takes the baton from a process that was killed; the next one just begins."""
    holder = (
        "import sys, time; from flightlib.kafka.baton import Baton; "
        "from flightlib.settings import load; b = Baton(load(), 'flights'); b.take(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "FLIGHTLIB_DATA": str(small_cluster.data)}
    child = subprocess.Popen(
        [sys.executable, "-c", holder],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(TopicError, match=f"Process {child.pid} publishes to flights"):
            Baton(small_cluster, "flights").take(timeout_s=0.1)
        child.kill()
    running = pump(iter([make_report()]), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    assert running.ledger.acknowledged == 1


def test_poison_without_kafka_names_the_engine() -> None:
    """Poison for a Kafka that is away, or for an unknown topic, fails in one line."""
    with pytest.raises(EngineDown, match=r"Kafka is not answering on 127.0.0.1:1\."):
        send_poison(settings=load(kafka_port=1))
    with pytest.raises(SettingError, match="'flight'; allowed: flights"):
        send_poison("flight")


def test_without_kafka_nothing_counts_as_acknowledged(
    make_report: Make, until: Callable[..., None], tmp_path: Path
) -> None:
    """Reports wait while Kafka is away, the status names it, and stop counts them as lost."""
    nowhere = load(kafka_port=1, data=tmp_path)
    gate = threading.Event()

    def some() -> Iterator[FlightReport]:
        yield from [make_report()] * 5
        gate.wait(60)

    running = pump(some(), nowhere)
    until(lambda: running.ledger.sent == 5)
    gate.set()
    until(lambda: "not answering on 127.0.0.1:1" in str(running.ledger.status(now_ms(), True)))
    running.stop(0.5)
    status = running.ledger.status(now_ms(), running=False)
    assert (status.sent, status.acknowledged, status.errors) == (5, 0, 5)


def test_starting_without_engines_is_one_clear_error() -> None:
    """A publisher says which engine is missing and what to type, and leaves nothing running."""
    publisher = Publisher(iter([]), settings=load(kafka_port=1))
    with pytest.raises(EngineDown, match=r"Kafka is not answering on 127.0.0.1:1\..*flightlib up"):
        publisher.start()
    assert not publisher.status.running
    assert publisher.stop().sent == 0


def test_an_unknown_topic_is_named_with_those_there_are() -> None:
    """A slip in a topic's name is met with the names that work."""
    with pytest.raises(SettingError, match="'processed_flights'; allowed: flights"):
        Publisher(iter([]), topic="processed_flights")


def test_a_publisher_shows_as_one_escaped_line(make_report: Make) -> None:
    """In a notebook the status is one line of text, never markup of an iterator's making."""
    publisher = Publisher(iter([]))
    publisher._last = publisher._last.__class__(
        "flights", False, 1, 0, 1, 0.0, 0.0, 0.0, "<script>alert(1)</script>"
    )
    assert "<script>" not in publisher._repr_html_()
    assert "\n" not in str(publisher)
