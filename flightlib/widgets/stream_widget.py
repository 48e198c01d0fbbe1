"""A live widget on a stream of flights: how fresh it is, its still picture, its filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flightlib.errors import StreamError
from flightlib.live import Freshness, Stream
from flightlib.widgets.live_widget import LiveWidget
from flightlib.widgets.snapshot import Snapshot, await_flights
from flightlib.widgets.sources import StreamSource


class StreamWidget(LiveWidget):
    """A stream joined to a picture; subclasses say what the picture is."""

    def __init__(
        self, url: str, every: float, theme: str, height: int, filters: Mapping[str, Any]
    ) -> None:
        self._source = StreamSource(url, every, filters)
        super().__init__(self._source, theme, height)

    def _draw(self, theme: str) -> Snapshot:
        """Draw the newest picture once and for all."""
        raise NotImplementedError

    @property
    def stream(self) -> Stream:
        """The stream behind the picture."""
        return self._source.stream

    @property
    def freshness(self) -> Freshness:
        """How fresh the picture is, as of now."""
        return self.stream.freshness

    @property
    def filters(self) -> dict[str, Any]:
        """What the stream is limited to."""
        return dict(self._source.filters)

    def filter(self, **filters: Any) -> None:
        """Limit the stream to these filters, instead of those before; without any, to none.

        The view stays, and the old picture too until the new one is there. Raises StreamError for
        a filter that is not allowed, and then leaves the old ones in place.
        """
        if self._closed:
            raise StreamError("This widget is closed. Make a new one with these filters.")
        self._source.change(filters)

    def snapshot(self, within_s: float = 15.0) -> Snapshot:
        """Take a still picture with its numbers: it stays in the notebook when the kernel is gone.

        Waits up to `within_s` seconds for the first flights. Raises StreamError, saying why, when
        none came.
        """
        if not self._closed:
            self._pump.start()
            self._source.open()
        await_flights(self.stream, within_s)
        return self._draw(self._worn)

    def _line(self) -> str:
        return str(self.freshness)
