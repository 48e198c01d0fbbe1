"""The panel of scenarios: a press starts one in a sky, a line says what runs, Stop ends it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browserlike import Sent, frames, say, until
from scripted import Script, event, flight

from flightlib import scenario
from flightlib.errors import SettingError
from flightlib.scenario import Scenario
from flightlib.sky import Mark, Sky
from flightlib.widgets import LiveMap, ScenarioPanel, scenarios


@pytest.fixture
def sky() -> Sky:
    """A small sky that nothing disturbs."""
    return Sky(20)


@pytest.fixture
def panel(sky: Sky, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScenarioPanel]:
    """Its panel, which counts time ten times a second; afterwards its thread is gone."""
    monkeypatch.setattr(scenarios, "TICK_S", 0.1)
    made = ScenarioPanel(sky)
    yield made
    made.close()
    assert not [t for t in threading.enumerate() if t.name == "flightlib-scenarios"]


def test_there_is_a_button_for_each_scenario(panel: ScenarioPanel) -> None:
    """Every built-in scenario has one, whose tooltip tells what to watch for."""
    assert list(panel.buttons) == list(scenario.names())
    for one in scenario.scenarios():
        assert one.watch in panel.buttons[one.name].tooltip
    assert panel.note.value == scenarios.IDLE
    assert panel.stop_button.disabled


def test_a_press_starts_it_now(panel: ScenarioPanel, sky: Sky) -> None:
    """The sky is disturbed from now on, and the line and the button say so."""
    before_ms = scenario.now_ms()
    panel.buttons["late"].click()
    assert before_ms <= min(one.start_ms for one in sky.disturbances) <= scenario.now_ms()
    assert "late: 3 min left" in panel.note.value or "late: 2 min" in panel.note.value
    assert panel.buttons["late"].button_style == "warning"
    assert not panel.stop_button.disabled
    assert "late" in repr(panel)


def test_the_line_counts_down(panel: ScenarioPanel) -> None:
    """What is left becomes less by itself."""
    panel.buttons["surge"].click()
    first = panel.note.value
    until(lambda: panel.note.value != first)
    assert "surge: " in panel.note.value


def test_stop_ends_everything(panel: ScenarioPanel, sky: Sky) -> None:
    """One press calms the sky, and the line says that nothing runs."""
    for name in ("late", "hot-region", "poison"):
        panel.buttons[name].click()
    panel.stop_button.click()
    assert sky.marks(scenario.now_ms() + 2) == ()
    assert panel.note.value == scenarios.IDLE
    assert panel.stop_button.disabled
    assert {button.button_style for button in panel.buttons.values()} == {""}


def test_a_second_panel_shows_what_the_first_started(panel: ScenarioPanel, sky: Sky) -> None:
    """Run again, a cell's new panel of the same sky goes on where the old one was."""
    panel.buttons["late"].click()
    again = ScenarioPanel(sky)
    assert "late: " in again.note.value
    again.stop_button.click()
    again.close()
    until(lambda: panel.note.value == scenarios.IDLE)


def test_a_refusal_is_told_beside_the_buttons(sky: Sky, tmp_path: Path) -> None:
    """A scenario for an airport the sky has not is refused in one line, and nothing is raised."""
    file = tmp_path / "far.yaml"
    file.write_text(
        "title: T\nwatch: W\nsteps:\n- {kind: holding, airport: EGLL, for: 1 min, laps: 1}\n"
    )
    panel = ScenarioPanel(sky, [str(file)])
    panel.buttons["far"].click()
    assert "EGLL is no airport of a sky over 'us-domestic'" in panel.note.value.replace(
        "&#x27;", "'"
    )
    assert sky.disturbances == ()
    panel.close()


def test_a_panel_can_show_a_few(sky: Sky) -> None:
    """Names and scenarios are taken; what is neither is refused."""
    panel = ScenarioPanel(sky, ["storm", Scenario("poison")])
    assert list(panel.buttons) == ["storm", "poison"]
    panel.close()
    with pytest.raises(SettingError, match="A scenario cannot be 7"):
        ScenarioPanel(sky, [7])  # type: ignore[list-item]
    with pytest.raises(SettingError, match="A panel starts scenarios in a sky, not in 'sky'"):
        ScenarioPanel("sky")  # type: ignore[arg-type]


def test_a_closed_panel_starts_nothing_more(panel: ScenarioPanel, sky: Sky) -> None:
    """After close its buttons are off, and what runs in the sky goes on."""
    panel.buttons["late"].click()
    running = sky.disturbances
    panel.close()
    assert all(button.disabled for button in panel.buttons.values())
    assert sky.disturbances == running


def test_a_closed_panel_shown_again_is_closed(panel: ScenarioPanel) -> None:
    """Its Stop stays off and its line says that it is closed, though something runs."""
    panel.buttons["late"].click()
    panel.close()
    said = panel.note.value
    panel._repr_mimebundle_()
    assert panel.stop_button.disabled
    assert panel.note.value == said
    assert "closed" in said


class Marked:
    """Something with marks of a test's choice."""

    def __init__(self, *marks: Mark) -> None:
        self.now = marks

    def marks(self, time_ms: int) -> tuple[Mark, ...]:
        """The marks, whatever the time."""
        assert time_ms > 1_700_000_000_000
        return self.now


BOX = ((-100.0, 40.0), (-100.0, 42.0), (-98.0, 42.0), (-98.0, 40.0))
OUTAGE = Mark("outage", "No <b>reports</b>", BOX, (-99.0, 42.0))


def test_marks_travel_with_each_frame(
    make: Callable[..., LiveMap], script: Script, sent: Sent
) -> None:
    """A frame carries the outlines and labels of its moment; when they are over, none."""
    script.say(event("snapshot", flights=[flight("A")]))
    marked = Marked(OUTAGE, Mark("note", "20% late"))
    say(make(marks=marked), type="hello")
    shown: Any = until(lambda: frames(sent))[0]["marks"]
    assert [mark["label"] for mark in shown] == ["No <b>reports</b>", "20% late"]
    assert shown[0]["outline"] == BOX
    assert shown[1]["anchor"] is None
    marked.now = ()
    script.say(event("update", flights=[flight("A", latitude=41.0)]))
    until(lambda: frames(sent)[-1]["marks"] == [])


def test_a_snapshot_shows_the_marks(make: Callable[..., LiveMap], script: Script) -> None:
    """The still picture has the label as text, never as markup, and says what has no place."""
    script.say(event("snapshot", flights=[flight("A")]))
    still = make(marks=Marked(OUTAGE, Mark("note", "20% late"))).snapshot()
    assert "No ‹b›reports‹/b›" in still.svg
    assert "<b>" not in still.svg
    assert "20% late" in still.svg


def test_only_what_has_marks_is_taken(make: Callable[..., LiveMap]) -> None:
    """What cannot tell marks is named."""
    with pytest.raises(SettingError, match="marks cannot be 'storm'; allowed: a sky"):
        make(marks="storm")
