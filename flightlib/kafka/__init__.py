"""Kafka: topics and schemas made and checked, reports published and followed, messages counted."""

from flightlib.kafka.baton import has_publisher
from flightlib.kafka.client import answers, now_ms
from flightlib.kafka.consumer import Follower, KafkaState, Received
from flightlib.kafka.ledger import PublisherStatus
from flightlib.kafka.meter import Meter
from flightlib.kafka.offsets import (
    Poison,
    after_poison,
    commit,
    committed,
    find_poison,
    offsets_at,
    past_poison,
)
from flightlib.kafka.poison import send_poison
from flightlib.kafka.publisher import Publisher, stop_all
from flightlib.kafka.reader import Reader, Taken
from flightlib.kafka.registry import register, writer_schema
from flightlib.kafka.topics import TOPICS, empty, ensure_topics, message_count, topics, watermarks

__all__ = [
    "TOPICS",
    "Follower",
    "KafkaState",
    "Meter",
    "Poison",
    "Publisher",
    "PublisherStatus",
    "Reader",
    "Received",
    "Taken",
    "after_poison",
    "answers",
    "commit",
    "committed",
    "empty",
    "ensure_topics",
    "find_poison",
    "has_publisher",
    "message_count",
    "now_ms",
    "offsets_at",
    "past_poison",
    "register",
    "send_poison",
    "stop_all",
    "topics",
    "watermarks",
    "writer_schema",
]
