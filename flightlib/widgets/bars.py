"""Live bars: how many flights there are of each kind, counted anew with every frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flightlib import charts
from flightlib.errors import SettingError, not_allowed
from flightlib.live import Flight, to_frame
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Snapshot, caption
from flightlib.widgets.stream_widget import StreamWidget


class LiveBars(StreamWidget):
    """Watch flights being counted: `LiveBars("/flights/sse", by="status")`.

    `by` is "status", "phase", "region", "operator", "aircraft_type", "origin" or "destination";
    the other arguments are those of `LiveMap`. Raises SettingError for an argument that is not
    allowed, StreamError when there is no backend or it refuses a filter.
    """

    def __init__(
        self,
        url: str = "/flights/sse",
        by: str = "status",
        every: float = 1.0,
        height: int = 260,
        theme: str = "auto",
        **filters: Any,
    ) -> None:
        if by not in charts.GROUPINGS:
            raise SettingError(not_allowed("by", by, charts.GROUPINGS))
        self._by = by
        super().__init__(url, every, theme, height, filters)

    def _content(self) -> dict[str, Any]:
        return {"kind": "plot", "source": "flights"}

    def _frame(self, flights: Mapping[str, Flight]) -> Message:
        table = to_frame(flights)
        specs = {t: charts.spec(charts.bars(table, self._by, t)) for t in charts.PALETTES}
        number = charts.counts(table, self._by)
        words = ", ".join(
            f"{charts.label(str(name), self._by)} {count:,}" for name, count in number.items()
        )
        return {"type": "frame", "specs": specs, "words": words}, []

    def _draw(self, theme: str) -> Snapshot:
        told = self.freshness
        table = to_frame(self.stream.flights)
        figure = charts.bars(table, self._by, theme, caption=caption(told))
        words = f"{told.flights:,} flights by {self._by} · {caption(told)}"
        return Snapshot(charts.svg(figure), words)
