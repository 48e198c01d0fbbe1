"""Live lines over time: something measured of a stream's flights, or a query's rows."""

from __future__ import annotations

from typing import Any

from flightlib import charts
from flightlib.errors import SettingError, StreamError
from flightlib.widgets import lines
from flightlib.widgets.live_widget import LiveWidget
from flightlib.widgets.protocols import Query
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Snapshot


class LiveLine(LiveWidget):
    """Watch a number over time: `LiveLine("/processed_flights/sse", y="delay")`.

    Of a stream, `y` is measured over the flights of each picture: "delay" (mean, minutes),
    "delayed" (share with 15 minutes or more, %), "altitude" (mean, feet) or "flights" (count), for
    the last `window_s` seconds; `by` is "region" or "status". What else is given filters the
    stream. Of a running query, `x`, `y` and `by` are columns: `LiveLine(query, x="window_end",
    y="mean_altitude", by="region")`. Of many lines the busiest six are drawn. Times are UTC.

    Raises SettingError for an argument or a column that is not allowed, StreamError when there is
    no backend or it refuses a filter.
    """

    def __init__(
        self,
        source: str | Query = "/processed_flights/sse",
        x: str | None = None,
        y: str = "delay",
        by: str | None = None,
        every: float = 1.0,
        window_s: float = 600,
        height: int = 300,
        theme: str = "auto",
        **filters: Any,
    ) -> None:
        self._source: lines.FlightLines | lines.QueryLines
        if isinstance(source, str):
            if x is not None:
                raise SettingError(f"x cannot be {x!r}; of a stream, x is time: leave it out.")
            self._source = lines.of_flights(source, y, by, every, window_s, filters)
        elif isinstance(source, Query):
            self._source = lines.QueryLines(source, x, y, by)
            if filters:
                self._source.change(filters)
        else:
            raise SettingError(f"Lines are drawn of a stream's path or a query, not {source!r}.")
        super().__init__(self._source, theme, height)

    def _content(self) -> dict[str, Any]:
        return {"kind": "plot", "source": self._source.kind}

    def _frame(self, picture: Any) -> Message:
        drawn = self._source.drawing(picture)
        if drawn.points.empty:
            return {"type": "frame", "specs": {}, "words": "nothing yet"}, []
        figures = {t: self._figure(drawn, t) for t in charts.PALETTES}
        specs = {theme: charts.spec(figure) for theme, figure in figures.items()}
        return {"type": "frame", "specs": specs, "words": drawn.title}, []

    def _figure(self, drawn: lines.Drawing, theme: str, caption: str = "") -> Any:
        return charts.lines(
            drawn.points, self._source.by, theme, title=drawn.title, caption=caption
        )

    @property
    def filters(self) -> dict[str, Any]:
        """What the stream is limited to; nothing of a query."""
        return dict(getattr(self._source, "filters", {}))

    def filter(self, **filters: Any) -> None:
        """Limit the stream to these filters, instead of those before; the lines begin anew.

        Raises StreamError for a filter that is not allowed, SettingError for lines of a query.
        """
        if self._closed:
            raise StreamError("This widget is closed. Make a new one with these filters.")
        self._source.change(filters)

    def snapshot(self, within_s: float = 15.0) -> Snapshot:
        """Keep the lines as they are now: they stay in the notebook when the kernel is gone.

        Waits up to `within_s` seconds for flights or a first row. Raises StreamError, saying why,
        when none came.
        """
        if not self._closed:
            self._pump.start()
            self._source.open()
        caption = self._source.wait(within_s)
        drawn = self._source.drawing(self._source.picture())
        if drawn.points.empty:
            raise StreamError(f"Nothing of {drawn.title!r} is known: there is no line to draw.")
        figure = self._figure(drawn, self._worn, caption)
        return Snapshot(charts.svg(figure), f"{drawn.title} · {caption}")

    def _line(self) -> str:
        told = self._source.told()
        return f"{told['state']} · {self._source.drawing(self._source.picture()).title}"
