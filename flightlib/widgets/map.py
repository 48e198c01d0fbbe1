"""The live map: aircraft that move on land drawn by Lets-Plot, fed by a stream of flights."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from flightlib import charts
from flightlib.live import Flight, to_frame
from flightlib.widgets.aircraft import Aircraft
from flightlib.widgets.ground import place
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Snapshot, caption
from flightlib.widgets.stream_widget import StreamWidget


class LiveMap(StreamWidget):
    """Watch flights move: `LiveMap("/flights/sse")` as a cell's last line.

    `url` is a stream's path on this kernel's backend, or a full address; `every` is seconds
    between frames (0.25 to 5). `region` is a preset, or (west, south, east, north)
    in degrees. `colour` is "status", "phase" or "region" (cells of 5 by 5 degrees; neighbours
    differ). `theme` is "auto" (follow JupyterLab), "dark" or "light"; `height` is pixels.
    `markers` is "arrows" (what "auto" means: they show the heading) or "points" (drawn by
    Lets-Plot itself). What else is given filters the stream: `bbox`, `status`, `min_altitude` and
    `max_altitude` (feet), `delayed`.

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
        **filters: Any,
    ) -> None:
        self._aircraft = Aircraft(region, colour, markers)
        super().__init__(url, every, theme, height, filters)

    def _content(self) -> dict[str, Any]:
        return self._aircraft.content()

    def _frame(self, flights: Mapping[str, Flight]) -> Message:
        return self._aircraft.frame(flights, time.time_ns() // 1_000_000)

    def _draw(self, theme: str) -> Snapshot:
        flights, told = to_frame(self.stream.flights), self.freshness
        region = self._aircraft.region
        title = f"{told.flights:,} flights{place(region)}"
        figure = charts.flight_map(
            *(flights, self._aircraft.colour, region, theme),
            title=title,
            caption=caption(told),
        )
        return Snapshot(charts.svg(figure), f"{title} · {caption(told)}")
