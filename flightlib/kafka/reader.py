"""Read a topic message by message in the caller's own thread, each with its place in Kafka."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from confluent_kafka import (
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    Message,
    TopicPartition,
)

from flightlib.errors import RecordError
from flightlib.kafka.client import client_config, library_log
from flightlib.kafka.schemas import Decoder, OneByOne, payloads_of
from flightlib.settings import Settings

BATCH = 5000


class Taken(NamedTuple):
    """One message: where it lies, when it was written (epoch ms), and the report if it is one."""

    partition: int
    offset: int
    written_ms: int | None
    report: dict[str, Any] | None


class Reader:
    """Reads a topic from given offsets (partition: offset) on; no group, nothing is committed.

    While Kafka is away nothing comes, and reading goes on when it is back. `reached` tells where
    a partition had no more: the next offset, past what is no message (a transaction's marker).
    """

    def __init__(
        self,
        topic: str,
        start: Mapping[int, int],
        settings: Settings,
        decode: Callable[[bytes], dict[str, Any]] | None = None,
    ) -> None:
        self._decoder = OneByOne(decode) if decode else Decoder(settings)
        self.reached: dict[int, int] = {}
        own = {
            "group.id": "flightlib-reader",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
        self._consumer = Consumer({**client_config(settings), **own}, logger=library_log)
        self._consumer.assign([TopicPartition(topic, p, offset) for p, offset in start.items()])

    def take(self, wait_s: float) -> list[Taken]:
        """Give what has come, after at most so many seconds."""
        messages = []
        for message in self._consumer.consume(BATCH, wait_s):
            error = message.error()
            if error is None:
                messages.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                self.reached[message.partition() or 0] = message.offset() or 0
        return list(map(_taken, messages, self._decoder.all(payloads_of(messages))))

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()


def _taken(message: Message, report: dict[str, Any] | RecordError) -> Taken:
    kind, written_ms = message.timestamp()
    known = kind != TIMESTAMP_NOT_AVAILABLE
    where = message.partition() or 0, message.offset() or 0
    told = None if isinstance(report, RecordError) else report
    return Taken(*where, written_ms if known else None, told)
