"""The pictures of a dashboard: answers of the backend as a table, as plots, as cells on a map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from flightlib import charts
from flightlib.live import Answer, Poller
from flightlib.widgets import cells, lake_words
from flightlib.widgets.ground import ground
from flightlib.widgets.lake_figures import CELL, HEADS, table_rows
from flightlib.widgets.live_widget import LiveWidget
from flightlib.widgets.polled import PolledSource
from flightlib.widgets.pump import Message

Figure = Callable[[pd.DataFrame, str, tuple[int, int]], Any]


class LakeView(LiveWidget):
    """A live picture of one answer; it keeps the last one when there is trouble."""

    def __init__(
        self,
        poller: Poller[Answer],
        height: int,
        theme: str,
        brief: bool = True,
        of: str = "row",
        others: Sequence[Poller[Any]] = (),
    ) -> None:
        self._poller = poller
        self._source = PolledSource(poller, lambda a: lake_words.told(a, brief, of), others)
        super().__init__(self._source, theme, height)

    @property
    def worn(self) -> str:
        """The theme it wears now."""
        return self._worn

    def follow(self) -> None:
        """Ask, shown or not; a closed one does not."""
        if not self._closed:
            self._pump.start()
            self._source.open()

    def line(self) -> str:
        """Say how things stand, in one line."""
        return self._line()

    def _line(self) -> str:
        newest, trouble = self._poller.newest, self._poller.trouble
        held = "nothing yet" if newest is None else lake_words.line(newest)
        return f"{trouble} · {held}" if trouble else held


class LakeTable(LakeView):
    """The newest reports, to be sorted and searched by hand."""

    def __init__(self, poller: Poller[Answer], height: int, theme: str) -> None:
        super().__init__(poller, height, theme, brief=False)

    def _content(self) -> dict[str, Any]:
        return {"kind": "table", "source": "lake", "title": "Newest reports"}

    def _frame(self, picture: Answer) -> Message:
        rows = cells.words(table_rows(picture.table))
        return {"type": "frame", "columns": cells.heads(HEADS), "rows": rows}, []


class LakePlot(LakeView):
    """A small plot that is drawn anew with every answer."""

    def __init__(
        self, poller: Poller[Answer], figure: Figure, title: str, height: int, theme: str
    ) -> None:
        self._figure, self._title = figure, title
        super().__init__(poller, height, theme)

    def _content(self) -> dict[str, Any]:
        return {"kind": "plot", "source": "lake"}

    def _frame(self, picture: Answer) -> Message:
        size = (450, self._height)
        figures = {t: self._figure(picture.table, t, size) for t in charts.PALETTES}
        specs = {theme: charts.spec(figure) for theme, figure in figures.items()}
        return {"type": "frame", "specs": specs, "words": self._title}, []


class LakeDensity(LakeView):
    """The cells of the sky, by the number of flights that crossed each."""

    def __init__(
        self,
        poller: Poller[Answer],
        region: str | tuple[float, ...],
        height: int,
        theme: str,
    ) -> None:
        self._region = region
        super().__init__(poller, height, theme)

    def _content(self) -> dict[str, Any]:
        specs = {theme: charts.spec(charts.tiles(theme)) for theme in charts.PALETTES}
        shown = {"cell": CELL, "tileSpecs": specs, **ground(self._region)}
        return {"kind": "density", "source": "lake", **shown}

    def _frame(self, picture: Answer) -> Message:
        counted = charts.stepped(picture.table)
        labels = charts.step_labels(counted)
        return {"type": "frame", "cells": counted.to_dict("list"), "labels": labels}, []
