"""The dashboard: what the lake knows of flights, through Trino and the backend, as it grows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import ipywidgets

from flightlib import charts
from flightlib.errors import SettingError
from flightlib.live.link import address
from flightlib.widgets.controls import LONGEST_MIN, Controls, Note, asked, minutes
from flightlib.widgets.desk import Follower, Lead
from flightlib.widgets.lake_figures import CELL, DENSITY_MIN, altitude_line, region_bars, still
from flightlib.widgets.lake_views import LakeDensity, LakePlot, LakeTable, LakeView
from flightlib.widgets.polled import await_answer
from flightlib.widgets.snapshot import Sheet

MOST_ROWS = 1000
SMALL_PX, MAP_PX = 250, 420
GAP = {"grid_gap": "8px"}


class Dashboard:
    """Ask the lake by hand, and watch the answers follow it: `Dashboard()` as a cell's last line.

    Below the controls stand the newest reports (press a column's head to sort, type to search),
    the flights of each region, their mean altitude by minute, and where they were within the last
    hour. All of it is of one snapshot, which the line below the table names, with its age; when a
    new one has been committed, everything follows. `region` is what the map shows: "us",
    "europe", "world", or (west, south, east, north) in degrees. `minutes` (1 to 60) is how far the
    rest looks back; `rows` (1 to 1,000) are kept in the table; `theme` is "auto" (follow
    JupyterLab), "dark" or "light"; `url` is the path or the address of the reports.

    Raises SettingError for an argument that is not allowed, StreamError when there is no backend.
    Whatever is down later is told in the line.
    """

    def __init__(
        self,
        region: str | Sequence[float] = "us",
        minutes: int = 10,
        theme: str = "auto",
        rows: int = 200,
        url: str = "/flights",
    ) -> None:
        _check("minutes", minutes, 1, LONGEST_MIN)
        _check("rows", rows, 1, MOST_ROWS)
        charts.box_of(region)
        address(url)
        self._region = region if isinstance(region, str) else tuple(region)
        self._ask(url, rows, minutes)
        self._views = self._look(theme)
        table, *plots, density = self._views
        pair = ipywidgets.HBox(plots, layout=GAP)
        self.box = ipywidgets.VBox([self.controls.box, self.note, table, pair, density], layout=GAP)

    def _ask(self, url: str, rows: int, lookback: int) -> None:
        """Make the controls, and the questions they lead to."""
        self.controls = Controls({}, {"minutes": minutes(lookback)})
        self.controls.on_change = self._changed
        self._note, self._limit = Note(), rows
        self.note = self._note.widget
        self._lead = Lead(url, self._wanted())
        self._lead.on_refused = self._refused
        self._followers = [
            Follower(self._lead, f"{url}/regions", limit=None),
            Follower(self._lead, f"{url}/minutes", limit=None),
            Follower(self._lead, f"{url}/density", limit=None, minutes=DENSITY_MIN, cell=CELL),
        ]
        self._note.say(asked("The lake", self.controls.chosen()))

    def _look(self, theme: str) -> tuple[LakeView, ...]:
        """Make the pictures of the answers."""
        regions, by_minute, density = (follower.poller for follower in self._followers)
        views = (
            LakeTable(self._lead.poller, SMALL_PX, theme),
            LakePlot(regions, region_bars, "Flights by region", SMALL_PX, theme),
            LakePlot(by_minute, altitude_line, "Mean altitude by minute", SMALL_PX, theme),
            LakeDensity(density, self._region, MAP_PX, theme),
        )
        for view in views[1:3]:
            view.layout = ipywidgets.Layout(flex="1 1 0", min_width="0", width="auto")
        return views

    @property
    def filters(self) -> dict[str, Any]:
        """What the lake was asked for last, and has answered."""
        return {name: v for name, v in self._lead.filters.items() if name != "limit"}

    def _wanted(self) -> dict[str, Any]:
        return {**self.controls.chosen(), "limit": self._limit}

    def _changed(self) -> None:
        self._note.say(asked("The lake", self.controls.chosen()))
        self._lead.change(self._wanted())

    def _refused(self, why: str) -> None:
        self._note.say(f"{why} The filter stays as it was.", wrong=True)

    def snapshot(self, within_s: float = 90.0) -> Sheet:
        """Keep the newest rows and the pictures: they stay in the notebook without a kernel.

        Waits up to `within_s` seconds for the answers. Raises StreamError, saying why, when one
        did not come.
        """
        deadline_s = time.monotonic() + within_s
        for view in self._views:
            view.follow()
        lead, name = self._lead, "No answer of the lake"
        answers = [await_answer(lead.poller, name, within_s, lambda _: lead.settled)]
        for one in self._followers:
            left_s = max(0.0, deadline_s - time.monotonic())
            answers.append(await_answer(one.poller, name, left_s, one.fits))
        return still(answers, self._region, self._views[0].worn)

    def close(self) -> None:
        """Ask no more; the last pictures stay."""
        for view in self._views:
            view.close()

    def __repr__(self) -> str:
        return f"Dashboard · {self._views[0].line()}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        for view in self._views:
            view.show()
        return self.box._repr_mimebundle_(**kwargs)


def _check(name: str, given: object, low: int, high: int) -> None:
    if not isinstance(given, int) or not low <= given <= high:
        raise SettingError(f"{name} cannot be {given!r}; allowed: {low} to {high:,}.")
