"""What every Kafka client of flightlib shares: its configuration, its log, its clock."""

from __future__ import annotations

import logging
import time
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from flightlib.errors import EngineDown
from flightlib.kafka import security
from flightlib.settings import Settings

log = logging.getLogger("flightlib.kafka")
# librdkafka speaks of every reconnect; its voice goes to a logger of its own, quiet by default.
library_log = logging.getLogger("flightlib.kafka.librdkafka")
library_log.addHandler(logging.NullHandler())
library_log.propagate = False

ANSWER_S = 4.0
"""How long Kafka may take to answer a first question before it counts as down, seconds."""


def now_ms() -> int:
    """Tell the time as flight reports do: milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def client_config(settings: Settings, **extra: Any) -> dict[str, Any]:
    """Build a librdkafka configuration that finds Kafka again within a second of its return."""
    return {
        "bootstrap.servers": settings.kafka,
        **security.client_options(settings),
        "client.id": "flightlib",
        "reconnect.backoff.ms": 100,
        "reconnect.backoff.max.ms": 1000,
        "socket.connection.setup.timeout.ms": 5000,
        **{name.replace("_", "."): value for name, value in extra.items()},
    }


def admin(settings: Settings) -> AdminClient:
    """Make a client for questions about topics."""
    return AdminClient(client_config(settings), logger=library_log)


def answers(settings: Settings, timeout_s: float = 2.0) -> bool:
    """Ask Kafka for its brokers and topics; say whether an answer came in time."""
    try:
        return bool(admin(settings).list_topics(timeout=timeout_s).brokers)
    except KafkaException:
        return False


def down(settings: Settings) -> EngineDown:
    """Build the error that says Kafka is not answering; of one elsewhere, why if it tells.

    That takes a moment: it is asked once more, to hear what it says.
    """
    return security.reason(settings)
