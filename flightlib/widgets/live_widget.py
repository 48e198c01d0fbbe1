"""What every live widget does: follow its source, hear its browsers, and stop."""

from __future__ import annotations

from typing import Any

import anywidget

from flightlib import charts
from flightlib.errors import SettingError, not_allowed
from flightlib.widgets import assets
from flightlib.widgets.pump import Message, Pump
from flightlib.widgets.sources import Source

THEMES = ("auto", "dark", "light")
SMALLEST_PX, TALLEST_PX = 120, 4000


class LiveWidget(anywidget.AnyWidget):
    """Something live joined to a picture; subclasses say what the picture is."""

    _esm = assets.read("boot.js")
    _seen_last = "light"  # the theme a browser told last: a new widget begins with it

    def __init__(self, source: Source, theme: str, height: int) -> None:
        if theme not in THEMES:
            raise SettingError(not_allowed("theme", theme, THEMES))
        if not SMALLEST_PX <= height <= TALLEST_PX:
            raise SettingError(
                f"height cannot be {height!r}; allowed: {SMALLEST_PX} to {TALLEST_PX:,} pixels."
            )
        self._worn = LiveWidget._seen_last if theme == "auto" else theme
        self._theme, self._height, self._closed = theme, height, False
        source.open()
        super().__init__()
        self._pump = Pump(source, self.send, self._setup, self._frame)
        self.on_msg(self._heard)
        self._pump.start()

    def _content(self) -> dict[str, Any]:
        """Give what the picture needs in the browser before the first frame."""
        raise NotImplementedError

    def _frame(self, picture: Any) -> Message:
        """Give one frame of the picture."""
        raise NotImplementedError

    def _line(self) -> str:
        """Say how things stand, in one line."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop following; the last picture stays, and says that it is closed."""
        if hasattr(self, "_pump"):
            self._closed = True
            self._pump.stop()

    def show(self) -> None:
        """Send everything, unasked: this widget is being displayed."""
        self._pump.show()

    def __repr__(self) -> str:
        return f"{type(self).__name__} · {self._line()}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self.show()
        return super()._repr_mimebundle_(**kwargs)

    def _setup(self) -> Message:
        plot, app = assets.plot_script(), assets.app_script()
        names = {"plot": assets.name_of(plot), "app": assets.name_of(app)}
        shared = {"theme": self._theme, "height": self._height, "css": assets.style()}
        content = assets.payload({"palettes": assets.palettes(), **shared, **self._content()})
        return {"type": "setup", **names}, [plot, app, content]

    def _heard(self, _widget: Any, message: dict[str, Any], _buffers: Any) -> None:
        """Take a browser's message; anything unknown is let pass."""
        if self._theme == "auto" and message.get("theme") in tuple(charts.PALETTES):
            self._worn = LiveWidget._seen_last = message["theme"]
        if message.get("type") in ("hello", "roster"):
            self._pump.ask()
        elif message.get("type") == "views":
            count = message.get("count")
            self._pump.count(str(message.get("client")), count if isinstance(count, int) else 0)
        elif message.get("type") == "stop":
            self._stop_pressed()

    def _stop_pressed(self) -> None:
        """Do what the Stop button promises; most widgets have none."""
