"""Answers at hand: the newest to each question, within bounds of number and of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flightlib.lake import Question, Window

ENTRIES = 512
MOST_BYTES = 128 * 1024 * 1024
CELL_BYTES = 60
"""About what one cell of a row takes in Python."""


@dataclass
class Entry:
    """One answer: its rows, and its bytes in each format that was asked for."""

    window: Window
    rows: Sequence[Sequence[Any]]
    bodies: dict[str, bytes] = field(default_factory=dict)
    source: str = "miss"
    """How it was come by: asked of Trino (miss), or worked out from the rows at hand (rows)."""

    @property
    def weight(self) -> int:
        """About how much memory it takes."""
        cells = len(self.rows) * len(self.rows[0]) if self.rows else 0
        return cells * CELL_BYTES + sum(map(len, self.bodies.values()))


class Cache:
    """Holds one answer per question, the newest; who was not asked for longest goes first."""

    def __init__(self, entries: int = ENTRIES, most_bytes: int = MOST_BYTES) -> None:
        self._entries, self._most_bytes = entries, most_bytes
        self._held: OrderedDict[Question, Entry] = OrderedDict()
        self._weights: dict[Question, int] = {}

    def __len__(self) -> int:
        return len(self._held)

    @property
    def bytes_held(self) -> int:
        """About how much memory all of it takes."""
        return sum(self._weights.values())

    def get(self, question: Question) -> Entry | None:
        """Find the answer to a question, of whatever snapshot."""
        if question in self._held:
            self._held.move_to_end(question)
        return self._held.get(question)

    def put(self, question: Question, entry: Entry) -> None:
        """Keep an answer, unless a newer one is held; call it again when the answer has grown."""
        held = self._held.get(question)
        if held is not None and _order(held.window) > _order(entry.window):
            return
        self._held[question] = entry
        self._held.move_to_end(question)
        self._weights[question] = entry.weight
        while self._held and self._too_much():
            gone, _ = self._held.popitem(last=False)
            del self._weights[gone]

    def drop(self, question: Question) -> None:
        """Forget an answer: what it tells of was taken back."""
        if self._held.pop(question, None) is not None:
            del self._weights[question]

    def _too_much(self) -> bool:
        return len(self._held) > self._entries or self.bytes_held > self._most_bytes


def _order(window: Window) -> tuple[Any, ...]:
    return (window.snapshot.committed_ms if window.snapshot else 0, window.until)
