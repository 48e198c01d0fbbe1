"""Follow one stream in the background, and come back by itself whenever it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import httpx
import orjson
from httpx_sse import EventSource, ServerSentEvent, SSEError, aconnect_sse

from flightlib.errors import StreamError
from flightlib.live import link
from flightlib.live.picture import Flight, Freshness, Link, Picture

logger = logging.getLogger(__name__)

FIRST_ANSWER_S = 5.0
FIRST_RETRY_S, SLOWEST_RETRY_S = 0.25, 4.0


class Stream:
    """Follow a stream of flights in the background.

    `url` is a full address, or a path such as `/flights/sse` on this kernel's own backend.
    `every` is seconds between pictures; the filters are those of the backend: `bbox` (west,
    south, east, north in degrees), `status`, `region`, `min_altitude` and `max_altitude` (feet),
    `delayed`. Raises StreamError for a filter that does not exist.
    """

    def __init__(self, url: str = "/flights/sse", every: float = 1.0, **filters: Any) -> None:
        self.url, self.every = url, every
        self._query = link.query(every, filters)
        self._lock = threading.RLock()
        self._changed = threading.Condition()
        self._callbacks: list[Callable[[Stream], None]] = []
        self._thread: threading.Thread | None = None
        self._ending: threading.Thread | None = None
        self._forget()

    def _forget(self) -> None:
        self._picture = Picture()
        self._link = Link("connecting", "", _now_ms())
        self._refused: StreamError | None = None
        self._answered = threading.Event()
        self._last_id, self._retry_s = "", FIRST_RETRY_S

    def start(self) -> Stream:
        """Connect, and keep connected until `stop`; a stream that runs already goes on.

        Raises StreamError when there is no backend, or when it refuses the parameters. A backend
        that does not answer is no error: the stream says `disconnected` and tries again.
        """
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                link.address(self.url)
                _join(self._ending)
                self._forget()
                self._loop = asyncio.new_event_loop()
                self._task = self._loop.create_task(self._follow())
                run = threading.Thread(target=self._run, name="flightlib-stream", daemon=True)
                self._thread = run
                run.start()
        self._answered.wait(FIRST_ANSWER_S)
        if self._refused is not None:
            self.stop()
            raise self._refused
        return self

    def stop(self) -> None:
        """Disconnect and end the background thread; stopping twice is harmless."""
        with self._lock:
            if self._thread is None:
                return
            self._ending, self._thread = self._thread, None
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._task.cancel)
        _join(self._ending)
        with self._lock:
            if self._thread is None:
                self._say("disconnected", "The stream was stopped.")

    @property
    def running(self) -> bool:
        """Say whether the stream is being followed."""
        return self._thread is not None

    @property
    def flights(self) -> Mapping[str, Flight]:
        """The newest picture: flight_id to flight. It never changes; ask again for a newer one."""
        return self._picture.flights

    @property
    def freshness(self) -> Freshness:
        """Say how fresh the picture is, as of now."""
        quiet_s, filtered = max(10.0, 4 * self.every), len(self._query) > 1
        return self._picture.freshness(self._link, quiet_s, _now_ms(), filtered)

    def on_change(self, callback: Callable[[Stream], None]) -> Callable[[], None]:
        """Call back after every event, in the stream's own thread; returns what ends that."""
        self._callbacks.append(callback)

        def forget() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return forget

    def wait_for(self, predicate: Callable[[Stream], bool], timeout_s: float = 15.0) -> bool:
        """Wait until something holds for this stream; False when it did not in time."""
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout_s)

    def __repr__(self) -> str:
        return f"<Stream {self.url} · {self.freshness}>"

    def _run(self) -> None:
        """Own one event loop for as long as the stream is followed."""
        try:
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(self._task)
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()
            self._answered.set()

    async def _follow(self) -> None:
        """Connect again and again; end only when the very first answer is a refusal."""
        while True:
            try:
                pause_s = await self._connect()
            except (httpx.HTTPError, SSEError, OSError) as error:
                pause_s = self._lost(link.in_words(error))
            except StreamError as error:
                if not self._answered.is_set():
                    self._refused = error
                    return
                pause_s = self._lost(str(error))
            await asyncio.sleep(pause_s)

    async def _connect(self) -> float:
        """Follow one connection to its end; return how many seconds to wait for the next."""
        url = link.address(self.url)
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        async with (
            link.client(url) as client,
            aconnect_sse(client, "GET", url, params=self._query, headers=headers) as source,
        ):
            status = source.response.status_code
            if status == httpx.codes.SERVICE_UNAVAILABLE:
                wait_s = link.pause_s(source.response.headers)
                self._say("disconnected", f"The backend is full; trying again in {wait_s:.0f} s.")
                return wait_s
            if 400 <= status < 500:
                raise link.refusal(url, status, await source.response.aread())
            source.response.raise_for_status()
            self._say("live", "")
            await self._listen(source)
        return self._lost("The backend ended the stream")

    async def _listen(self, source: EventSource) -> None:
        async for event in source.aiter_sse():
            if event.data:
                self._take(event)

    def _take(self, event: ServerSentEvent) -> None:
        """Change the picture by one event; raises SSEError when it cannot be one of ours."""
        try:
            data = orjson.loads(event.data)
            self._picture = self._picture.after(event.event, data, _now_ms())
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SSEError(f"an event is not understood: {event.data[:60]!r}") from None
        self._last_id = event.id or self._last_id
        self._retry_s = FIRST_RETRY_S
        self._say("live", "")

    def _lost(self, why: str) -> float:
        """Say that the connection is gone; return the growing wait before the next try."""
        self._say("disconnected", f"{why}; trying again.")
        wait_s, self._retry_s = self._retry_s, min(self._retry_s * 2, SLOWEST_RETRY_S)
        return wait_s

    def _say(self, state: Literal["live", "disconnected"], message: str) -> None:
        """Note how the connection stands, and tell everyone who waits or listens."""
        since = self._link.since_ms if state == self._link.state else _now_ms()
        self._link = Link(state, message, since)
        self._answered.set()
        with self._changed:
            self._changed.notify_all()
        for callback in tuple(self._callbacks):
            try:
                callback(self)
            except Exception:  # a listener's mistake must not end the stream for the others
                logger.exception("A listener of %s failed", self.url)


def _join(thread: threading.Thread | None) -> None:
    """Wait for a thread to end, unless it is the one that asks."""
    if thread is not None and thread is not threading.current_thread():
        thread.join()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
