"""Looks again and again, and keeps the last seconds, so that rates can be told."""

from __future__ import annotations

from collections import deque

from flightlib.errors import FlightlibError
from flightlib.observe.backend import ask
from flightlib.observe.figures import Figures, Seen, figures
from flightlib.observe.look import look
from flightlib.settings import HOST, Settings

OVER_S = 10.0
"""Rates and latencies are those of about so many seconds."""


class Watcher:
    """Looks at the engines of `settings` and at a backend, the settings' own if none is named."""

    def __init__(self, settings: Settings, url: str | None = None) -> None:
        self._settings = settings
        self._url = (url or f"http://{HOST}:{settings.backend_port}").rstrip("/")
        self._seen: deque[Seen] = deque()

    def step(self) -> Figures:
        """Look once, and give the figures; those of the first look have no rates."""
        now = self._look()
        self._seen.append(now)
        while len(self._seen) > 2 and now.look.at_s - self._seen[1].look.at_s >= OVER_S:
            self._seen.popleft()
        return figures(self._seen[0], now)

    def _look(self) -> Seen:
        found = look(self._settings)
        try:
            return Seen(found, ask(self._url))
        except FlightlibError as error:
            return Seen(found, None, str(error))
