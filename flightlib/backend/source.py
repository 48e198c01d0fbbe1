"""What the backend needs of whoever reads a topic for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from flightlib.kafka import KafkaState, Received


class Source(Protocol):
    """What a channel needs of the reader of its topic (`flightlib.kafka.Follower` is one)."""

    caught_up: threading.Event
    poison: int
    lag: int
    position: dict[int, int]
    state: KafkaState

    def refuse(self, why: str) -> None:
        """Count a report that cannot be shown."""

    def end(self) -> None:
        """Begin to stop reading, without waiting."""

    def close(self) -> None:
        """Stop reading; returns when nothing of it runs any more."""


Follow = Callable[[str, Callable[[list[Received]], None], Callable[[KafkaState], None]], Source]
