"""Streams shared among widgets: two that ask the same question follow one connection."""

from __future__ import annotations

import threading
from typing import Any

from flightlib.live import Stream

_lock = threading.Lock()
_shared: dict[str, tuple[Stream, int]] = {}


class Share:
    """A widget's share of a stream: `open` follows it, `close` lets go, the last one ends it.

    Raises StreamError, on `open`, when there is no backend or it refuses the parameters.
    """

    def __init__(self, url: str, every: float, filters: dict[str, Any]) -> None:
        self._new = Stream(url, every=every, **filters)
        self._key = repr((url, every, sorted(filters.items())))
        self.is_open = False

    @property
    def stream(self) -> Stream:
        """The stream itself, shared or not."""
        return _shared.get(self._key, (self._new, 0))[0]

    def open(self) -> None:
        """Follow the stream, together with whoever follows it already."""
        with _lock:
            stream, users = _shared.get(self._key, (self._new, 0))
            stream.start()
            if not self.is_open:
                _shared[self._key] = (stream, users + 1)
                self.is_open = True

    def close(self) -> None:
        """Let go; the stream ends with its last follower."""
        with _lock:
            if not self.is_open:
                return
            self.is_open = False
            stream, users = _shared[self._key]
            if users > 1:
                _shared[self._key] = (stream, users - 1)
                return
            del _shared[self._key]
            self._new = stream  # its last picture stays readable
        stream.stop()
