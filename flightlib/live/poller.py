"""Ask one thing again and again in the background, one question at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from flightlib.errors import FlightlibError
from flightlib.flink import Heard

logger = logging.getLogger(__name__)
T = TypeVar("T")
REST_PER_WORK = 2.0
"""A slow question is asked less often: the rest is at least so many times as long as the work."""


class Poller(Heard, Generic[T]):
    """Keep the last good answer, and say in one line why there is no newer one.

    `ask` gives the answer, the very same object when nothing has changed, None before there is
    any; it is called every `beat_s` seconds, never twice at once. What it raises becomes the
    `trouble`; the next good answer ends that.
    """

    def __init__(self, ask: Callable[[], T | None], beat_s: float) -> None:
        super().__init__()
        self._ask, self._beat_s = ask, beat_s
        self._due = threading.Event()
        self._over: threading.Event | None = None
        self.newest: T | None = None
        self.trouble = ""

    @property
    def running(self) -> bool:
        """Whether it asks at all."""
        return self._over is not None

    def start(self) -> None:
        """Begin to ask; one that asks already goes on."""
        with self._changed:
            if self._over is None:
                over = self._over = threading.Event()
                name, mine = "flightlib-poller", (over,)
                threading.Thread(target=self._run, args=mine, name=name, daemon=True).start()

    def stop(self) -> None:
        """Ask no more; an answer still under way is not taken. Twice is harmless."""
        with self._changed:
            if self._over is not None:
                self._over.set()
                self._over = None
        self._due.set()

    def wake(self) -> None:
        """Ask at once: the question has changed."""
        self._due.set()

    def _run(self, over: threading.Event) -> None:
        while not over.is_set():
            self._due.clear()
            began_s = time.monotonic()
            self._note(over, *self._try())
            took_s = time.monotonic() - began_s
            if not over.is_set():
                self._due.wait(max(self._beat_s, REST_PER_WORK * took_s))

    def _try(self) -> tuple[T | None, str]:
        try:
            return self._ask(), ""
        except FlightlibError as error:
            return self.newest, str(error)
        except Exception as error:  # else the line would go on as if all were well
            logger.exception("A question failed")
            return self.newest, f"The answer is not understood: {error!r}"

    def _note(self, over: threading.Event, answer: T | None, trouble: str) -> None:
        with self._changed:
            if over.is_set() or (answer is self.newest and trouble == self.trouble):
                return
            self.newest, self.trouble = answer, trouble
        self._tell()
