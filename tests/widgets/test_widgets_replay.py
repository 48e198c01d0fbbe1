"""The controls of a replay: a hand on them steers it, and they follow it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browserlike import until
from recorded import BEGIN_MS, a_sky, keep

from flightlib.errors import SettingError
from flightlib.replay import Replay
from flightlib.widgets import ReplayControls
from flightlib.widgets.protocols import Playable
from flightlib.widgets.replay_controls import SPEEDS, STEPS


@pytest.fixture
def replay(tmp_path: Path) -> Replay:
    """A replay of a minute, of which some rows could not be kept."""
    facts = {"no position": 12, "<b>no</b> time": 3}
    return Replay(keep(a_sky(5), tmp_path / "sky.parquet", **facts))


@pytest.fixture
def make(replay: Replay) -> Iterator[Callable[..., ReplayControls]]:
    """Make controls, and close them at the end; none of their threads is left."""
    made: list[ReplayControls] = []

    def create(of: Any = replay) -> ReplayControls:
        made.append(ReplayControls(of))
        return made[-1]

    yield create
    for controls in made:
        controls.close()
    until(lambda: not following())


@pytest.fixture
def controls(make: Callable[..., ReplayControls]) -> ReplayControls:
    """The controls of the replay."""
    return make()


def following() -> list[threading.Thread]:
    """The threads that follow replays."""
    return [t for t in threading.enumerate() if t.name == "flightlib-replay-controls"]


def test_a_replay_has_what_the_controls_ask(replay: Replay) -> None:
    """A replay fits the shape that the widget knows."""
    assert isinstance(replay, Playable)


def test_the_button_plays_and_pauses(replay: Replay, controls: ReplayControls) -> None:
    """Each press is the other of the two, and the icon says what the next press does."""
    assert controls.button.icon == "pause"
    controls.button.click()
    assert (replay.paused, controls.button.icon) == (True, "play")
    controls.button.click()
    assert (replay.paused, controls.button.icon) == (False, "pause")


def test_the_slider_seeks_when_it_is_let_go(
    replay: Replay, controls: ReplayControls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hand that drags it over many places seeks once, to the last."""
    sought: list[float] = []
    plain = replay.seek

    def watched(*args: Any, **named: Any) -> None:
        sought.append(named["fraction"])
        plain(*args, **named)

    monkeypatch.setattr(replay, "seek", watched)
    for place in (100, 700, 300, 500):
        controls.slider.value = place
    until(lambda: replay.progress == pytest.approx(0.5, abs=0.01))
    assert sought == [0.5]
    assert "00:00:29 of 00:00:59" in controls.note.value


def test_the_choice_changes_the_speed(replay: Replay, controls: ReplayControls) -> None:
    """The speeds offered are the usual ones, and choosing one takes it."""
    assert [speed for _, speed in controls.speed.options] == list(SPEEDS)
    controls.speed.value = 60.0
    assert replay.speed == 60.0


def test_the_controls_follow_what_others_do(replay: Replay, controls: ReplayControls) -> None:
    """A speed, a pause or a place that was set in a cell shows here."""
    replay.speed = 3.0
    replay.pause()
    replay.seek(fraction=0.25)
    until(lambda: controls.speed.value == 3.0 and controls.button.icon == "play")
    until(lambda: controls.slider.value == pytest.approx(STEPS / 4, abs=2))
    assert controls.speed.label == "3x"
    assert replay.progress == pytest.approx(0.25, abs=0.01)


def test_the_line_says_where_it_is_and_what_was_skipped(controls: ReplayControls) -> None:
    """Recorded time, place and length, and the rows that could not be played, as text only."""
    said = controls.note.value
    assert "recorded 2025-11-24 16:00:00 UTC · 00:00:00 of 00:00:59" in said
    assert "15 rows skipped: 12 no position, 3 &lt;b&gt;no&lt;/b&gt; time" in said
    assert "<b>" not in said


def test_at_the_end_the_button_rests(replay: Replay, controls: ReplayControls) -> None:
    """When all has been played the slider is at its end and the line says so."""
    for _ in replay:
        if replay.progress < 0.9:
            replay.speed = 600.0
    until(lambda: controls.button.disabled and controls.slider.value == STEPS)
    assert controls.note.value.startswith("ended")


def test_a_cell_that_is_run_again_takes_over(
    replay: Replay, make: Callable[..., ReplayControls]
) -> None:
    """Only the newest controls of a replay follow it; those of another replay go on."""
    other = Replay(replay.recording)
    make(), make(), make(other)
    newest = make()
    until(lambda: len(following()) == 2)
    replay.pause()
    until(lambda: newest.button.icon == "play")


def test_closing_leaves_the_replay_alone(replay: Replay, controls: ReplayControls) -> None:
    """After close nothing follows it, and it plays on."""
    playing = iter(replay)
    controls.close()
    controls.close()
    until(lambda: not following())
    assert not replay.paused
    assert playing.take() is not None


def test_it_shows_as_a_widget_and_as_a_line(controls: ReplayControls) -> None:
    """A notebook gets the box, everything else one line."""
    bundle = controls._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert repr(controls).startswith("ReplayControls · waiting · recorded 2025")


@pytest.mark.parametrize("wrong", [None, "sky.parquet", BEGIN_MS])
def test_what_is_no_replay_is_refused(wrong: Any) -> None:
    """Controls of something else are named in one line."""
    with pytest.raises(SettingError, match="Controls steer a replay, not"):
        ReplayControls(wrong)
