"""What every live widget does: follow a stream, hear its browsers, and stop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget

from flightlib import charts
from flightlib.errors import SettingError, not_allowed
from flightlib.live import Flight, Freshness, Stream
from flightlib.widgets import assets
from flightlib.widgets.pump import Message, Pump
from flightlib.widgets.snapshot import Snapshot, await_flights
from flightlib.widgets.sources import Source

THEMES = ("auto", "dark", "light")
SMALLEST_PX, TALLEST_PX = 120, 4000


class LiveWidget(anywidget.AnyWidget):
    """A stream joined to a picture; subclasses say what the picture is."""

    _esm = assets.read("boot.js")

    def __init__(
        self, url: str, every: float, theme: str, height: int, filters: Mapping[str, Any]
    ) -> None:
        if theme not in THEMES:
            raise SettingError(not_allowed("theme", theme, THEMES))
        if not SMALLEST_PX <= height <= TALLEST_PX:
            raise SettingError(
                f"height cannot be {height!r}; allowed: {SMALLEST_PX} to {TALLEST_PX:,} pixels."
            )
        self._worn = "light" if theme == "light" else "dark"  # until a browser says otherwise
        self._theme, self._height, self._closed = theme, height, False
        self._source = Source(url, every, dict(filters))
        self._source.open()
        super().__init__()
        self._pump = Pump(self._source, self.send, self._setup, self._frame)
        self.on_msg(self._heard)
        self._pump.start()

    def _content(self) -> dict[str, Any]:
        """Give what the picture needs in the browser before the first frame."""
        raise NotImplementedError

    def _frame(self, flights: Mapping[str, Flight]) -> Message:
        """Give one frame of the picture."""
        raise NotImplementedError

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

    def close(self) -> None:
        """Stop following the stream; the last picture stays, and says that it is closed."""
        if hasattr(self, "_pump"):
            self._closed = True
            self._pump.stop()

    def __repr__(self) -> str:
        return f"{type(self).__name__} · {self.freshness}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self._pump.show()
        return super()._repr_mimebundle_(**kwargs)

    def _setup(self) -> Message:
        plot, app = assets.plot_script(), assets.app_script()
        names = {"plot": assets.name_of(plot), "app": assets.name_of(app)}
        shared = {"theme": self._theme, "height": self._height, "css": assets.read("map.css")}
        content = assets.payload({"palettes": assets.palettes(), **shared, **self._content()})
        return {"type": "setup", **names}, [plot, app, content]

    def _heard(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """Take a browser's message; anything unknown is let pass."""
        if self._theme == "auto" and message.get("theme") in tuple(charts.PALETTES):
            self._worn = message["theme"]
        if message.get("type") in ("hello", "roster"):
            self._pump.ask()
        elif message.get("type") == "views":
            count = message.get("count")
            self._pump.count(str(message.get("client")), count if isinstance(count, int) else 0)
