"""The thread that keeps a widget's browsers up to date: it knows messages, no charts."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from typing import Any

from flightlib.errors import StreamError
from flightlib.widgets.sources import Source

Message = tuple[dict[str, Any], list[bytes]]
HEARTBEAT_S = 2.0  # a word at least so often: the browser calls 5 s of silence by its name
UNSEEN_S = 20.0  # a widget that nobody sees for so long lets go of its source
PACE_S = 0.2  # from frame to frame at least: a query may change as fast as it likes
REST_SHARE = 0.5  # of the time a frame took, at least: the kernel has other things to do
UNASKED_AT_S = (0.4, 2.0, 5.0)
"""Seconds after it was shown when a widget sends everything unasked: a kernel that is busy with
the next cells may not hear the browser ask."""


def rest_s(spent_s: float) -> float:
    """Say how long to rest after a frame that took so many seconds."""
    return max(PACE_S - spent_s, REST_SHARE * spent_s)


class Pump:
    """Send a widget's frames, from one thread, for as long as anybody looks.

    `setup` gives the message a browser needs first, `frame` the message for a picture.
    """

    def __init__(
        self,
        source: Source,
        send: Callable[[dict[str, Any], list[bytes]], None],
        setup: Callable[[], Message],
        frame: Callable[[Any], Message],
    ) -> None:
        self._source, self._send, self._setup, self._frame = source, send, setup, frame
        self._gate = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._asked = False  # for everything, from the start
        self._due: list[float] = []
        self._audience: dict[str, int] = {}  # views by browser, as the browsers tell
        self._shown = False
        self._seen_at = time.monotonic()

    def start(self) -> None:
        """Follow the source and send; a pump that runs already goes on."""
        with self._gate:
            self._seen_at = time.monotonic()
            if self._thread is None and not self._over.is_set():
                run = threading.Thread(target=self._run, name="flightlib-widget", daemon=True)
                self._thread = run
                # A kernel that ends while a large message is under way complains loudly.
                atexit.register(self.stop)
                run.start()

    def stop(self) -> None:
        """End for good, with a last word to the browsers; stopping twice is harmless."""
        with self._gate:
            thread = self._thread
            self._over.set()
        self._news.set()
        atexit.unregister(self.stop)
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        self._source.close()

    def show(self) -> None:
        """Note that the widget is being displayed: a browser will need everything."""
        now = time.monotonic()
        self._due = [now + later for later in UNASKED_AT_S]
        self._shown = True
        self.start()
        self._news.set()

    def ask(self) -> None:
        """Send everything: a browser has come anew, and the others will say that they are here."""
        self._audience.clear()
        self._due.clear()
        self._asked = self._shown = True
        self.start()
        self._news.set()

    def count(self, browser: str, views: int) -> None:
        """Note how many views one browser shows."""
        self._audience[browser] = views
        if views:
            self.start()

    def _run(self) -> None:
        """Send whatever is new, until stopped or unseen for long."""
        self._open()
        forget = self._source.listen(self._news.set)
        sent: Any = None
        try:
            while not self._ended():
                self._news.wait(self._patience_s())
                self._news.clear()
                if self._everything_is_due():
                    self._send(*self._setup())
                    sent = None
                if self._shown:
                    sent = self._tell(sent)
            self._say_goodbye()
        finally:
            forget()
            with self._gate:
                self._let_go()

    def _patience_s(self) -> float:
        return 0.2 if self._due else min(HEARTBEAT_S, self._source.beat_s)

    def _tell(self, sent: Any) -> Any:
        """Send the newest picture, or only a word when the browsers have it already."""
        began_s = time.monotonic()
        picture = self._source.picture()
        new = picture is not sent
        message, buffers = self._frame(picture) if new else ({"type": "word"}, [])
        stamp = {"freshness": self._source.told(), "sent_ms": time.time_ns() // 1_000_000}
        self._send({**message, **stamp}, buffers)
        if new:
            self._over.wait(rest_s(time.monotonic() - began_s))
        return picture

    def _open(self) -> None:
        """Follow the source again after a rest; without a backend, wait until there is one."""
        while not self._over.is_set():
            try:
                return self._source.open()
            except StreamError:
                self._over.wait(HEARTBEAT_S)
        return None

    def _everything_is_due(self) -> bool:
        now = time.monotonic()
        due = self._asked or any(moment <= now for moment in self._due)
        self._due = [moment for moment in self._due if moment > now]
        self._asked = False
        return due

    def _ended(self) -> bool:
        """Say whether to end; decided under the gate, so that `start` never comes too late."""
        with self._gate:
            now = time.monotonic()
            views = self._audience.values()
            if any(views) or (self._shown and not views):
                self._seen_at = now
            over = self._over.is_set() or now - self._seen_at > UNSEEN_S
            if over:
                self._let_go()
            return over

    def _let_go(self) -> None:
        """Leave the source and make room for a next thread: once, and under the gate."""
        if self._thread is threading.current_thread():
            self._thread = None
            self._source.close()

    def _say_goodbye(self) -> None:
        if self._over.is_set() and self._shown:
            closed = {"state": "disconnected", "message": "Closed", "ended": True}
            last = self._source.told() | closed
            self._send({"type": "word", "freshness": last}, [])
