"""The live map: aircraft that move on land drawn by Lets-Plot, fed by a stream of flights."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from flightlib import charts
from flightlib.errors import SettingError
from flightlib.live import Flight, to_frame
from flightlib.sky import Mark
from flightlib.widgets.aircraft import Aircraft
from flightlib.widgets.ground import place
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Snapshot, caption
from flightlib.widgets.stream_widget import StreamWidget


@runtime_checkable
class Marked(Protocol):
    """What knows something to draw under the aircraft at a time: a sky does."""

    def marks(self, time_ms: int) -> Sequence[Mark]:
        """List the marks at a time (ms since 1970 UTC)."""


class LiveMap(StreamWidget):
    """Watch flights move: `LiveMap("/flights/sse")` as a cell's last line.

    `url` is a stream's path on this kernel's backend, or a full address; `every` is seconds
    between frames (0.25 to 5). `region` is a preset, or (west, south, east, north)
    in degrees. `colour` is "status", "phase" or "region" (cells of 5 by 5 degrees; neighbours
    differ). `theme` is "auto" (follow JupyterLab), "dark" or "light"; `height` is pixels.
    `markers` is "arrows" (what "auto" means: they show the heading) or "points" (drawn by
    Lets-Plot itself). What else is given filters the stream: `bbox`, `status`, `min_altitude` and
    `max_altitude` (feet), `delayed`.

    `marks` is a sky whose disturbances are drawn under the aircraft: the outline of a storm, a
    hold at a hub, the box of an outage.

    Hover an aircraft for its details; click it for its route and its trail; wheel, drag and double
    click zoom, pan and go home; press a word of the legend to hide its flights.

    Raises SettingError for an argument that is not allowed, StreamError when there is no backend
    or it refuses a filter.
    """

    def __init__(
        self,
        url: str = "/flights/sse",
        every: float = 1.0,
        region: str | Sequence[float] = "us",
        colour: str = "status",
        height: int = 520,
        theme: str = "auto",
        markers: str = "auto",
        marks: Marked | None = None,
        **filters: Any,
    ) -> None:
        if marks is not None and not isinstance(marks, Marked):
            raise SettingError(f"marks cannot be {marks!r}; allowed: a sky.")
        self._marked = marks
        self._aircraft = Aircraft(region, colour, markers)
        super().__init__(url, every, theme, height, filters)

    def _content(self) -> dict[str, Any]:
        return self._aircraft.content()

    def _frame(self, flights: Mapping[str, Flight]) -> Message:
        now_ms = time.time_ns() // 1_000_000
        return self._aircraft.frame(flights, now_ms, self._marks(now_ms))

    def _marks(self, now_ms: int) -> Sequence[Mark]:
        return () if self._marked is None else self._marked.marks(now_ms)

    def _draw(self, theme: str) -> Snapshot:
        flights, told = to_frame(self.stream.flights), self.freshness
        region = self._aircraft.region
        title = f"{told.flights:,} flights{place(region)}"
        figure = charts.flight_map(
            *(flights, self._aircraft.colour, region, theme),
            title=title,
            caption=caption(told),
            marks=self._marks(time.time_ns() // 1_000_000),
        )
        return Snapshot(charts.svg(figure), f"{title} · {caption(told)}")
