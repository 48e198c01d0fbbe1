"""Following a topic: recent reports, poison counted, states told, on librdkafka's own cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from confluent_kafka import Producer

from flightlib import records
from flightlib.errors import EngineDown, RecordError, TopicError
from flightlib.kafka import Follower, KafkaState, Received, answers
from flightlib.kafka.client import client_config
from flightlib.kafka.schemas import ASK_AGAIN_S, Decoder
from flightlib.records import FlightReport
from flightlib.settings import Settings, load

Make = Callable[..., FlightReport]


@contextmanager
def following(settings: Settings) -> Iterator[tuple[Follower, list[Received], list[KafkaState]]]:
    """Follow `flights`; yield the follower, what it delivered and the states it told."""
    got: list[Received] = []
    told: list[KafkaState] = []
    follower = Follower("flights", settings, got.extend, told.append, decode=records.decode)
    try:
        yield follower, got, told
    finally:
        follower.close()


def send(settings: Settings, *payloads: bytes) -> None:
    """Write raw messages to `flights`."""
    producer = Producer(client_config(settings))
    for payload in payloads:
        producer.produce("flights", payload)
    assert producer.flush(10) == 0


def test_poison_is_counted_and_the_stream_goes_on(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """Bytes that are no report are passed over; the good ones around them arrive."""
    good = records.encode(make_report(), 1)
    send(small_cluster, good)
    with following(small_cluster) as (follower, got, _):
        until(lambda: follower.state.kafka == "up")
        send(small_cluster, b"", b"junk", b"\x00\x00\x00\x00\x01junk", good, good[:-3], good)
        until(lambda: len(got) >= 2 and follower.poison >= 4)
        assert follower.poison == 4
        assert got[-1].report["flight_id"] == "UAL1"
        assert "flights partition" in follower.last_poison


def test_a_position_counts_what_was_delivered(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """Once all is read, the positions come to what Kafka holds, poison included."""
    send(small_cluster, *[records.encode(make_report(), 1)] * 5, b"junk")
    with following(small_cluster) as (follower, got, _):
        until(lambda: sum(follower.position.values()) == 6)
        before = len(got)
        send(small_cluster, *[records.encode(make_report(), 1)] * 3, b"junk")
        until(lambda: sum(follower.position.values()) == 10)
        assert len(got) == before + 3


def test_a_topic_that_appears_later_is_picked_up(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """The state is "waiting" until the topic exists, then "up", with no one's help."""
    with following(small_cluster) as (follower, got, told):
        until(lambda: follower.state.kafka == "waiting" and follower.caught_up.is_set())
        assert "flightlib generate" in follower.state.message
        send(small_cluster, records.encode(make_report(), 1))
        until(lambda: follower.state.kafka == "up")
        send(small_cluster, records.encode(make_report(flight_id="AAL2"), 1))
        until(lambda: any(r.report["flight_id"] == "AAL2" for r in got))
        assert [state.kafka for state in told] == ["waiting", "up"]


def test_kafka_away_is_told_in_one_line(until: Callable[..., None]) -> None:
    """Without Kafka the state is "down", says what to type, and closing does not hang."""
    with following(load(kafka_port=1)) as (follower, got, _):
        until(lambda: follower.state.kafka == "down")
        assert follower.state.message.startswith("Kafka is not answering on 127.0.0.1:1.")
        assert follower.caught_up.is_set()
        assert got == []
    assert not answers(load(kafka_port=1), timeout_s=0.3)


def test_a_listener_that_fails_once_is_tried_again(
    make_report: Make, small_cluster: Settings, until: Callable[..., None]
) -> None:
    """An unforeseen failure is told and logged, and reading begins anew by itself."""
    got: list[Received] = []
    told: list[KafkaState] = []

    def deliver(batch: list[Received]) -> None:
        if not any("failed" in state.message for state in told):
            raise ZeroDivisionError("the first batch cannot be had")
        got.extend(batch)

    send(small_cluster, records.encode(make_report(), 1))
    follower = Follower("flights", small_cluster, deliver, told.append, decode=records.decode)
    try:
        until(follower.caught_up.is_set)
        send(small_cluster, records.encode(make_report(flight_id="AAL2"), 1))
        until(lambda: "the first batch cannot be had" in follower.state.message)
        until(lambda: follower.state.kafka == "up")
        send(small_cluster, records.encode(make_report(flight_id="DAL3"), 1))
        until(lambda: bool(got))
    finally:
        follower.close()


def test_each_message_is_read_by_its_own_writers_schema(make_report: Make) -> None:
    """A schema with one more field is fetched once and used; ours is not forced upon it."""
    longer = records.schema_text().rstrip().rstrip("}").rstrip().rstrip("]")
    longer += ', {"name": "gate", "type": ["null", "string"], "default": null}]}'
    asked = []

    def fetch(schema_id: int, _settings: Settings) -> str:
        asked.append(schema_id)
        return longer if schema_id == 2 else records.schema_text()

    decoder = Decoder(load(), fetch=fetch)
    payload = records.encode(make_report(), 2) + b"\x02\x06A12"
    assert decoder(payload)["gate"] == "A12"
    assert decoder(payload)["flight_id"] == "UAL1"
    assert decoder(records.encode(make_report(), 1))["callsign"] == "UAL1"
    assert asked == [2, 1]


def test_junk_ids_do_not_flood_the_registry(make_report: Make) -> None:
    """An id the registry does not know is asked for once in a while, and refused meanwhile."""
    asked, now = [], [0.0]

    def fetch(schema_id: int, _settings: Settings) -> str:
        asked.append(schema_id)
        raise TopicError("The registry knows no schema 99.")

    decoder = Decoder(load(), fetch=fetch, clock=lambda: now[0])
    for _ in range(5):
        with pytest.raises(RecordError, match="no schema 99"):
            decoder(records.encode(make_report(), 99))
    assert asked == [99]
    now[0] += ASK_AGAIN_S
    with pytest.raises(RecordError):
        decoder(records.encode(make_report(), 99))
    assert asked == [99, 99]


def test_reports_are_read_while_the_registry_is_down(make_report: Make) -> None:
    """A missing registry does not stop the map: a message is then read as a flight report."""

    def fetch(_schema_id: int, _settings: Settings) -> str:
        raise EngineDown("The Schema Registry", "127.0.0.1:1")

    decoder = Decoder(load(), fetch=fetch)
    assert decoder(records.encode(make_report(), 5))["flight_id"] == "UAL1"
