"""The thread that keeps a widget's browsers up to date: it knows messages, no charts."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from flightlib.errors import StreamError
from flightlib.live import Flight, Freshness, Stream
from flightlib.widgets.sources import Source

Message = tuple[dict[str, Any], list[bytes]]
HEARTBEAT_S = 2.0  # a word at least so often: the browser calls 5 s of silence by its name
UNSEEN_S = 20.0  # a widget that nobody sees for so long lets go of its stream
UNASKED_AT_S = (0.4, 2.0, 5.0)
"""Seconds after it was shown when a widget sends everything unasked: a kernel that is busy with
the next cells may not hear the browser ask."""


class Pump:
    """Send a widget's frames, from one thread, for as long as anybody looks.

    `setup` gives the message a browser needs first, `frame` the message for a picture.
    """

    def __init__(
        self,
        source: Source,
        send: Callable[[dict[str, Any], list[bytes]], None],
        setup: Callable[[], Message],
        frame: Callable[[Mapping[str, Flight]], Message],
    ) -> None:
        self._source, self._send, self._setup, self._frame = source, send, setup, frame
        self._gate = threading.Lock()
        self._news = threading.Event()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._asked = False  # for everything, from the start
        self._due: list[float] = []
        self._audience: dict[str, int] = {}  # views by browser, as the browsers tell
        self._shown = False
        self._seen_at = time.monotonic()

    def start(self) -> None:
        """Follow the stream and send; a pump that runs already goes on."""
        with self._gate:
            self._seen_at = time.monotonic()
            if self._thread is None and not self._stopping:
                run = threading.Thread(target=self._run, name="flightlib-widget", daemon=True)
                self._thread = run
                # A kernel that ends while a large message is under way complains loudly.
                atexit.register(self.stop)
                run.start()

    def stop(self) -> None:
        """End for good, with a last word to the browsers; stopping twice is harmless."""
        with self._gate:
            thread, self._stopping = self._thread, True
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
        stream = self._open()
        forget = stream.on_change(lambda _: self._news.set())
        sent: Mapping[str, Flight] | None = None
        try:
            while not self._ended():
                self._news.wait(HEARTBEAT_S if not self._due else 0.2)
                self._news.clear()
                if self._everything_is_due():
                    self._send(*self._setup())
                    sent = None
                if self._shown:
                    sent = self._tell(stream, sent)
            self._say_goodbye(stream.freshness)
        finally:
            forget()
            with self._gate:
                self._let_go()

    def _tell(self, stream: Stream, sent: Mapping[str, Flight] | None) -> Mapping[str, Flight]:
        """Send the newest picture, or only a word when the browsers have it already."""
        flights = stream.flights
        message, buffers = self._frame(flights) if flights is not sent else ({"type": "word"}, [])
        self._send({**message, "freshness": asdict(stream.freshness)}, buffers)
        return flights

    def _open(self) -> Stream:
        """Follow the stream again after a rest; without a backend, wait until there is one."""
        while True:
            try:
                return self._source.open()
            except StreamError:
                if self._stopping:
                    return self._source.stream
                self._news.wait(HEARTBEAT_S)

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
            over = self._stopping or now - self._seen_at > UNSEEN_S
            if over:
                self._let_go()
            return over

    def _let_go(self) -> None:
        """Leave the stream and make room for a next thread: once, and under the gate."""
        if self._thread is threading.current_thread():
            self._thread = None
            self._source.close()

    def _say_goodbye(self, told: Freshness) -> None:
        if self._stopping and self._shown:
            last = asdict(told) | {"state": "disconnected", "message": "Closed", "ended": True}
            self._send({"type": "word", "freshness": last}, [])
