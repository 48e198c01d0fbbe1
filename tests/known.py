"""A handful of reports whose answers can be worked out by hand, and the lesson's own SQL."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from flightlib import kafka, records
from flightlib.engines import Local
from flightlib.kafka import Publisher
from flightlib.kafka.client import client_config
from flightlib.measure.lessons import filled, lesson
from flightlib.records import FlightReport
from flightlib.settings import Settings

__all__ = [
    "ends",
    "filled",
    "flightlib",
    "lesson",
    "pids",
    "publish",
    "report",
    "typed",
    "until",
    "written",
]
SCHEMA = records.schema_text("processed_flight")


def pids(local: Local) -> dict[str, int | None]:
    """The process of each engine."""
    return {row.engine: row.pid for row in local.status()}


def report(flight_id: str, timestamp: int, **given: Any) -> FlightReport:
    """One report; keyword arguments replace what is plain."""
    plain = {
        "callsign": flight_id,
        "operator": "UAL",
        "latitude": 41.0,
        "longitude": -74.0,
        "altitude": 36_000,
        "heading": 90.0,
        "ground_speed": 450.0,
        "vertical_speed": 0.0,
        "altitude_change": "-",
        "phase": "CRUISE",
        "status": "ON_TIME",
        "departure_delay": 0,
    }
    return FlightReport(flight_id=flight_id, timestamp=timestamp, **{**plain, **given})


def publish(reports: Iterable[FlightReport], settings: Settings) -> int:
    """Publish reports to their end; return how many were acknowledged."""
    publisher = Publisher(reports, settings=settings).start()
    until(lambda: not publisher.status.running)
    status = publisher.stop()
    assert status.errors == 0
    return status.acknowledged


def until(condition: Callable[[], Any], within_s: float = 90.0, what: object = "") -> Any:
    """Wait until something is so, and give it."""
    deadline_s = time.monotonic() + within_s
    while not (found := condition()):
        said = what() if callable(what) else what
        assert time.monotonic() < deadline_s, f"it did not come about {said}"
        time.sleep(0.1)
    return found


def flightlib(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    """Start the command line against the stack's engines."""
    where = {
        "FLIGHTLIB_KAFKA_PORT": str(settings.kafka_port),
        "FLIGHTLIB_REGISTRY_PORT": str(settings.registry_port),
    }
    return subprocess.Popen(
        [sys.executable, "-c", "from flightlib.cli import app; app()", *arguments],
        env={**os.environ, **where},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def typed(
    *arguments: str, within_s: float = 400, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the flightlib command to its end, as a person would."""
    return subprocess.run(
        [sys.executable, "-m", "flightlib", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=within_s,
        check=False,
    )


def ends(settings: Settings, topic: str = "processed_flights") -> dict[int, int]:
    """Tell the next offset of each partition."""
    return {p: high for p, (_, high) in kafka.watermarks(topic, settings).items()}


def written(settings: Settings, since: dict[int, int]) -> list[dict[str, Any]]:
    """Read every message that jobs wrote after some offsets, with the jobs' own schema."""
    wanted = {p: end for p, end in ends(settings).items() if end > since[p]}
    config = {**client_config(settings), "group.id": "known", "enable.auto.commit": False}
    rows: list[dict[str, Any]] = []
    with closing(Consumer(config)) as consumer:
        consumer.assign([TopicPartition("processed_flights", p, since[p]) for p in wanted])
        deadline_s = time.monotonic() + 60
        while len(rows) < sum(end - since[p] for p, end in wanted.items()):
            assert time.monotonic() < deadline_s, f"{len(rows)} messages only"
            for message in consumer.consume(500, 0.2):
                assert message.error() is None, message.error()
                rows.append(records.decode(message.value(), SCHEMA))
    return rows
