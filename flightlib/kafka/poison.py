"""`send_poison`: put a message that is no flight report into a topic, to see who survives it."""

from __future__ import annotations

from confluent_kafka import KafkaError, Message, Producer

from flightlib.kafka.client import ANSWER_S, client_config, down, library_log
from flightlib.kafka.topics import planned
from flightlib.settings import Settings, load


def send_poison(
    topic: str = "flights",
    payload: bytes = b"this is not a flight report",
    settings: Settings | None = None,
) -> str:
    """Send raw bytes to a topic, wait until Kafka has them, and tell where they lie.

    Raises SettingError for a topic flightlib does not have, EngineDown when Kafka does not answer.
    """
    settings = settings or load()
    name = planned(topic).name
    places: list[str] = []

    def written(error: KafkaError | None, message: Message) -> None:
        if error is None:
            places.append(f"{name}, partition {message.partition()}, offset {message.offset()}")

    timeout_ms = int(ANSWER_S * 1000)
    config = {**client_config(settings), "acks": "all", "message.timeout.ms": timeout_ms}
    producer = Producer(config, logger=library_log)
    producer.produce(name, payload, on_delivery=written)
    producer.flush(ANSWER_S + 1)
    if not places:
        raise down(settings)
    return places[0]
