"""Where the lines of a live plot come from: the flights of a stream, or the rows of a query."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from flightlib import charts
from flightlib.errors import SettingError, not_allowed
from flightlib.widgets import cells, stills
from flightlib.widgets.measures import GROUPS, MEASURES, Sample, Samples, points
from flightlib.widgets.protocols import Query
from flightlib.widgets.snapshot import await_flights, caption
from flightlib.widgets.sources import QuerySource, StreamSource
from flightlib.widgets.table import await_rows

MOST_ROWS = 5000  # of a query, the newest
ENOUGH = 6  # samples a still picture waits for: one is no line


class Drawing(NamedTuple):
    """What to draw: points of x, y and line, and the words above them."""

    points: pd.DataFrame
    title: str


class FlightLines(StreamSource):
    """Lines measured of the flights of a stream, once a frame."""

    kind = "flights"

    def __init__(
        self, url: str, every: float, filters: Mapping[str, Any], samples: Samples
    ) -> None:
        super().__init__(url, every, filters)
        self._samples, self.by = samples, samples.by
        self._gate = threading.Lock()
        self._measured: Any = None

    def listen(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Measure with every event, seen or not, and call back."""

        def measured() -> None:
            self._measure()
            callback()

        forget = super().listen(measured)
        self._measure()  # what came before anybody listened
        return forget

    def _measure(self) -> None:
        flights = self.stream.flights
        with self._gate:
            if flights and flights is not self._measured:
                self._measured = flights
                self._samples.add(time.time_ns() // 1_000_000, flights)

    def change(self, filters: Mapping[str, Any]) -> None:
        """Take other filters; what was measured of other flights is forgotten."""
        super().change(filters)
        with self._gate:
            self._samples.forget()
            self._measured = None
        self._measure()

    def picture(self) -> tuple[Sample, ...]:
        """Give what was measured so far."""
        return self._samples.newest

    def drawing(self, picture: tuple[Sample, ...]) -> Drawing:
        """Lay out the lines of the busiest groups."""
        table, groups = points(picture)
        return Drawing(table, MEASURES[self._samples.y].title + _lines_told(self.by, groups))

    def wait(self, within_s: float) -> str:
        """Wait for flights and a few samples; give the caption of a still picture."""
        await_flights(self.stream, within_s)
        patience_s = min(within_s, 2 * ENOUGH * self.stream.every)
        self.stream.wait_for(lambda _: len(self._samples.newest) >= ENOUGH, patience_s)
        if not self._samples.newest:
            self._measure()
        return caption(self.stream.freshness)


class QueryLines(QuerySource):
    """Lines drawn of the rows of a query."""

    kind = "query"

    def __init__(self, query: Query, x: str | None, y: str, by: str | None) -> None:
        super().__init__(query)
        times = [c.name for c in query.columns if cells.is_time(c)]
        self._x = self._column("x", x or next(iter(times), ""), cells.is_number, cells.is_time)
        self._y = self._column("y", y, cells.is_number)
        self._by = self._column("by", by, lambda _: True) if by else None
        self.by, self._name = by, y

    def _column(self, what: str, name: str, *fitting: Callable[[Any], bool]) -> int:
        """Find a column; raises SettingError naming those that fit."""
        columns = self.query.columns
        names = [c.name for c in columns if any(fits(c) for fits in fitting)]
        if name not in names:
            raise SettingError(not_allowed(what, name, names))
        return [c.name for c in columns].index(name)

    def change(self, _filters: Mapping[str, Any]) -> None:
        """Refuse: a query filters by its own SQL."""
        raise SettingError("The rows of a query are filtered by its SQL. Put it into WHERE.")

    def drawing(self, picture: Sequence[tuple[Any, ...]]) -> Drawing:
        """Lay out the lines with the most rows."""
        rows = [
            (row[self._x], float(row[self._y]), _word(row[self._by]) if self._by else "all")
            for row in picture[-MOST_ROWS:]
            if row[self._x] is not None and row[self._y] is not None
        ]
        table = pd.DataFrame(rows, columns=["x", "y", "line"])
        if cells.is_time(self.query.columns[self._x]):
            table["x"] = pd.to_datetime(table["x"])
        most = table["line"].value_counts()
        shown = table[table["line"].isin(most.index[: charts.MOST_LINES])]
        return Drawing(shown, _title(self._name) + _lines_told(self.by, len(most)))

    def wait(self, within_s: float) -> str:
        """Wait for a row and, if it may still come, for a second moment; give the caption."""
        await_rows(self.query, within_s)
        self.query.wait_for(lambda query: not query.running or self._is_a_line(query), within_s)
        return stills.rows_caption(self.query, len(self.query.rows))

    def _is_a_line(self, query: Query) -> bool:
        return len({row[self._x] for row in query.rows[-MOST_ROWS:]}) > 1


def _word(value: Any) -> str:
    return cells.word(value) or "NULL"


def _title(column: str) -> str:
    words = column.replace("_", " ")
    return words[:1].upper() + words[1:]


def _lines_told(by: str | None, groups: int) -> str:
    """Say what the lines differ in, and how many are left out."""
    if by is None:
        return ""
    most = charts.MOST_LINES
    return f" by {by}" + (f", the busiest {most} of {groups:,}" if groups > most else "")


def of_flights(
    url: str, y: str, by: str | None, every: float, window_s: float, filters: Mapping[str, Any]
) -> FlightLines:
    """Measure the flights of a stream; raises SettingError for what cannot be measured."""
    if y not in MEASURES:
        raise SettingError(not_allowed("y", y, MEASURES))
    if by is not None and by not in GROUPS:
        raise SettingError(not_allowed("by", by, GROUPS))
    if not 10 <= window_s <= 86_400:
        raise SettingError(f"window_s cannot be {window_s!r}; allowed: 10 to 86,400 seconds.")
    return FlightLines(url, every, filters, Samples(y, by, window_s))
