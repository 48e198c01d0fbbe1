"""What fetching and unpacking tell whoever is watching."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A watcher; its methods are called from several threads.

    A task is an engine's name, or `java 21` and the like.
    """

    def begin(self, task: str, total: int, doing: str) -> None:
        """A task starts doing something that takes `total` bytes: "fetching", "unpacking"."""

    def advance(self, task: str, amount: int) -> None:
        """So many more bytes of a task are done (fewer, if it is negative)."""

    def end(self, task: str) -> None:
        """A task is ready."""

    def say(self, text: str) -> None:
        """Something worth one line happened."""


class Silent:
    """Nobody is watching."""

    def begin(self, task: str, total: int, doing: str) -> None:
        """Say nothing."""

    def advance(self, task: str, amount: int) -> None:
        """Say nothing."""

    def end(self, task: str) -> None:
        """Say nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""
