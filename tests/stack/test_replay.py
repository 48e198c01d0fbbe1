"""Recordings on real engines: a running sky kept in a file, and played into the topic again."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from known import flightlib, until

from flightlib.engines import Local
from flightlib.kafka import (
    Publisher,
    Reader,
    ensure_topics,
    message_count,
    now_ms,
    register,
    send_poison,
    watermarks,
)
from flightlib.replay import Recording, Replay, record
from flightlib.replay.recording import find
from flightlib.settings import Settings
from flightlib.sky import Sky

pytestmark = pytest.mark.stack

TIMES = ("scheduled_off", "actual_off", "estimated_on", "timestamp")


@pytest.fixture
def engines(kafka_stack: Settings) -> Settings:
    """Kafka and the registry, running, with topics and schema."""
    Local(kafka_stack).up(["kafka", "registry"])
    ensure_topics(kafka_stack)
    register(kafka_stack)
    return kafka_stack


@pytest.fixture
def running_sky(engines: Settings) -> Iterator[Publisher]:
    """A sky that is being published."""
    publisher = Publisher(
        Sky.busy(now_ms(), flights=100).reports(now_ms()), settings=engines
    ).start()
    until(lambda: publisher.status.acknowledged > 50)
    yield publisher
    publisher.stop()


def highs(settings: Settings) -> dict[int, int]:
    """The next offset of each partition."""
    return {p: high for p, (_, high) in watermarks("flights", settings).items()}


def published(settings: Settings, since: dict[int, int], count: int) -> list[dict[str, object]]:
    """The reports that were written after some offsets."""
    reader, found = Reader("flights", since, settings), []
    try:
        until(lambda: found.extend(reader.take(0.2)) or len(found) >= count)
    finally:
        reader.close()
    return [dict(one.report or {}) for one in found]


def test_a_running_sky_is_recorded_and_played_again(
    running_sky: Publisher, engines: Settings, tmp_path: Path
) -> None:
    """The topic grows by as many reports as were recorded, each as it was but for its times."""
    kept = record("flights", tmp_path / "sky.parquet", seconds=4, settings=engines)
    running_sky.stop()
    assert kept.rows > 0
    assert kept.skipped == {}
    before = highs(engines)
    begin_ms = now_ms()
    replay = Replay(kept, speed=4.0, start_ms=begin_ms)
    publisher = Publisher(replay, settings=engines).start()
    until(lambda: not publisher.status.running)
    status = publisher.stop()
    assert (status.sent, status.acknowledged, status.errors) == (kept.rows, kept.rows, 0)
    assert sum(highs(engines).values()) - sum(before.values()) == kept.rows
    assert (replay.state, replay.progress) == ("ended", 1.0)
    found = published(engines, before, kept.rows)
    stamps = [int(str(row["timestamp"])) for row in found]
    span_ms = (kept.last_ms - kept.first_ms) / 4
    assert min(stamps) == begin_ms
    assert max(stamps) == pytest.approx(begin_ms + span_ms, abs=1)
    played = [asdict(report) for report in Replay(kept, start_ms=kept.first_ms)]
    assert _places(found) == _places(played)


def _places(rows: list[dict[str, object]]) -> list[list[tuple[str, object]]]:
    """What reports say apart from their times, in an order of its own."""
    apart = ([(n, v) for n, v in row.items() if n not in TIMES] for row in rows)
    return sorted(apart, key=str)


def test_what_is_there_already_is_recorded_to_the_report(
    running_sky: Publisher, engines: Settings, tmp_path: Path
) -> None:
    """From the beginning until now: all offsets once, in the order of writing, poison counted."""
    until(lambda: running_sky.status.acknowledged > 500)
    running_sky.stop()
    send_poison(settings=engines)
    low_high = watermarks("flights", engines).values()
    kept = record(
        "flights", tmp_path / "all.parquet", since="beginning", until="now", settings=engines
    )
    assert kept.rows + sum(kept.skipped.values()) == sum(high - low for low, high in low_high)
    assert kept.skipped["not a flight report"] >= 1
    assert find(kept.path) == kept


def test_a_paused_replay_stops_within_a_moment(
    running_sky: Publisher, engines: Settings, tmp_path: Path
) -> None:
    """Paused, everything sent is acknowledged and nothing is late; stop does not wait for it."""
    kept = record("flights", tmp_path / "sky.parquet", seconds=3, settings=engines)
    replay = Replay(kept, loop=True)
    publisher = Publisher(replay, settings=engines).start()
    until(lambda: publisher.status.acknowledged > 20)
    replay.pause()
    until(lambda: publisher.status.acknowledged == publisher.status.sent)
    until(lambda: publisher.status.lag_s == 0)
    sent = publisher.status.sent
    replay.seek(0.5)
    replay.resume()
    until(lambda: publisher.status.acknowledged > sent)
    replay.pause()
    began_s = time.monotonic()
    status = publisher.stop()
    assert time.monotonic() - began_s < 5
    assert status.sent == status.acknowledged


def test_the_commands_record_and_replay(
    running_sky: Publisher, engines: Settings, tmp_path: Path
) -> None:
    """`record --for` makes a file, and `replay` publishes as many reports as it says."""
    file = tmp_path / "sky.parquet"
    command = flightlib(engines, "record", str(file), "--for", "3")
    output, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (0, "")
    kept = find(file)
    assert isinstance(kept, Recording)
    assert f"{kept.rows:,} reports" in output
    running_sky.stop()
    before = message_count("flights", engines)
    command = flightlib(engines, "replay", str(file), "--speed", "10")
    output, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (0, "")
    assert re.search(r"Replay of sky.parquet · ended at 10x", output)
    assert f"{kept.rows:,} sent · {kept.rows:,} acknowledged" in output
    assert message_count("flights", engines) - before == kept.rows


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_that_is_told_to_stop_is_whole(
    running_sky: Publisher, engines: Settings, tmp_path: Path, with_signal: int
) -> None:
    """Ctrl-C and an orderly kill close the file with what was there, and nothing else is left."""
    file = tmp_path / "sky.parquet"
    command = flightlib(engines, "record", str(file))
    until(lambda: list(tmp_path.iterdir()))
    acknowledged = running_sky.status.acknowledged
    until(lambda: running_sky.status.acknowledged > acknowledged + 200)
    command.send_signal(with_signal)
    output, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (0, "")
    assert "interrupted, and closed with what was there" in output
    assert list(tmp_path.iterdir()) == [file]
    kept = find(file)
    assert kept is not None
    assert kept.interrupted
    assert len(list(Replay(file, start_ms=kept.first_ms))) == kept.rows > 0


def test_a_replay_is_ended_by_ctrl_c(
    running_sky: Publisher, engines: Settings, tmp_path: Path
) -> None:
    """A replay without an end stops when it is told, with everything acknowledged."""
    kept = record("flights", tmp_path / "sky.parquet", seconds=2, settings=engines)
    running_sky.stop()
    before = message_count("flights", engines)
    command = flightlib(engines, "replay", str(kept.path), "--loop")
    until(lambda: message_count("flights", engines) > before)
    command.send_signal(signal.SIGINT)
    output, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (0, "")
    sent, written = re.search(r"([\d,]+) sent · ([\d,]+) acknowledged", output).groups()
    assert sent == written
    assert int(written.replace(",", "")) == message_count("flights", engines) - before
