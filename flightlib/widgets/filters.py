"""Controls that change what the streams behind live widgets are asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Protocol, runtime_checkable

import ipywidgets

from flightlib import charts
from flightlib.errors import FlightlibError, SettingError
from flightlib.records import STATUSES

HIGHEST_FT = 45_000
STEP_FT = 1000
RED, GREY = "#d9534f", "#7d8899"
STEERED = ("status", "region", "min_altitude", "max_altitude", "delayed")
DELAYED = {"all flights": None, "only delayed": True, "not delayed": False}


@runtime_checkable
class Filtered(Protocol):
    """A live widget whose stream can be asked for less."""

    filters: Mapping[str, Any]

    def filter(self, **filters: Any) -> None:
        """Take these filters instead of those before."""

    def show(self) -> None:
        """Send everything to the browser, unasked."""


class Filters:
    """Steer live widgets by hand: `Filters(live_map, live_bars)` as a cell's last line.

    The controls change the filter at the source: status, delay, altitude in feet, and regions such
    as "40_-75". The widgets stand below them and keep their view. A value that is not allowed is
    told in one line, and the filter stays as it was. Other filters of a widget, such as `bbox`,
    stay too.

    Raises SettingError for what has no filters.
    """

    def __init__(self, *widgets: Any) -> None:
        for widget in widgets:
            if not isinstance(widget, Filtered):
                raise SettingError(f"A filter steers live widgets on a stream, not {widget!r}.")
        if not widgets:
            raise SettingError("A filter steers at least one live widget, and none was given.")
        self.steered = widgets
        self.controls = _Controls(widgets[0].filters)
        self.note = ipywidgets.HTML()  # a label would cut a long line off
        self._quiet = False
        self.controls.reset.on_click(lambda _: self.clear())
        for control in self.controls.all:
            control.observe(lambda _: self._changed(), names="value")
        self.box = ipywidgets.VBox(
            [self.controls.box, self.note, *widgets], layout={"grid_gap": "8px"}
        )
        self._say(GREY, _asked(self.controls.chosen()))

    def clear(self) -> None:
        """Let every flight through again."""
        with self._silence():
            self.controls.clear()
        self._changed()

    @contextlib.contextmanager
    def _silence(self) -> Iterator[None]:
        """Change several controls as one."""
        self._quiet = True
        try:
            yield
        finally:
            self._quiet = False

    def _changed(self) -> None:
        """Ask the streams anew; if one refuses, all go back to what they had."""
        if self._quiet:
            return
        chosen = self.controls.chosen()
        before = [widget.filters for widget in self.steered]
        try:
            for widget, old in zip(self.steered, before, strict=True):
                own = {name: value for name, value in old.items() if name not in STEERED}
                widget.filter(**own, **chosen)
        except FlightlibError as error:
            self._go_back(before)
            self._say(RED, f"{error} The filter stays as it was.")
        else:
            self._say(GREY, _asked(chosen))

    def _go_back(self, before: list[Mapping[str, Any]]) -> None:
        for widget, old in zip(self.steered, before, strict=True):
            if widget.filters != old:
                with contextlib.suppress(FlightlibError):
                    widget.filter(**old)

    def _say(self, colour: str, words: str) -> None:
        self.note.style.text_color = colour
        self.note.value = escape(words, quote=False)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        for widget in self.steered:
            widget.show()
        return self.box._repr_mimebundle_(**kwargs)


class _Controls:
    """The controls themselves, and the filter they say."""

    def __init__(self, filters: Mapping[str, Any]) -> None:
        given = _words(filters.get("status"))
        self.statuses = {
            status: ipywidgets.ToggleButton(
                value=status in given, description=charts.label(status), layout={"width": "auto"}
            )
            for status in STATUSES
        }
        self.delayed = ipywidgets.Dropdown(
            options=list(DELAYED),
            value={said: word for word, said in DELAYED.items()}[filters.get("delayed")],
            layout={"width": "125px"},
        )
        low, high = filters.get("min_altitude"), filters.get("max_altitude")
        self.altitude = ipywidgets.IntRangeSlider(
            value=(0 if low is None else int(low), HIGHEST_FT if high is None else int(high)),
            min=0,
            max=HIGHEST_FT,
            step=STEP_FT,
            description="Altitude, ft",
            continuous_update=False,
            readout_format=",d",
            style={"description_width": "initial"},
            layout={"width": "340px"},
        )
        self.region = ipywidgets.Text(
            value=", ".join(_words(filters.get("region"))),
            placeholder="all, or 40_-75, 35_-120",
            description="Regions",
            continuous_update=False,
            style={"description_width": "initial"},
            layout={"width": "245px"},
        )
        self.reset = ipywidgets.Button(description="Show all", layout={"width": "auto"})
        self.all = (*self.statuses.values(), self.delayed, self.altitude, self.region)
        row = {"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 14px"}
        words = ipywidgets.HBox([*self.statuses.values()])
        rest = [self.delayed, self.altitude, self.region, self.reset]
        self.box = ipywidgets.HBox([words, *rest], layout=row)

    def chosen(self) -> dict[str, Any]:
        """Give the filter the controls say; what lets everything through is left out."""
        low, high = self.altitude.value
        said = {
            "status": [status for status, button in self.statuses.items() if button.value] or None,
            "region": _words(self.region.value) or None,
            "min_altitude": low if low > 0 else None,
            "max_altitude": high if high < HIGHEST_FT else None,
            "delayed": DELAYED[self.delayed.value],
        }
        return {name: value for name, value in said.items() if value is not None}

    def clear(self) -> None:
        """Let everything through."""
        for button in self.statuses.values():
            button.value = False
        self.delayed.value, self.region.value = next(iter(DELAYED)), ""
        self.altitude.value = (0, HIGHEST_FT)


def _words(given: Any) -> list[str]:
    """Take apart what may be a list, or one text with commas."""
    return str(given or "").replace(",", " ").split() if not isinstance(given, list) else given


def _asked(chosen: Mapping[str, Any]) -> str:
    """Say what the streams are asked for."""
    parts = [f"{n}={','.join(v) if isinstance(v, list) else v}" for n, v in chosen.items()]
    return f"The stream is asked for {' · '.join(parts)}" if parts else "Every flight is shown."
