"""Time travel: the flights as they were at any snapshot that the table still has."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

import ipywidgets

from flightlib import charts, lake
from flightlib.errors import SettingError, not_allowed
from flightlib.lake.schemas import FLIGHT_DATA
from flightlib.live import Answer, Poller, to_frame
from flightlib.live.link import address
from flightlib.settings import load
from flightlib.widgets import lake_words, stills
from flightlib.widgets.aircraft import Aircraft
from flightlib.widgets.controls import Note
from flightlib.widgets.ground import place
from flightlib.widgets.lake_views import LakeView
from flightlib.widgets.moments import Moments
from flightlib.widgets.polled import await_answer
from flightlib.widgets.positions import flights_of
from flightlib.widgets.pump import Message
from flightlib.widgets.snapshot import Snapshot
from flightlib.widgets.voyage import Voyage

LOOK_S = 0.5
HANDS_OFF_S = 1.5  # a slider under a hand does not change its length
TABLES = (FLIGHT_DATA.name,)


class TravelMap(LakeView):
    """The map of one answer: every flight where it was."""

    def __init__(
        self,
        voyage: Voyage,
        history: Poller[lake.State],
        aircraft: Aircraft,
        height: int,
        theme: str,
    ) -> None:
        self._aircraft = aircraft
        super().__init__(voyage.poller, height, theme, brief=False, of="flight", others=[history])

    def _content(self) -> dict[str, Any]:
        return {**self._aircraft.content(), "source": "lake"}

    def _frame(self, picture: Answer) -> Message:
        return self._aircraft.frame(flights_of(picture.table), picture.committed_ms or 0)


class TimeTravel:
    """See the sky as the lake held it, at any snapshot: `TimeTravel()` as a cell's last line.

    The slider goes over the snapshots of `table`, oldest on the left; the map shows each flight's
    newest report within two minutes before that commit. New snapshots lengthen the slider and
    leave the chosen one chosen; the button goes to the newest and follows it. `region` is "us",
    "europe", "world", or (west, south, east, north) in degrees; `theme` is "auto" (follow
    JupyterLab), "dark" or "light"; `url` is the path or the address of the reports.

    Raises SettingError for an argument that is not allowed, StreamError when there is no backend.
    """

    def __init__(
        self,
        table: str = "flight_data",
        region: str | Sequence[float] = "us",
        theme: str = "auto",
        height: int = 460,
        url: str = "/flights",
    ) -> None:
        if table not in TABLES:
            raise SettingError(not_allowed("table", table, TABLES))
        address(url)
        self._aircraft = Aircraft(region, "status")
        self._history = Poller(lake.watch(load(), table).state, LOOK_S)
        self._voyage = Voyage(f"{url}/positions")
        self._gate = threading.RLock()
        self._moments, self._listed = Moments(), Moments()
        self._touched_s, self._placing = float("-inf"), 0
        self._furnish()
        self._history.on_change(lambda _: self._landed())
        self.map = TravelMap(self._voyage, self._history, self._aircraft, height, theme)
        self.box = ipywidgets.VBox([self._row, self.map], layout={"grid_gap": "8px"})

    def _furnish(self) -> None:
        self.slider = ipywidgets.IntSlider(
            min=0,
            max=0,
            readout=False,
            layout={"flex": "1 1 260px", "width": "auto"},
        )
        self.button = ipywidgets.Button(description="Newest", layout={"width": "auto"})
        self._note = Note()
        self.label = self._note.widget
        self.label.layout = {"width": "390px"}
        self._row = ipywidgets.HBox(
            [self.slider, self.button, self.label],
            layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 14px"},
        )
        self.slider.observe(self._moved, names="value")
        self.button.on_click(lambda _: self.newest())

    @property
    def chosen(self) -> int | None:
        """The snapshot that is chosen now."""
        return self._moments.chosen

    def choose(self, snapshot_id: int) -> None:
        """Go to a snapshot by its number; raises SettingError for one the table does not have."""
        if not self._moments.snapshots:
            await_answer(self._history, "No word of the table", 10.0)
            self._landed()
        self._touched_s = float("-inf")
        self._go(self._moments.choose(int(snapshot_id)))

    def newest(self) -> None:
        """Go to the newest snapshot, and follow it."""
        self._touched_s = float("-inf")
        self._go(self._moments.newest())

    def _moved(self, change: Any) -> None:
        """Take the slider's word, unless it was this object that placed it."""
        place = change["new"]
        if self._placing == threading.get_ident() or place >= len(self._listed.snapshots):
            return
        with self._gate:
            self._touched_s = time.monotonic()
            snapshot_id = self._listed.snapshots[place].snapshot_id
            self._go(Moments(self._moments.snapshots, snapshot_id, follows=False))

    def _landed(self) -> None:
        """Take the list of snapshots as it is now; in the thread of whoever asked for it."""
        state = self._history.newest
        if state is not None:
            with self._gate:
                self._go(self._moments.landed(state.snapshots))
        self._tell()

    def _go(self, moments: Moments) -> None:
        with self._gate:
            self._moments = moments
            self._voyage.want(moments.chosen, moments.follows)
            if time.monotonic() - self._touched_s > HANDS_OFF_S:
                self._place(moments)
        self._tell()

    def _place(self, moments: Moments) -> None:
        """Give the slider its length and its place, as one."""
        self._placing, self._listed = threading.get_ident(), moments
        try:
            with self.slider.hold_sync():
                most = max(0, len(moments.snapshots) - 1)
                self.slider.max = max(most, self.slider.value)
                self.slider.value = moments.place
                self.slider.max = most
        finally:
            self._placing = 0

    def _tell(self) -> None:
        trouble = self._history.trouble
        self._note.say(trouble or self._moments.label(), wrong=bool(trouble))

    def snapshot(self, within_s: float = 90.0) -> Snapshot:
        """Keep the map as of the chosen snapshot: it stays in the notebook without a kernel.

        Waits up to `within_s` seconds for it. Raises StreamError, saying why, when it did not come.
        """
        self.map.follow()
        await_answer(self._history, "No word of the table", within_s)
        name = "No positions of the chosen snapshot"
        answer = await_answer(self._voyage.poller, name, within_s, self._voyage.fits)
        region, theme = self._aircraft.region, self.map.worn
        at = lake_words.clock(answer.committed_ms)
        title = f"{len(answer.table):,} flights{place(region)} as of {at} UTC"
        caption = f"{stills.moment()} · {lake_words.line(answer, 'flight')}"
        figure = charts.flight_map(
            *(to_frame(flights_of(answer.table)), self._aircraft.colour, region, theme),
            title=title,
            caption=caption,
        )
        return Snapshot(charts.svg(figure), f"{title} · {caption}")

    def close(self) -> None:
        """Ask no more; the last picture stays."""
        self.map.close()

    def __repr__(self) -> str:
        return f"TimeTravel · {self._moments.label()} · {self.map.line()}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self.map.show()
        return self.box._repr_mimebundle_(**kwargs)
