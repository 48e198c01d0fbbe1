"""Where a group of readers stands in a topic: its offsets, and what it stumbles on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import tenacity
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from flightlib.errors import RecordError, TopicError
from flightlib.kafka.client import ANSWER_S, client_config, down, library_log, log
from flightlib.kafka.schemas import Decoder
from flightlib.kafka.topics import watermarks
from flightlib.settings import Settings

SEARCH_S = 60.0
FIRST_GROUP_S = 30.0  # a new Kafka makes its book of groups when the first one asks
COMING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


@dataclass(frozen=True)
class Poison:
    """A message that is no flight report: where it lies, when it was written, what is wrong."""

    topic: str
    partition: int
    offset: int
    written_ms: int
    why: str

    def __str__(self) -> str:
        """Say it as a person would look for it."""
        return f"message {self.offset} of partition {self.partition} of {self.topic} is not Avro"


_patiently = tenacity.Retrying(
    retry=tenacity.retry_if_exception(
        lambda e: isinstance(e, KafkaException) and e.args[0].code() in COMING
    ),
    stop=tenacity.stop_after_delay(FIRST_GROUP_S),
    wait=tenacity.wait_fixed(0.2),
    reraise=True,
)


@contextmanager
def _reader(settings: Settings, group: str) -> Iterator[Consumer]:
    own = {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"}
    consumer = Consumer({**client_config(settings), **own}, logger=library_log)
    try:
        yield consumer
    except KafkaException as error:
        log.debug("a reader of %s has no answer: %s", group, error)
        raise down(settings) from None
    finally:
        consumer.close()


def committed(settings: Settings, group: str, topic: str) -> dict[int, int]:
    """Tell the next offset each partition's reader would take, as far as the group has said.

    Raises EngineDown, or TopicError for a topic that does not exist.
    """
    partitions = [TopicPartition(topic, p) for p in watermarks(topic, settings)]
    with _reader(settings, group) as consumer:
        told = _patiently(lambda: consumer.committed(partitions, timeout=ANSWER_S))
    return {part.partition: part.offset for part in told if part.offset >= 0}


def commit(settings: Settings, group: str, topic: str, offsets: Mapping[int, int]) -> None:
    """Let a group that nobody reads for begin at these offsets. Raises EngineDown."""
    places = [TopicPartition(topic, p, offset) for p, offset in offsets.items()]
    with _reader(settings, group) as consumer:
        _patiently(lambda: consumer.commit(offsets=places, asynchronous=False))


def offsets_at(settings: Settings, topic: str, moment_ms: int) -> dict[int, int]:
    """Tell each partition's first offset written at a moment (epoch ms) or later.

    Raises EngineDown, or TopicError for a topic that does not exist.
    """
    ends = watermarks(topic, settings)
    asked = [TopicPartition(topic, p, moment_ms) for p in ends]
    with _reader(settings, "flightlib-look") as consumer:
        told = consumer.offsets_for_times(asked, timeout=ANSWER_S)
    return {p.partition: p.offset if p.offset >= 0 else ends[p.partition][1] for p in told}


def find_poison(settings: Settings, topic: str, start: Mapping[int, int]) -> Poison | None:
    """Find a message from `start` on (partition: offset) that is no Avro of the registry's.

    Raises EngineDown.
    """
    decoder = Decoder(settings)
    quick = next(_search(settings, topic, start, decoder.recognise), None)
    return quick or next(_search(settings, topic, start, decoder), None)


def after_poison(
    settings: Settings, topic: str, moment_ms: int
) -> tuple[dict[int, int], list[Poison]]:
    """Tell where to read a topic from a moment on so that no poison is met.

    Gives each partition's offset, and the poison that moved some of them on. It looks at the
    first bytes of each message alone, which is many times as fast. Raises EngineDown.
    """
    return past_poison(settings, topic, offsets_at(settings, topic, moment_ms))


def past_poison(
    settings: Settings, topic: str, start: Mapping[int, int]
) -> tuple[dict[int, int], list[Poison]]:
    """Do the same from offsets on (partition: offset)."""
    found = list(_search(settings, topic, start, Decoder(settings).recognise))
    return {**start, **{poison.partition: poison.offset + 1 for poison in found}}, found


def _search(
    settings: Settings, topic: str, start: Mapping[int, int], judge: Callable[[bytes], object]
) -> Iterator[Poison]:
    """Go through a topic to its present end; yield what is poison.

    Raises TopicError when that takes longer than SEARCH_S seconds.
    """
    ends = {p: high for p, (_, high) in watermarks(topic, settings).items()}
    left = {p: ends[p] for p, offset in start.items() if offset < ends[p]}
    deadline = time.monotonic() + SEARCH_S
    with _reader(settings, "flightlib-look") as consumer:
        consumer.assign([TopicPartition(topic, p, start[p]) for p in left])
        while left:
            if time.monotonic() > deadline:
                raise TopicError(
                    f"{topic} holds more than can be looked through for messages that are not "
                    f"Avro in {SEARCH_S:.0f} s. Begin later, for example with `--since 5m`."
                )
            for message in consumer.consume(10_000, 0.1):
                partition, offset = message.partition() or 0, message.offset() or 0
                if message.error() is None and (why := _fault(message, judge)):
                    yield Poison(topic, partition, offset, message.timestamp()[1], why)
                if offset + 1 >= left.get(partition, 0):
                    left.pop(partition, None)


def _fault(message: Message, judge: Callable[[bytes], object]) -> str:
    value = message.value()
    try:
        judge(value if isinstance(value, bytes) else b"")
    except RecordError as error:
        return str(error)
    return ""
