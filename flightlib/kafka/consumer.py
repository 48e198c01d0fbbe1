"""Follow a topic from the last minute on, for a live picture: no group, no commits, no end."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from confluent_kafka import (
    OFFSET_INVALID,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from flightlib import calls
from flightlib.errors import EngineDown, RecordError
from flightlib.kafka import security
from flightlib.kafka.client import client_config, library_log, log, now_ms
from flightlib.kafka.schemas import Decoder, OneByOne, payloads_of
from flightlib.settings import Settings

BATCH = 1000
POLL_S = 0.05
QUIET_MS = 1000
PROBE_S = 2.0
RETRY_S = 1.0
COUNT_MS = 500  # so often the lag is counted, from what Kafka said along with the last messages


class Received(NamedTuple):
    """A decoded message, and when it arrived (epoch ms); for a backlog, when it was produced."""

    report: dict[str, Any]
    received_ms: int


class KafkaState(NamedTuple):
    """Whether a topic can be followed, and one line for a person."""

    kafka: Literal["up", "down", "waiting"]
    message: str


Deliver = Callable[[list[Received]], None]
Tell = Callable[[KafkaState], None]


class Follower:
    """Reads a topic in a thread of its own and hands over decoded reports in batches.

    It starts at what was produced `back_s` seconds ago, so a picture is complete at once. `tell`
    hears the state when it changes: "down" while Kafka does not answer, "waiting" while the topic
    does not exist, else "up"; it finds its way back by itself. A message that is no flight report
    is counted in `poison` and passed over. `position` has the offset each partition is read up to:
    all before it was delivered; `lag` is how many messages Kafka has beyond. `deliver` and `tell`
    are called from the thread.
    """

    def __init__(
        self,
        topic: str,
        settings: Settings,
        deliver: Deliver,
        tell: Tell,
        back_s: float = 60.0,
        decode: Callable[[bytes], dict[str, Any]] | None = None,
    ) -> None:
        self.topic, self.poison, self.last_poison = topic, 0, ""
        self.state = KafkaState("waiting", f"Connecting to Kafka on {settings.kafka}.")
        self.caught_up = threading.Event()
        self._settings, self._back_ms = settings, int(back_s * 1000)
        self._deliver, self._tell = deliver, tell
        self._decoder = OneByOne(decode) if decode else Decoder(settings)
        self._next: dict[int, int] = {}
        self._behind: dict[int, int] = {}
        self.position: dict[int, int] = {}
        self.lag = self._asked_ms = self._counted_ms = 0
        self._closing = threading.Event()
        self._refusal: EngineDown | None = None
        self._consumer = self._connect()
        self._thread = threading.Thread(target=self._run, name=f"follow-{topic}", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Begin to stop reading, without waiting."""
        self._closing.set()

    def close(self) -> None:
        """Stop reading and leave Kafka; returns when the thread has ended."""
        self.end()
        self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._step()
            except Exception as error:
                log.exception("following %s failed", self.topic)
                self._say("down", f"Reading {self.topic} failed and is tried again: {error}.")
                self._start_over()
        self._consumer.close()

    def _start_over(self) -> None:
        """Forget everything but what was counted, and begin anew in a second."""
        self._consumer.close()
        self._closing.wait(RETRY_S)
        self._consumer = self._connect()
        self._next, self._behind = {}, {}

    def _connect(self) -> Consumer:
        self._refusal = None
        return _consumer(self._settings, self._on_error)

    def _on_error(self, error: KafkaError) -> None:
        """Remember why Kafka lets nobody in, if it says so."""
        if self._settings.elsewhere("kafka") and security.tells(error):
            self._refusal = security.explained(self._settings, error)

    def _step(self) -> None:
        if self._next:
            messages = self._consumer.consume(BATCH, POLL_S)
            good = [m for m in messages if m.error() is None]
            if good:
                self._receive(good)
        else:
            self._closing.wait(POLL_S)
        now = now_ms()
        if now - self._asked_ms >= QUIET_MS:
            self._ask()
        if now - self._counted_ms >= COUNT_MS:
            self._count_lag(now)

    def _count_lag(self, now: int) -> None:
        self._counted_ms = now
        ends = ((self._known_end(p), following) for p, following in self._next.items())
        self.lag = sum(max(0, end - following) for end, following in ends)

    def _known_end(self, partition: int) -> int:
        """Give the end of a partition as told along with its last messages; nothing is asked."""
        part = TopicPartition(self.topic, partition)
        found = self._consumer.get_watermark_offsets(part, cached=True)
        return int(found[1]) if found else 0

    def _receive(self, messages: list[Message]) -> None:
        self._asked_ms, self._refusal = now_ms(), None
        told = map(self._read, messages, self._decoder.all(payloads_of(messages)))
        batch = [received for received in told if received is not None]
        self._say("up", f"Kafka is up; {self.topic} is being read.")
        if batch:
            self._deliver(batch)
        self.position = dict(self._next)
        if not self._behind:
            self.caught_up.set()

    def _read(self, message: Message, report: dict[str, Any] | RecordError) -> Received | None:
        partition, following = message.partition() or 0, (message.offset() or 0) + 1
        received_ms = self._asked_ms
        if partition in self._behind:
            kind, produced_ms = message.timestamp()
            if kind != TIMESTAMP_NOT_AVAILABLE:
                received_ms = min(received_ms, produced_ms)
            if following >= self._behind[partition]:
                del self._behind[partition]
        self._next[partition] = following
        if not isinstance(report, RecordError):
            return Received(report, received_ms)
        self.refuse(f"{self.topic} partition {partition} offset {following - 1}: {report}")
        return None

    def refuse(self, why: str) -> None:
        """Count a message that is no flight report, and log the first of them."""
        self.poison += 1
        self.last_poison = why
        if self.poison == 1:
            log.warning("Passed over a message that is no flight report: %s", why)

    def _say(self, kafka: Literal["up", "down", "waiting"], message: str) -> None:
        before, self.state = self.state, KafkaState(kafka, message)
        if before != self.state:
            self._tell(self.state)

    def _ask(self) -> None:
        """When nothing comes: is Kafka there, does the topic exist, are we on all partitions?"""
        try:
            found = self._consumer.list_topics(timeout=PROBE_S).topics.get(self.topic)
            if found is not None and self._astray(set(found.partitions)):
                self._assign(sorted(found.partitions))
        except KafkaException as error:
            log.debug("no answer about %s: %s", self.topic, error)
            if not self._next:
                self._consumer.poll(0)  # else nobody would hear of the reason
            self._say("down", str(self._refusal or calls.down(self._settings, "kafka")))
            self.caught_up.set()
        else:
            self._refusal = None
            self._report_found(found is not None)
        self._asked_ms = now_ms()

    def _astray(self, partitions: set[int]) -> bool:
        """Say whether reading should begin anew: after an outage, or when offsets do not add up.

        When all is quiet everything has been read. If it has not, or more was read than there is,
        the topic was made anew under the same name and Kafka's client may be long in noticing.
        """
        if self.state.kafka != "up" or partitions != set(self._next):
            return True
        return any(self._ends(p)[1] != following for p, following in self._next.items())

    def _report_found(self, exists: bool) -> None:
        if exists:
            self._say("up", f"Kafka is up; {self.topic} is being read.")
            if not self._behind:
                self.caught_up.set()
            return
        self._consumer.unassign()
        self._next = {}
        self._say(
            "waiting",
            f"Kafka has no topic {self.topic} yet. Publish reports with `flightlib generate`.",
        )
        self.caught_up.set()

    def _assign(self, partitions: list[int]) -> None:
        """Read all partitions: from where reading stopped if that still exists, else by time."""
        timed = [TopicPartition(self.topic, p, now_ms() - self._back_ms) for p in partitions]
        ends = {p: self._ends(p) for p in partitions}
        by_time = self._consumer.offsets_for_times(timed, timeout=PROBE_S)
        start = {}
        for part in by_time:
            low, high = ends[part.partition]
            here = self._next.get(part.partition, OFFSET_INVALID)
            recent = part.offset if part.offset >= 0 else high
            start[part.partition] = here if low <= here <= high else recent
        self._consumer.assign([TopicPartition(self.topic, p, at) for p, at in start.items()])
        self._next, self.position = start, dict(start)
        self._behind = {p: ends[p][1] for p, at in start.items() if at < ends[p][1]}

    def _ends(self, partition: int) -> tuple[int, int]:
        part = TopicPartition(self.topic, partition)
        low, high = self._consumer.get_watermark_offsets(part, timeout=PROBE_S)
        return int(low), int(high)


def _consumer(settings: Settings, on_error: Callable[[KafkaError], None]) -> Consumer:
    config = client_config(settings, fetch_wait_max_ms=100)
    own = {
        # librdkafka wants a group's name; nothing is ever committed to it.
        "group.id": f"flightlib-{uuid.uuid4()}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # Offsets that are gone mean the topic was made anew: all of it is recent.
        "auto.offset.reset": "earliest",
        "error_cb": on_error,
    }
    return Consumer({**config, **own}, logger=library_log)
