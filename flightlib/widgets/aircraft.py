"""Aircraft on a map, as the browser needs them: what it is told once, and what with each frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flightlib import charts
from flightlib.errors import SettingError, not_allowed
from flightlib.live import Flight
from flightlib.records import PHASES, STATUSES
from flightlib.sky import Mark
from flightlib.widgets import frames
from flightlib.widgets.ground import ground
from flightlib.widgets.pump import Message

MARKERS = ("auto", "arrows", "points")


class Aircraft:
    """One map's aircraft: coloured by status, phase or region, over the ground of a region.

    Raises SettingError for a colour, a marker or a region that does not exist.
    """

    def __init__(self, region: str | Sequence[float], colour: str, markers: str = "auto") -> None:
        if markers not in MARKERS:
            raise SettingError(not_allowed("markers", markers, MARKERS))
        if colour not in charts.COLOURINGS:
            raise SettingError(not_allowed("colour", colour, charts.COLOURINGS))
        charts.box_of(region)
        self.region = region if isinstance(region, str) else tuple(region)
        self.colour, self._markers = colour, markers
        self._roster = frames.Roster()

    def content(self) -> dict[str, Any]:
        """Give what the browser needs before the first frame; it will be told every word anew."""
        self._roster.forget()
        specs = {t: charts.spec(charts.points(t, self.colour)) for t in charts.PALETTES}
        return {
            "kind": "map",
            "colour": self.colour,
            "markers": self._markers,
            "statuses": STATUSES,
            "phases": PHASES,
            "grounded": [PHASES.index(phase) for phase in charts.ON_GROUND],
            "pointSpecs": specs,
            **ground(self.region),
        }

    def frame(
        self, flights: Mapping[str, Flight], now_ms: int, marks: Sequence[Mark] = ()
    ) -> Message:
        """Give one frame: numbers packed, the words that are new, and what disturbs the sky."""
        news = self._roster.news(flights)
        packed = frames.pack(flights, self._roster, now_ms)
        told = [asdict(mark) for mark in marks]
        head = {"type": "frame", "rows": len(flights), "at_ms": now_ms}
        return {**head, "roster": news, "marks": told}, [packed]
