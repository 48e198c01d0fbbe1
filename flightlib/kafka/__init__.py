"""Kafka: topics and schemas made and checked, reports published and followed, messages counted."""

from flightlib.kafka.client import answers, now_ms
from flightlib.kafka.consumer import Follower, KafkaState, Received
from flightlib.kafka.ledger import PublisherStatus
from flightlib.kafka.meter import Meter
from flightlib.kafka.poison import send_poison
from flightlib.kafka.publisher import Publisher, stop_all
from flightlib.kafka.registry import register, writer_schema
from flightlib.kafka.topics import TOPICS, ensure_topics, message_count, topics, watermarks

__all__ = [
    "TOPICS",
    "Follower",
    "KafkaState",
    "Meter",
    "Publisher",
    "PublisherStatus",
    "Received",
    "answers",
    "ensure_topics",
    "message_count",
    "now_ms",
    "register",
    "send_poison",
    "stop_all",
    "topics",
    "watermarks",
    "writer_schema",
]
