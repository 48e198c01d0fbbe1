"""Something that runs in a thread of its own, and that others listen to or wait for."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)


class Heard:
    """What runs in a thread of its own has in common: listeners, and those who wait."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[Any], None]] = []
        self._changed = threading.Condition()

    def on_change(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        """Call back after every change, in its own thread; returns what ends that."""
        self._callbacks.append(callback)

        def forget() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return forget

    def wait_for(self, predicate: Callable[[Any], bool], timeout_s: float = 60.0) -> bool:
        """Wait until something holds for this; False when it did not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout_s)

    def _tell(self) -> None:
        """Tell everyone who waits or listens that something is new."""
        for callback in tuple(self._callbacks):
            try:
                callback(self)
            except Exception:  # a listener's mistake must not end it for the others
                logger.exception("A listener failed")
        with self._changed:
            self._changed.notify_all()
