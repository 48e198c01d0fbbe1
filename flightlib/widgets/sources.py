"""What a widget follows: a stream of flights, a query or a job, behind the same few words."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from math import inf
from typing import Any, Protocol

from flightlib.errors import FlightlibError
from flightlib.live import Stream
from flightlib.widgets.protocols import Job, JobFacts, Query, is_whole, trouble
from flightlib.widgets.shares import Share

FIRST_PICTURE_S = 5.0  # how long a changed filter waits for its first picture
RATE_OVER_S = 5.0


class Source(Protocol):
    """Something a pump can follow; `beat_s` is how often to look at it at least."""

    beat_s: float

    def open(self) -> None:
        """Follow it; raises StreamError when that cannot be done now."""

    def close(self) -> None:
        """Let go of it; twice is harmless."""

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back, from any thread, when something is new; returns what ends that."""

    def picture(self) -> Any:
        """Give what is to be drawn: another object whenever it has changed."""

    def told(self) -> dict[str, Any]:
        """Say how it stands, as the browser's status line reads it."""


class StreamSource:
    """A stream of flights, shared with whoever asks the same; its filters can be changed."""

    beat_s = inf

    def __init__(self, url: str, every: float, filters: Mapping[str, Any]) -> None:
        self._where = url, every
        self._lock = threading.RLock()
        self._share = Share(url, every, dict(filters))
        self.filters = dict(filters)
        self._hear: Callable[[], None] | None = None
        self._forget: Callable[[], None] = _nothing

    @property
    def stream(self) -> Stream:
        """The stream that is followed now."""
        return self._share.stream

    def open(self) -> None:
        """Follow the stream; raises StreamError without a backend, or when it refuses."""
        with self._lock:
            self._share.open()

    def close(self) -> None:
        """Let go; the stream ends with its last follower."""
        with self._lock:
            self._share.close()

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every event of the stream, also of one that takes its place."""
        with self._lock:
            self._hear = callback
            self._forget = self.stream.on_change(lambda _: callback())
        return self._deafen

    def _deafen(self) -> None:
        with self._lock:
            self._forget()
            self._hear, self._forget = None, _nothing

    def picture(self) -> Any:
        """Give the newest flights."""
        return self.stream.flights

    def told(self) -> dict[str, Any]:
        """Say how fresh they are."""
        return asdict(self.stream.freshness)

    def change(self, filters: Mapping[str, Any]) -> None:
        """Take other filters; the old stream is shown until the new one has its first picture.

        Raises StreamError for filters that are not allowed, and then leaves the old ones.
        """
        new = Share(*self._where, dict(filters))
        new.open()
        new.stream.wait_for(lambda s: s.freshness.state != "connecting", FIRST_PICTURE_S)
        with self._lock:
            old, self._share, self.filters = self._share, new, dict(filters)
            hear, resting = self._hear, not old.is_open
            if hear:
                self._deafen()
                self.listen(hear)
        old.close()
        if resting:
            new.close()
        if hear:
            hear()


class QuerySource:
    """A running query; it belongs to whoever made it, so letting go does not end it."""

    beat_s = 1.0

    def __init__(self, query: Query) -> None:
        self.query, self._rate = query, Rate()
        self.stopper = Stopper(query.stop)

    def open(self) -> None:
        """A query runs already."""

    def close(self) -> None:
        """A query runs on."""

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back after every change of the query."""
        return self.query.on_change(lambda _: callback())

    def picture(self) -> Any:
        """Give the newest rows."""
        return self.query.rows

    def told(self) -> dict[str, Any]:
        """Say how the query stands."""
        query, now_ms = self.query, time.time_ns() // 1_000_000
        total, running = query.total, query.running
        age_s = max(0.0, (now_ms - query.changed_ms) / 1000) if query.changed_ms else None
        return {
            "state": query.state,
            "message": self.stopper.note or query.message,
            "trouble": bool(self.stopper.note or trouble(query)),
            "whole": is_whole(query),
            "total": total,
            "rows_per_s": self._rate.after(total, time.monotonic()) if running else 0.0,
            "age_s": age_s,
            "ended": not running,
        }


class JobSource:
    """A job of the cluster, asked anew each second by whoever shows it."""

    beat_s = 1.0

    def __init__(self, job: Job) -> None:
        self.job = job
        self.stopper = Stopper(job.stop)

    def open(self) -> None:
        """A job runs by itself."""

    def close(self) -> None:
        """A job runs on."""

    def listen(self, _callback: Callable[[], None]) -> Callable[[], None]:
        """A job says nothing by itself."""
        return _nothing

    def picture(self) -> JobFacts:
        """Ask the cluster for the facts."""
        return self.job.facts()

    def told(self) -> dict[str, Any]:
        """Say what went wrong with stopping it, if anything did."""
        return {"state": "live", "message": self.stopper.note}


class Rate:
    """How fast a number grows, over the last few seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def after(self, total: int, at_s: float) -> float:
        """Note the number as it is now, and give its growth per second."""
        self._seen.append((at_s, total))
        while len(self._seen) > 2 and self._seen[1][0] <= at_s - RATE_OVER_S:
            self._seen.popleft()
        (began_s, first), gone_s = self._seen[0], at_s - self._seen[0][0]
        return max(0.0, (total - first) / gone_s) if gone_s and began_s < at_s else 0.0


class Stopper:
    """Stop a query or a job aside, so that nobody waits; `note` says what went wrong."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act, self.note = act, ""

    def start(self) -> None:
        """Begin to stop, in a thread of its own."""
        threading.Thread(target=self._run, name="flightlib-stopper", daemon=True).start()

    def _run(self) -> None:
        try:
            self._act()
            self.note = ""
        except FlightlibError as error:
            self.note = str(error)


def _nothing() -> None:
    """Forget nothing: there was nothing to forget."""
