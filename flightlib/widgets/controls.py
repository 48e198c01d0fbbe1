"""The controls that filter flights, by hand: what each says, and when any of them changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any

import ipywidgets

from flightlib import charts
from flightlib.records import STATUSES

HIGHEST_FT = 45_000
STEP_FT = 1000
LONGEST_MIN = 60
RED, GREY = "#d9534f", "#7d8899"
DELAYED = {"all flights": None, "only delayed": True, "not delayed": False}
WHOLE_NAME = {"description_width": "initial"}


class Controls:
    """Status, altitude in feet and regions; `more` are controls beside them, by parameter.

    `on_change` is called once for every change by hand, and once for `clear`.
    """

    def __init__(self, filters: Mapping[str, Any], more: Mapping[str, Control] | None = None):
        given = words(filters.get("status"))
        self.statuses = {
            status: ipywidgets.ToggleButton(
                value=status in given, description=charts.label(status), layout={"width": "auto"}
            )
            for status in STATUSES
        }
        self.more = dict(more or {})
        self.altitude = _altitude(filters.get("min_altitude"), filters.get("max_altitude"))
        self.region = _region(words(filters.get("region")))
        self.reset = ipywidgets.Button(description="Show all", layout={"width": "auto"})
        beside = [control.widget for control in self.more.values()]
        self.all = (*self.statuses.values(), *beside, self.altitude, self.region)
        self.box = ipywidgets.HBox(
            [
                ipywidgets.HBox([*self.statuses.values()]),
                *(*beside, self.altitude, self.region, self.reset),
            ],
            layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 14px"},
        )
        self.on_change: Callable[[], None] = _nothing
        self._quiet = False
        self.reset.on_click(lambda _: self.clear())
        for control in self.all:
            control.observe(lambda _: self._changed(), names="value")

    def chosen(self) -> dict[str, Any]:
        """Give the filter the controls say; what lets everything through is left out."""
        low, high = self.altitude.value
        said = {
            "status": [status for status, button in self.statuses.items() if button.value] or None,
            "region": words(self.region.value) or None,
            "min_altitude": low if low > 0 else None,
            "max_altitude": high if high < HIGHEST_FT else None,
            **{name: control.read() for name, control in self.more.items()},
        }
        return {name: value for name, value in said.items() if value is not None}

    def clear(self) -> None:
        """Let everything through."""
        with self._silence():
            for button in self.statuses.values():
                button.value = False
            for control in self.more.values():
                control.rest()
            self.region.value, self.altitude.value = "", (0, HIGHEST_FT)
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
        if not self._quiet:
            self.on_change()


class Control:
    """One more control: its widget, what it says, and where it rests."""

    def __init__(self, widget: Any, said: Callable[[Any], Any] = lambda value: value) -> None:
        self.widget, self._said, self._rest = widget, said, widget.value

    def read(self) -> Any:
        """Give the value of the parameter; None lets everything through."""
        return self._said(self.widget.value)

    def rest(self) -> None:
        """Go back to where it began."""
        self.widget.value = self._rest


class Note:
    """One line below the controls: what is asked, or what was wrong with it."""

    def __init__(self) -> None:
        self.widget = ipywidgets.HTML()  # a label would cut a long line off

    def say(self, line: str, wrong: bool = False) -> None:
        """Show a line, in red if something is wrong."""
        self.widget.style.text_color = RED if wrong else GREY
        self.widget.value = escape(line, quote=False)


def delayed(value: bool | None) -> Control:
    """Make the choice between all flights, the delayed and the others."""
    choice = ipywidgets.Dropdown(
        options=list(DELAYED), value=next(iter(DELAYED)), layout={"width": "125px"}
    )
    control = Control(choice, lambda word: DELAYED[word])
    choice.value = {said: word for word, said in DELAYED.items()}[value]
    return control


def minutes(value: int) -> Control:
    """Make the slider of how many minutes to look back."""
    slider = ipywidgets.IntSlider(
        value=value,
        min=1,
        max=LONGEST_MIN,
        description="Minutes",
        continuous_update=False,
        style=WHOLE_NAME,
        layout={"width": "235px"},
    )
    return Control(slider)


def _altitude(low: float | None, high: float | None) -> Any:
    return ipywidgets.IntRangeSlider(
        value=(0 if low is None else int(low), HIGHEST_FT if high is None else int(high)),
        min=0,
        max=HIGHEST_FT,
        step=STEP_FT,
        description="Altitude, ft",
        continuous_update=False,
        readout_format=",d",
        style=WHOLE_NAME,
        layout={"width": "340px"},
    )


def _region(given: list[str]) -> Any:
    return ipywidgets.Text(
        value=", ".join(given),
        placeholder="all, or 40_-75, 35_-120",
        description="Regions",
        continuous_update=False,
        style=WHOLE_NAME,
        layout={"width": "245px"},
    )


def words(given: Any) -> list[str]:
    """Take apart what may be a list, or one text with commas."""
    return str(given or "").replace(",", " ").split() if not isinstance(given, list) else given


def asked(what: str, chosen: Mapping[str, Any]) -> str:
    """Say what is asked for."""
    parts = [f"{n}={','.join(v) if isinstance(v, list) else v}" for n, v in chosen.items()]
    return f"{what} is asked for {' · '.join(parts)}" if parts else "Every flight is shown."


def _nothing() -> None:
    """Do nothing: nobody listens yet."""
