"""The live timeline of a table: its commits as they land."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flightlib import charts, kafka, lake
from flightlib.live import Poller
from flightlib.settings import load
from flightlib.widgets import commits, stills
from flightlib.widgets.live_widget import LiveWidget
from flightlib.widgets.polled import PolledSource, await_answer
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Snapshot

LOOK_S = 0.5  # asking the catalog costs little while nothing was committed


class LiveSnapshots(LiveWidget):
    """Watch a table grow, commit by commit: `LiveSnapshots("flight_data")` as a cell's last line.

    Every commit is a line at its time, as high as it added rows, coloured by what it did: append,
    replace (compaction), overwrite or delete. The line below says how many snapshots are kept, how
    old the newest is, and when the next is due. `theme` is "auto" (follow JupyterLab), "dark" or
    "light"; `height` is pixels.

    Raises SettingError for an argument that is not allowed. A catalog that is down, or a table that
    does not exist yet, is told in the line.
    """

    def __init__(self, table: str = "flight_data", height: int = 210, theme: str = "auto") -> None:
        self.table = table
        watch = lake.watch(load(), table)
        self._poller = Poller(watch.state, LOOK_S)
        super().__init__(PolledSource(self._poller, _told), theme, height)

    def _content(self) -> dict[str, Any]:
        return {"kind": "plot", "source": "commits"}

    def _frame(self, picture: lake.State) -> Message:
        laid = commits.table(picture.snapshots)
        figures = {t: charts.commits(laid, t, title=self._title()) for t in charts.PALETTES}
        specs = {theme: charts.spec(figure) for theme, figure in figures.items()}
        return {"type": "frame", "specs": specs, "words": self._title()}, []

    def _title(self) -> str:
        return f"Rows added by each commit to {self.table}, UTC"

    def _line(self) -> str:
        told = commits.facts(self._poller.newest, kafka.now_ms())
        return f"{told} · {self._poller.trouble}".removesuffix(" · ")

    def snapshot(self, within_s: float = 15.0) -> Snapshot:
        """Keep the timeline as it is now: it stays in the notebook when the kernel is gone.

        Waits up to `within_s` seconds for the catalog. Raises StreamError, saying why, when it does
        not answer.
        """
        if not self._closed:
            self._pump.start()
            self._poller.start()
        newest = await_answer(self._poller, "No word of the table", within_s)
        caption = f"{stills.moment()} · {self._line()}"
        figure = charts.commits(
            commits.table(newest.snapshots),
            self._worn,
            (900, max(260, self._height)),
            title=self._title(),
            caption=caption,
        )
        return Snapshot(charts.svg(figure), f"{self._title()} · {caption}")


def _told(state: lake.State | None) -> dict[str, Any]:
    return asdict(commits.facts(state, kafka.now_ms()))
