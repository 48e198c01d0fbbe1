"""A panel of scenarios: press one, and it happens in the sky that is being published."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import ipywidgets

from flightlib import scenario
from flightlib.errors import FlightlibError, SettingError
from flightlib.scenario import Scenario
from flightlib.sky import Sky
from flightlib.widgets.controls import Note

TICK_S = 1.0
IDLE = "Nothing disturbs the sky. Press a scenario to start it."
MOMENT_MS = 8000  # how long the line tells of what happens at a moment


class ScenarioPanel:
    """Start scenarios by hand: `ScenarioPanel(sky)` as a cell's last line, beside a live map.

    Each button starts a scenario now in that sky, while its reports are published; resting the
    pointer on it tells what to watch for. The line below says what runs and how long it goes on,
    and Stop ends it all. `scenarios` are names, files or scenarios, instead of all there are.

    Raises SettingError for what is no sky or no scenario.
    """

    def __init__(self, sky: Sky, scenarios: Iterable[str | Scenario] | None = None) -> None:
        if not isinstance(sky, Sky):
            raise SettingError(f"A panel starts scenarios in a sky, not in {sky!r}.")
        self.sky, self._ended = sky, threading.Event()
        self.scenarios = tuple(map(_scenario, scenario.names() if scenarios is None else scenarios))
        self.buttons = {one.name: self._button(one) for one in self.scenarios}
        self.stop_button = ipywidgets.Button(
            description="Stop", icon="stop", tooltip="End every scenario of this sky"
        )
        self.stop_button.on_click(lambda _: self._stop_pressed())
        self._note, self._told = Note(), ("", 0)
        self.note = self._note.widget
        self.box = ipywidgets.VBox([self._row(), self.note], layout={"grid_gap": "4px"})
        self._gate = threading.RLock()  # the clock and the buttons both write
        self._clock: threading.Thread | None = None
        self.refresh()

    def _button(self, one: Scenario) -> Any:
        button = ipywidgets.Button(
            description=one.name, tooltip=f"{one.title}. {one.watch}", layout={"width": "auto"}
        )
        button.on_click(lambda _: self._pressed(one))
        return button

    def _row(self) -> Any:
        self.stop_button.layout.width = "auto"
        return ipywidgets.HBox(
            [*self.buttons.values(), self.stop_button],
            layout={"flex_flow": "row wrap", "grid_gap": "4px 6px"},
        )

    def _pressed(self, one: Scenario) -> None:
        try:
            one.start(self.sky)
        except FlightlibError as error:
            self._note.say(str(error), wrong=True)
            return
        self._told = (f"{one.name}: {one.watch}", scenario.now_ms() + MOMENT_MS)
        self.refresh()

    def _stop_pressed(self) -> None:
        scenario.stop(self.sky, scenario.now_ms())
        self._told = ("", 0)
        self.refresh()

    def refresh(self) -> bool:
        """Say what runs, and follow it while something does; returns whether it does.

        A closed panel says that it is closed, and nothing else.
        """
        with self._gate:
            return not self._ended.is_set() and self._refresh(scenario.now_ms())

    def _refresh(self, now_ms: int) -> bool:
        runs = scenario.running(self.sky, now_ms)
        there = {run.scenario.name for run in runs}
        for name, button in self.buttons.items():
            button.button_style = "warning" if name in there else ""
        self.stop_button.disabled = not runs
        watch, until_ms = self._told
        lines = [f"{r.scenario.name}: {scenario.in_words(r.end_ms - now_ms)} left" for r in runs]
        if now_ms < until_ms:
            lines.append(watch)
        self._note.say(" · ".join(lines) or IDLE)
        if lines:
            self._follow()
        return bool(lines)

    def _follow(self) -> None:
        """Count the time that is left, from a thread that ends with the last scenario."""
        if self._clock is None and not self._ended.is_set():
            name = "flightlib-scenarios"
            self._clock = threading.Thread(target=self._run, name=name, daemon=True)
            self._clock.start()

    def _run(self) -> None:
        while not self._ended.wait(TICK_S):
            with self._gate:
                if not self.refresh():
                    self._clock = None
                    return

    def close(self) -> None:
        """Follow no more; what runs in the sky goes on."""
        self._ended.set()
        clock = self._clock
        if clock is not None:
            clock.join()
        for button in (*self.buttons.values(), self.stop_button):
            button.disabled = True
        self._note.say("This panel is closed.")

    def __repr__(self) -> str:
        runs = scenario.running(self.sky, scenario.now_ms())
        return f"ScenarioPanel · {', '.join(run.scenario.name for run in runs) or 'nothing runs'}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        self.refresh()
        return self.box._repr_mimebundle_(**kwargs)


def _scenario(given: str | Scenario) -> Scenario:
    if isinstance(given, Scenario):
        return given
    if not isinstance(given, str):
        raise SettingError(f"A scenario cannot be {given!r}; allowed: a name, a file, a scenario.")
    return scenario.chosen(given)
