"""Use case 1 on real engines: a sky into Kafka, out as a live stream, through every trouble."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from flightlib import backend, records
from flightlib.engines import Local
from flightlib.errors import EngineDown, TopicError
from flightlib.kafka import (
    Follower,
    KafkaState,
    Publisher,
    Received,
    ensure_topics,
    message_count,
    now_ms,
    register,
    topics,
    watermarks,
    writer_schema,
)
from flightlib.kafka.client import admin, client_config
from flightlib.records import FlightReport
from flightlib.settings import Settings
from flightlib.sky import Sky

pytestmark = pytest.mark.stack


def wait_for(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.02)


def a_sky(seconds: float, flights: int = 200) -> Iterator[FlightReport]:
    """Reports of a real sky, all due in the past, so that they go out at once."""
    end_ms = now_ms()
    start_ms = end_ms - int(seconds * 1000)
    return Sky.busy(now_ms(), flights=flights).reports(start_ms, until_ms=end_ms)


def publish_all(reports: Iterator[FlightReport], settings: Settings) -> Any:
    """Publish an iterator to its end; return the final status."""
    publisher = Publisher(reports, settings=settings).start()
    wait_for(lambda: not publisher.status.running)
    return publisher.stop()


@pytest.fixture
def engines(kafka_stack: Settings) -> Iterator[Settings]:
    """Kafka and the registry, running, with topics and schema; whatever a test broke is mended."""
    ensure_topics(kafka_stack)
    register(kafka_stack)
    yield kafka_stack
    Local(kafka_stack).up(["kafka", "registry"])


@pytest.fixture
def running(engines: Settings) -> Iterator[backend.Backend]:
    """The backend of this process on the stack's Kafka."""
    yield backend.start(engines)
    backend.stop()


class Ear(threading.Thread):
    """A client that keeps what it hears, in the background."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._url, self._closed = url, threading.Event()
        self.start()

    def run(self) -> None:
        """Read until the stream ends or the test is over."""
        name = ""
        with (
            httpx.Client(timeout=60, trust_env=False) as client,
            client.stream("GET", self._url) as response,
        ):
            for line in response.iter_lines():
                if self._closed.is_set():
                    return
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    self.events.append((name, json.loads(value)))

    def states(self) -> list[str]:
        """The states of Kafka told so far."""
        return [data["kafka"] for name, data in list(self.events) if name == "state"]

    def flights(self) -> dict[str, dict[str, Any]]:
        """The picture that the events so far add up to."""
        picture: dict[str, dict[str, Any]] = {}
        for name, data in list(self.events):
            if name == "snapshot":
                picture = {}
            if name in ("snapshot", "update"):
                picture.update({f["flight_id"]: f for f in data["flights"]})
                for flight_id in data["gone"]:
                    picture.pop(flight_id, None)
        return picture

    def close(self) -> None:
        """Stop listening at the next line."""
        self._closed.set()


def test_topics_are_made_once_and_checked(engines: Settings) -> None:
    """The topics exist with their partitions; making them again changes nothing."""
    found = topics(engines)
    assert (found["flights"], found["processed_flights"]) == (8, 4)
    ensure_topics(engines)
    assert len(watermarks("flights", engines)) == 8
    with pytest.raises(TopicError, match=r"no topic 'flight'; it has: .*flights"):
        message_count("flight", engines)


def test_a_topic_of_another_shape_is_refused(engines: Settings) -> None:
    """A topic with the wrong number of partitions or retention is described, not used."""
    client = admin(engines)
    wait_for(lambda: _gone(client, "processed_flights"))
    wrong = NewTopic("processed_flights", 1, 1, config={"retention.ms": "60000"})
    client.create_topics([wrong])["processed_flights"].result(30)
    wait_for(lambda: topics(engines).get("processed_flights") == 1)
    with pytest.raises(TopicError, match=r"1 partitions, expected 4 and retention.ms=60000"):
        ensure_topics(engines)
    wait_for(lambda: _gone(client, "processed_flights"))
    ensure_topics(engines)


def _gone(client: Any, topic: str) -> bool:
    if topic in client.list_topics(timeout=10).topics:
        client.delete_topics([topic])[topic].result(30)
        return False
    return True


def test_all_that_is_acknowledged_is_in_the_topic(engines: Settings) -> None:
    """The publisher's count of acknowledged reports is what the topic grew by, to the report."""
    before = message_count("flights", engines)
    status = publish_all(a_sky(seconds=20), engines)
    assert status.errors == 0
    assert status.sent == status.acknowledged > 1000
    assert message_count("flights", engines) - before == status.acknowledged


def test_another_publisher_takes_over_its_topic(engines: Settings) -> None:
    """Starting a second publisher stops the first, which loses nothing."""
    before = message_count("flights", engines)
    sky = Sky.busy(now_ms(), flights=50, preset="europe")
    first = Publisher(sky.reports(now_ms()), settings=engines).start()
    wait_for(lambda: first.status.acknowledged > 0)
    second = Publisher(sky.reports(now_ms()), settings=engines).start()
    assert not first.status.running
    wait_for(lambda: second.status.acknowledged > 0)
    done = [first.status, second.stop()]
    assert all(s.sent == s.acknowledged for s in done)
    assert message_count("flights", engines) - before == sum(s.sent for s in done)


def test_a_schema_that_breaks_its_readers_is_refused(engines: Settings) -> None:
    """A new field without a default is refused by its path; with one it is accepted."""
    schema_id = register(engines)
    assert register(engines) == schema_id
    assert json.loads(writer_schema(schema_id, engines)) == json.loads(records.schema_text())
    schema = json.loads(records.schema_text())
    fields = schema["fields"]
    schema["fields"] = [*fields, {"name": "gate", "type": "string"}]
    with pytest.raises(TopicError, match=r"flights-value: .*/fields/28.*default"):
        register(engines, schema=json.dumps(schema))
    schema["fields"] = [*fields, {"name": "gate", "type": "string", "default": ""}]
    assert register(engines, schema=json.dumps(schema)) != schema_id
    assert register(engines) == schema_id


def test_a_follower_reads_the_last_minute_then_goes_on(engines: Settings) -> None:
    """One who comes later has the whole sky at once, then what is new; poison is passed over."""
    flights = {r.flight_id for r in a_sky(seconds=10)}
    publish_all(a_sky(seconds=10), engines)
    got: list[Received] = []
    told: list[KafkaState] = []
    follower = Follower("flights", engines, got.extend, told.append)
    try:
        wait_for(follower.caught_up.is_set)
        assert flights <= {r.report["flight_id"] for r in got}
        older = follower.poison  # what other tests left in the last minute
        poison = Producer(client_config(engines))
        for junk in (b"junk", b"\x00\x00\x00\xff\xff" + b"\x01" * 40, None):
            poison.produce("flights", junk)
        assert poison.flush(10) == 0
        count = len(got)
        publish_all(a_sky(seconds=2), engines)
        wait_for(lambda: len(got) > count and follower.poison == older + 3)
        assert told[-1].kafka == "up"
    finally:
        follower.close()


def test_a_sky_reaches_a_client_through_kafka(running: backend.Backend) -> None:
    """What is published arrives as flights of the stream, in the filter asked for."""
    ears = [
        Ear(running.url + "/flights/sse?every=0.25"),
        Ear(running.url + "/flights/sse?every=0.25&min_altitude=35001"),
    ]
    publisher = Publisher(
        Sky.busy(now_ms(), flights=100).reports(now_ms(), interval_s=0.5), settings=running.settings
    ).start()
    wait_for(lambda: len(ears[0].flights()) > 50)
    wait_for(lambda: any(name == "update" for name, _ in list(ears[1].events)))
    told = httpx.get(running.url + "/healthz", trust_env=False).json()
    assert told["ready"]
    assert told["topics"]["flights"]["reports"] > 50
    publisher.stop()
    assert all(f["altitude"] > 35000 for f in ears[1].flights().values())
    assert set(ears[1].flights()) <= set(ears[0].flights())
    for ear in ears:
        ear.close()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_kafka_goes_and_comes_back_while_streaming(running: backend.Backend, how: str) -> None:
    """The stream says "down", then "up", and flights move again; nothing acknowledged is lost."""
    settings = running.settings
    before = message_count("flights", settings)
    ear = Ear(running.url + "/flights/sse?every=0.25")
    publisher = Publisher(
        Sky.busy(now_ms(), flights=100).reports(now_ms()), settings=settings
    ).start()
    wait_for(lambda: len(ear.flights()) > 50)
    if how == "stopped":
        Local(settings).down(["kafka"])
    else:
        _kill_kafka(settings)
    wait_for(lambda: ear.states()[-1] == "down")
    if how == "stopped":
        wait_for(lambda: "Kafka is not answering" in str(publisher))
        wait_for(lambda: publisher.status.lag_s > 2)
        Local(settings).up(["kafka"])
    wait_for(lambda: ear.states()[-1] == "up")
    heard = len(ear.events)
    wait_for(lambda: any(name == "update" for name, _ in ear.events[heard:]))
    wait_for(lambda: publisher.status.lag_s < 2)
    status = publisher.stop(30)
    ear.close()
    assert status.errors == 0
    assert status.sent == status.acknowledged
    assert message_count("flights", settings) - before == status.acknowledged


def _kill_kafka(settings: Settings) -> None:
    (row,) = Local(settings).status(["kafka"])
    assert row.pid is not None

    os.kill(row.pid, signal.SIGKILL)


def test_a_topic_made_anew_is_followed_and_published(running: backend.Backend) -> None:
    """When the topic is deleted under a running sky both sides find the new one by themselves."""
    settings = running.settings
    ear = Ear(running.url + "/flights/sse?every=0.25")
    publisher = Publisher(
        Sky.busy(now_ms(), flights=100).reports(now_ms()), settings=settings
    ).start()
    wait_for(lambda: len(ear.flights()) > 50)
    client = admin(settings)
    client.delete_topics(["flights"])["flights"].result(30)
    wait_for(
        lambda: topics(settings).get("flights") == 8 and message_count("flights", settings) > 0
    )
    heard = len(ear.events)
    wait_for(lambda: any(name == "update" for name, _ in ear.events[heard:]))
    ear.close()
    status = publisher.stop(30)
    assert status.errors == 0
    assert status.sent == status.acknowledged


def test_the_registry_may_go_while_reports_flow(running: backend.Backend) -> None:
    """Publishing and streaming go on without the registry; a new publisher names it."""
    settings = running.settings
    ear = Ear(running.url + "/flights/sse?every=0.25")
    publisher = Publisher(
        Sky.busy(now_ms(), flights=100).reports(now_ms()), settings=settings
    ).start()
    wait_for(lambda: len(ear.flights()) > 50)
    Local(settings).down(["registry"])
    acknowledged, heard = publisher.status.acknowledged, len(ear.events)
    wait_for(lambda: publisher.status.acknowledged > acknowledged)
    wait_for(lambda: any(name == "update" for name, _ in ear.events[heard:]))
    status = publisher.stop()
    ear.close()
    assert status.sent == status.acknowledged
    with pytest.raises(EngineDown, match=r"Schema Registry is not answering.*flightlib up"):
        Publisher(iter([]), settings=settings).start()
