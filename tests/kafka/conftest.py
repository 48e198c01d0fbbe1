"""A cluster inside librdkafka, and reports to send to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from flightlib import records
from flightlib import settings as address_book
from flightlib.kafka.client import client_config, library_log
from flightlib.records import FlightReport
from flightlib.settings import Settings


@pytest.fixture
def make_report() -> Callable[..., FlightReport]:
    """A factory of flight reports; keyword arguments replace what a plain one says."""

    def make(**given: Any) -> FlightReport:
        plain: dict[str, Any] = {
            "flight_id": "UAL1",
            "callsign": "UAL1",
            "latitude": 40.5,
            "longitude": -74.5,
            "altitude": 35000,
            "heading": 90.0,
            "ground_speed": 450.0,
            "vertical_speed": 0.0,
            "altitude_change": "-",
            "phase": "CRUISE",
            "status": "ON_TIME",
            "timestamp": 1_700_000_000_000,
        }
        return FlightReport(**{**plain, **given})

    return make


@pytest.fixture
def small_cluster(tmp_path: Path) -> Iterator[Settings]:
    """Settings that point at a cluster of one broker, which lives in librdkafka's own threads.

    They know no registry: one that runs for other tests would not know these messages' schema.
    """
    keeper = Producer(
        {"test.mock.num.brokers": 1, "bootstrap.servers": "unused"}, logger=library_log
    )
    (broker,) = keeper.list_topics(timeout=10).brokers.values()
    yield address_book.load(kafka_port=broker.port, registry_port=9, data=tmp_path)
    keeper.flush(1)


@pytest.fixture
def until() -> Callable[..., None]:
    """Wait for a condition, at most `within_s` seconds."""

    def wait(condition: Callable[[], bool], within_s: float = 30.0) -> None:
        deadline_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline_s, "the condition did not come about"
            time.sleep(0.01)

    return wait


@pytest.fixture
def read_all(
    read_raw: Callable[..., list[tuple[bytes, bytes]]],
) -> Callable[..., list[tuple[bytes, dict[str, Any]]]]:
    """Read the reports of a topic from its beginning until `count` messages came."""

    def read(settings: Settings, count: int) -> list[tuple[bytes, dict[str, Any]]]:
        return [(key, records.decode(value)) for key, value in read_raw(settings, count)]

    return read


@pytest.fixture
def read_raw() -> Callable[..., list[tuple[bytes, bytes]]]:
    """Read the messages of a topic from its beginning until `count` came."""

    def read(settings: Settings, count: int) -> list[tuple[bytes, bytes]]:
        own = {"group.id": "reader", "auto.offset.reset": "earliest", "enable.auto.commit": False}
        reader = Consumer({**client_config(settings), **own})
        parts = reader.list_topics("flights", timeout=10).topics["flights"].partitions
        reader.assign([TopicPartition("flights", p, 0) for p in parts])
        found: list[tuple[bytes, bytes]] = []
        while len(found) < count:
            for message in reader.consume(count, timeout=10):
                assert message.error() is None
                found.append((message.key(), message.value()))
        reader.close()
        return found

    return read
