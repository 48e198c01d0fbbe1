"""Controls that change what the streams behind live widgets are asked for."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

import ipywidgets

from flightlib.errors import FlightlibError, SettingError
from flightlib.widgets.controls import Controls, Note, asked, delayed

STEERED = ("status", "region", "min_altitude", "max_altitude", "delayed")


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
        self.steered, given = widgets, widgets[0].filters
        self.controls = Controls(given, {"delayed": delayed(given.get("delayed"))})
        self.controls.on_change = self._changed
        self._note = Note()
        self.note = self._note.widget
        self.box = ipywidgets.VBox(
            [self.controls.box, self.note, *widgets], layout={"grid_gap": "8px"}
        )
        self._note.say(asked("The stream", self.controls.chosen()))

    def clear(self) -> None:
        """Let every flight through again."""
        self.controls.clear()

    def _changed(self) -> None:
        """Ask the streams anew; if one refuses, all go back to what they had."""
        chosen = self.controls.chosen()
        before = [widget.filters for widget in self.steered]
        try:
            for widget, old in zip(self.steered, before, strict=True):
                own = {name: value for name, value in old.items() if name not in STEERED}
                widget.filter(**own, **chosen)
        except FlightlibError as error:
            self._go_back(before)
            self._note.say(f"{error} The filter stays as it was.", wrong=True)
        else:
            self._note.say(asked("The stream", chosen))

    def _go_back(self, before: list[Mapping[str, Any]]) -> None:
        for widget, old in zip(self.steered, before, strict=True):
            if widget.filters != old:
                with contextlib.suppress(FlightlibError):
                    widget.filter(**old)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        for widget in self.steered:
            widget.show()
        return self.box._repr_mimebundle_(**kwargs)
