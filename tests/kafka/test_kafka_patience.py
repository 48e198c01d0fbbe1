"""Publishing what may have nothing yet: a paused replay holds up neither Kafka nor a stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from recorded import a_sky, shifted

from flightlib import records
from flightlib.kafka import Reader, message_count, now_ms, watermarks
from flightlib.kafka.baton import Baton
from flightlib.kafka.patience import ready
from flightlib.kafka.pump import MAX_WAIT_S, Pump, paced, producer
from flightlib.records import FlightReport
from flightlib.replay import Replay, record
from flightlib.settings import Settings

Make = Callable[..., FlightReport]


class Slow:
    """An iterator that has its reports now and then."""

    def __init__(self, reports: list[FlightReport | None], endless: bool = False) -> None:
        self._left, self._endless = list(reports), endless

    @property
    def ended(self) -> bool:
        """Whether all was given."""
        return not self._left and not self._endless

    def take(self) -> FlightReport | None:
        """Give the next, or nothing for now."""
        return self._left.pop(0) if self._left else None

    def __iter__(self) -> Slow:
        return self

    def __next__(self) -> FlightReport:
        raise AssertionError("a publisher never waits in it")


def test_a_plain_iterator_is_asked_as_ever(make_report: Make) -> None:
    """What cannot say that it has nothing is simply iterated."""
    reports = [make_report(), make_report()]
    assert list(ready(iter(reports))) == reports


def test_nothing_for_now_is_a_short_wait(make_report: Make) -> None:
    """Between two reports that come later, the publisher waits a moment and no report is due."""
    report, waited, noted = make_report(timestamp=0), [], []
    source = Slow([None, report, None, None, report])

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        return True

    found = list(paced(ready(source), lambda: 10, wait, noted.append))
    assert [r for _, r in found] == [report, report]
    assert waited == [MAX_WAIT_S] * 3
    assert noted == [None, 0, None, None, 0]


def pump(source: Any, settings: Settings) -> Pump:
    """Publish from it to the small cluster."""
    return Pump(
        source,
        "flights",
        lambda: 1,
        partial(producer, settings),
        settings.kafka,
        Baton(settings, "flights"),
    )


def test_while_nothing_comes_what_was_sent_is_acknowledged(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """A pause does not leave reports unacknowledged, and does not count as being late."""
    running = pump(Slow([make_report()] * 3, endless=True), small_cluster)
    until(lambda: running.ledger.acknowledged == 3)
    until(lambda: running.ledger.status(now_ms(), running=True).lag_s == 0)
    running.stop(10)


def test_a_publisher_of_nothing_stops_within_a_second(
    small_cluster: Settings, until: Callable[..., None]
) -> None:
    """Stopping does not wait for a replay that is paused."""
    running = pump(Slow([], endless=True), small_cluster)
    until(lambda: running.running)
    began_s = time.monotonic()
    running.stop(30)
    assert time.monotonic() - began_s < 5
    assert not running.running


def test_a_reader_gives_each_message_with_its_place(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """Reports come with partition, offset and time, junk as none, and all ends are reached."""
    sent = [make_report(flight_id=f"F{n % 5}", timestamp=now_ms()) for n in range(200)]
    running = pump(Slow(list(sent)), small_cluster)
    until(lambda: running.ledger.acknowledged == 200)
    running.stop(10)
    sender = producer(small_cluster, lambda _: None, lambda *_: None)
    sender.produce("flights", b"junk")
    assert sender.flush(10) == 0
    assert message_count("flights", small_cluster) == 201
    start = dict.fromkeys(watermarks("flights", small_cluster), 0)
    reader = Reader("flights", start, small_cluster, records.decode)
    taken = []
    try:
        until(lambda: taken.extend(reader.take(0.1)) or reader.reached.keys() == start.keys())
    finally:
        reader.close()
    ends = {p: high for p, (_, high) in watermarks("flights", small_cluster).items()}
    assert reader.reached == ends
    assert len({(one.partition, one.offset) for one in taken}) == len(taken) == 201
    assert sum(one.report is None for one in taken) == 1
    assert all(abs((one.written_ms or 0) - now_ms()) < 600_000 for one in taken)
    for flight in range(5):
        own = [
            t.report["timestamp"]
            for t in taken
            if t.report and t.report["flight_id"] == f"F{flight}"
        ]
        assert own == [r.timestamp for r in sent if r.flight_id == f"F{flight}"]


@pytest.mark.parametrize("ended", [True, False])
def test_an_iterator_with_an_end_ends_the_publisher(
    make_report: Make, small_cluster: Settings, until: Callable[..., None], ended: bool
) -> None:
    """At its end the publisher is through by itself; before that it runs."""
    running = pump(Slow([make_report()], endless=not ended), small_cluster)
    until(lambda: running.ledger.acknowledged == 1)
    if ended:
        until(lambda: not running.running)
    else:
        assert running.running
    running.stop(10)


def test_a_sky_that_was_published_and_recorded_plays_again(
    small_cluster: Settings, until: Callable[..., None], tmp_path: Path
) -> None:
    """Through Kafka into a file and back into Kafka: as many reports, each as it was, but later."""
    sky = a_sky(late_share=0.05)
    running = pump(iter(sky), small_cluster)
    until(lambda: running.ledger.acknowledged == len(sky))
    running.stop(10)
    kept = record(
        path=tmp_path / "sky.parquet", since="beginning", until="now", settings=small_cluster
    )
    assert (kept.rows, kept.skipped) == (len(sky), {})
    begin_ms = now_ms() - 120_000
    by_flight: dict[str, list[FlightReport]] = {}
    for report in Replay(kept, start_ms=begin_ms):
        by_flight.setdefault(report.flight_id, []).append(report)
    for flight_id, reports in by_flight.items():
        own = [r for r in sky if r.flight_id == flight_id]
        assert reports == [shifted(r, begin_ms - kept.first_ms) for r in own]
    again = pump(iter(Replay(kept, start_ms=begin_ms)), small_cluster)
    until(lambda: not again.running)
    again.stop(10)
    assert again.ledger.acknowledged == len(sky)
    assert message_count("flights", small_cluster) == 2 * len(sky)


def test_a_paused_replay_can_be_stopped_and_resumed(
    small_cluster: Settings, until: Callable[..., None], tmp_path: Path
) -> None:
    """Paused from another thread nothing more is published; resumed it goes on to its end."""
    sky = a_sky(seconds=4)
    running = pump(iter(sky), small_cluster)
    until(lambda: running.ledger.acknowledged == len(sky))
    running.stop(10)
    replay = Replay(
        record(path=tmp_path / "a.parquet", since="beginning", until="now", settings=small_cluster)
    )
    running = pump(iter(replay), small_cluster)
    until(lambda: running.ledger.acknowledged > 0)
    replay.pause()
    until(lambda: running.ledger.acknowledged == running.ledger.sent)
    until(lambda: running.ledger.due_ms is None)
    held = running.ledger.sent
    assert held < len(sky)
    assert (running.running, replay.state, replay.progress < 1) == (True, "paused", True)
    replay.resume()
    replay.speed = 60.0
    until(lambda: not running.running)
    running.stop(10)
    assert (running.ledger.acknowledged, replay.state) == (len(sky), "ended")


def test_a_generator_outlives_whoever_asked_it_first(make_report: Make) -> None:
    """A publisher that was stopped leaves the caller's generator open for the next one."""
    generator = (make_report(timestamp=n) for n in range(5))
    first = paced(ready(generator), lambda: 10, lambda _: True)
    assert next(first)[1].timestamp == 0
    del first
    assert [report.timestamp for report in generator] == [1, 2, 3, 4]
