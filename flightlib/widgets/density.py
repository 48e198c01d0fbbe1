"""The live density map: how many flights there are in each cell of the sky."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flightlib import charts
from flightlib.errors import SettingError
from flightlib.live import Flight, to_frame
from flightlib.widgets.ground import ground, place
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Snapshot, caption
from flightlib.widgets.stream_widget import StreamWidget


class LiveDensity(StreamWidget):
    """Watch where flights crowd: `LiveDensity("/flights/sse")` as a cell's last line.

    The sky is cut into cells of `cell` by `cell` degrees (0.25 to 10), each coloured by the number
    of flights in it. Hover a cell for its number; wheel, drag and double click zoom, pan and go
    home. The other arguments are those of `LiveMap`.

    Raises SettingError for an argument that is not allowed, StreamError when there is no backend
    or it refuses a filter.
    """

    def __init__(
        self,
        url: str = "/flights/sse",
        every: float = 1.0,
        region: str | Sequence[float] = "us",
        height: int = 520,
        theme: str = "auto",
        cell: float = 1.0,
        **filters: Any,
    ) -> None:
        if not charts.CELLS[0] <= cell <= charts.CELLS[1]:
            low, high = charts.CELLS
            raise SettingError(f"cell cannot be {cell!r}; allowed: {low:g} to {high:g} degrees.")
        charts.box_of(region)
        self._region = region if isinstance(region, str) else tuple(region)
        self._cell = cell
        super().__init__(url, every, theme, height, filters)

    def _content(self) -> dict[str, Any]:
        specs = {theme: charts.spec(charts.tiles(theme)) for theme in charts.PALETTES}
        return {
            "kind": "density",
            "cell": self._cell,
            "tileSpecs": specs,
            **ground(self._region),
        }

    def _frame(self, picture: Mapping[str, Flight]) -> Message:
        table = charts.density(to_frame(picture), self._cell)
        labels = charts.step_labels(table)
        return {"type": "frame", "cells": table.to_dict("list"), "labels": labels}, []

    def _draw(self, theme: str) -> Snapshot:
        told = self.freshness
        title = f"{told.flights:,} flights{place(self._region)}"
        figure = charts.density_map(
            to_frame(self.stream.flights),
            self._cell,
            self._region,
            theme,
            title=title,
            caption=caption(told),
        )
        words = f"{title}, by cells of {self._cell:g}° · {caption(told)}"
        return Snapshot(charts.svg(figure), words)
