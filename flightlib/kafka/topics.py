"""The topics of flightlib: made once, checked every time, counted when asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import TimeoutError as AnswerTimeout
from dataclasses import dataclass
from typing import TypeVar

import tenacity
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    ConfigResource,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from flightlib.errors import FlightlibError, SettingError, TopicError, not_allowed
from flightlib.kafka.client import ANSWER_S, admin, down
from flightlib.settings import Settings, load

T = TypeVar("T")

RETENTION_MS = 3_600_000
# Kafka deletes whole closed segments only; without this an hour's retention would keep a week.
SEGMENT_MS = 600_000
AWAY = {KafkaError._TRANSPORT, KafkaError._TIMED_OUT, KafkaError._ALL_BROKERS_DOWN}
# What Kafka says of a topic that was made, or moved, a moment ago.
PASSING = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
}


@dataclass(frozen=True, slots=True)
class Topic:
    """What a topic should be: its name, partitions, its messages, how long it keeps them."""

    name: str
    partitions: int
    record: str  # the schema's file in flightlib/avro
    retention_ms: int = RETENTION_MS


FLIGHTS = Topic("flights", 8, "flight_report")
PROCESSED = Topic("processed_flights", 4, "processed_flight")
TOPICS = {topic.name: topic for topic in (FLIGHTS, PROCESSED)}


def planned(name: str) -> Topic:
    """Find a topic of flightlib by name, or raise SettingError naming those there are."""
    if name not in TOPICS:
        raise SettingError(not_allowed("A topic", name, TOPICS))
    return TOPICS[name]


def topics(settings: Settings | None = None) -> dict[str, int]:
    """List the topics Kafka has, with their number of partitions.

    Raises EngineDown when Kafka does not answer.
    """
    return _partitions(admin(settings or load()), settings or load())


def _partitions(client: AdminClient, settings: Settings) -> dict[str, int]:
    try:
        found = client.list_topics(timeout=ANSWER_S).topics
    except KafkaException:
        raise down(settings) from None
    return {name: len(topic.partitions) for name, topic in found.items()}


def ensure_topics(settings: Settings | None = None) -> dict[str, Topic]:
    """Create the topics that are missing and check those that exist; twice is harmless.

    Raises EngineDown when Kafka does not answer, TopicError when a topic is not as it should be.
    """
    settings = settings or load()
    client = admin(settings)
    found = _partitions(client, settings)
    there = [topic for topic in TOPICS.values() if topic.name in found]
    kept = _retention(client, settings, [topic.name for topic in there])
    for topic in there:
        remedy = CHANGED if settings.elsewhere("kafka") else REMADE
        check(topic, found[topic.name], kept[topic.name], remedy)
    _create(client, settings, [topic for topic in TOPICS.values() if topic.name not in found])
    return TOPICS


REMADE = "Empty the engines with `flightlib reset` and start again; it deletes their data."
CHANGED = "Change the topic on its cluster, or delete it there: flightlib then makes it."


def check(topic: Topic, partitions: int, retention_ms: int, remedy: str = REMADE) -> None:
    """Compare a topic as found with its plan; raise TopicError saying what differs."""
    wrong = []
    if partitions != topic.partitions:
        wrong.append(f"{partitions} partitions, expected {topic.partitions}")
    if retention_ms != topic.retention_ms:
        wrong.append(f"retention.ms={retention_ms}, expected {topic.retention_ms}")
    if wrong:
        raise TopicError(f"Topic {topic.name} has {' and '.join(wrong)}. {remedy}")


def _create(client: AdminClient, settings: Settings, wanted: Iterable[Topic]) -> None:
    new = [
        NewTopic(
            topic.name,
            num_partitions=topic.partitions,
            # Somebody else's cluster has a number of copies of its own.
            replication_factor=-1 if settings.elsewhere("kafka") else 1,
            config={"retention.ms": str(topic.retention_ms), "segment.ms": str(SEGMENT_MS)},
        )
        for topic in wanted
    ]
    if not new:
        return
    for name, made in client.create_topics(new, operation_timeout=ANSWER_S).items():
        try:
            made.result(ANSWER_S)
        except AnswerTimeout:
            raise down(settings) from None
        except KafkaException as error:
            # Another process made it in the same moment, to the same plan.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise _unanswered(settings, error, f"does not create topic {name}") from None


def _retention(client: AdminClient, settings: Settings, names: list[str]) -> dict[str, int]:
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]

    def question() -> dict[str, int]:
        asked = client.describe_configs(resources) if resources else {}
        return {r.name: int(a.result(ANSWER_S)["retention.ms"].value) for r, a in asked.items()}

    return _ask(settings, question)


def watermarks(topic: str, settings: Settings | None = None) -> dict[int, tuple[int, int]]:
    """Tell the first and the next offset of each partition of a topic.

    Raises EngineDown when Kafka does not answer, TopicError when the topic does not exist.
    """
    settings = settings or load()
    client = admin(settings)
    found = _partitions(client, settings)
    if topic not in found:
        raise TopicError(
            f"Kafka has no topic {topic!r}; it has: {', '.join(sorted(found)) or 'none'}. "
            "Publish reports with `flightlib generate`, which makes the topics."
        )
    parts = [TopicPartition(topic, p) for p in range(found[topic])]
    low = _offsets(client, settings, parts, OffsetSpec.earliest())
    high = _offsets(client, settings, parts, OffsetSpec.latest())
    return {p: (low[p], high[p]) for p in low}


def _offsets(
    client: AdminClient, settings: Settings, parts: list[TopicPartition], spec: OffsetSpec
) -> dict[int, int]:
    def question() -> dict[int, int]:
        asked = client.list_offsets(dict.fromkeys(parts, spec), request_timeout=ANSWER_S)
        return {part.partition: a.result(ANSWER_S).offset for part, a in asked.items()}

    return _ask(settings, question)


def message_count(topic: str = "flights", settings: Settings | None = None) -> int:
    """Count the messages ever written to a topic, those past their retention included."""
    return sum(high for _, high in watermarks(topic, settings).values())


def empty(topic: str, settings: Settings | None = None) -> None:
    """Delete every message of a topic; what is written next has the offsets that come next.

    Raises EngineDown when Kafka does not answer, TopicError when the topic does not exist.
    """
    settings = settings or load()
    ends = watermarks(topic, settings)
    parts = [TopicPartition(topic, p, high) for p, (_, high) in ends.items()]
    client = admin(settings)

    def request() -> None:
        for asked in client.delete_records(parts, request_timeout=ANSWER_S).values():
            asked.result(ANSWER_S)

    _ask(settings, request)


def _ask(settings: Settings, question: Callable[[], T]) -> T:
    """Put a question until Kafka has an answer; silence means that it is down."""
    patient = tenacity.Retrying(
        retry=tenacity.retry_if_exception(_passes),
        stop=tenacity.stop_after_delay(ANSWER_S),
        wait=tenacity.wait_fixed(0.1),
        reraise=True,
    )
    try:
        return patient(question)
    except AnswerTimeout:
        raise down(settings) from None
    except KafkaException as error:
        raise _unanswered(settings, error, "cannot tell about its topics") from None


def _passes(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in PASSING


def _unanswered(settings: Settings, error: KafkaException, what: str) -> FlightlibError:
    """Build the error for a question that Kafka did not answer well."""
    if error.args[0].code() in AWAY:
        return down(settings)
    return TopicError(f"Kafka {what}: {error.args[0].str()}. Try again in a moment.")
