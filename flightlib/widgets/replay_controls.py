"""Controls of a replay: play and pause, the place in the recording, the speed."""

from __future__ import annotations

import contextlib
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import ipywidgets

from flightlib.errors import FlightlibError, SettingError
from flightlib.widgets.controls import Note
from flightlib.widgets.protocols import Playable

LOOK_S = 0.1
DRAWN_S = 0.5
RELEASE_S = 0.3  # a slider that rests so long has been let go
SPEEDS = (0.5, 1.0, 2.0, 10.0, 60.0)
STEPS = 1000
PLAY, PAUSE = ("play", "Play"), ("pause", "Pause")

_live: weakref.WeakSet[ReplayControls] = weakref.WeakSet()


class ReplayControls:
    """Steer a replay by hand: `ReplayControls(replay)` as a cell's last line.

    The button plays and pauses, the slider goes to another place of the recording once it is let
    go, and the choice beside it changes the speed. The line says which recorded time is played,
    how far it is, and how many rows could not be played and why. All of it works by keyboard. A
    cell that is run again takes over: the controls before stay as they were.

    Raises SettingError for what is no replay.
    """

    def __init__(self, replay: Playable) -> None:
        if not isinstance(replay, Playable):
            raise SettingError(f"Controls steer a replay, not {replay!r}.")
        self.replay = replay
        self._furnish()
        self._placing, self._touched_s, self._drawn_s = 0, float("-inf"), float("-inf")
        self._wanted: int | None = None
        self._over = threading.Event()
        self._gate = threading.RLock()
        self._draw()
        for other in list(_live):
            if other.replay is replay:
                other.close()
        _live.add(self)
        mine = (weakref.ref(self), self._over)
        threading.Thread(
            target=_follow, args=mine, name="flightlib-replay-controls", daemon=True
        ).start()

    def _furnish(self) -> None:
        self.button = ipywidgets.Button(icon="pause", description="Pause", layout={"width": "95px"})
        self.slider = ipywidgets.IntSlider(
            min=0,
            max=STEPS,
            readout=False,
            tooltip="Place in the recording",
            layout={"flex": "1 1 260px", "width": "auto"},
        )
        self.speed = ipywidgets.Dropdown(
            options=_speeds(self.replay.speed),
            value=self.replay.speed,
            tooltip="Speed",
            layout={"width": "80px"},
        )
        self._note = Note()
        self.note = self._note.widget
        row = ipywidgets.HBox(
            [self.button, self.slider, self.speed],
            layout={"flex_flow": "row wrap", "align_items": "center", "grid_gap": "4px 14px"},
        )
        self.box = ipywidgets.VBox([row, self.note], layout={"grid_gap": "4px"})
        self.button.on_click(lambda _: self._pressed())
        self.slider.observe(self._moved, names="value")
        self.speed.observe(self._turned, names="value")

    def _pressed(self) -> None:
        if self.replay.paused:
            self.replay.resume()
        else:
            self.replay.pause()
        self._draw()

    def _moved(self, change: Any) -> None:
        """Take the slider's word, unless it was this object that placed it."""
        if self._placing != threading.get_ident():
            self._wanted, self._touched_s = change["new"], time.monotonic()

    def _turned(self, change: Any) -> None:
        if self._placing != threading.get_ident():
            self._act(lambda: setattr(self.replay, "speed", change["new"]))

    def _act(self, deed: Any) -> None:
        try:
            deed()
        except FlightlibError as error:
            self._note.say(str(error), wrong=True)
        else:
            self._draw()

    def _look(self) -> None:
        """Go where a hand has let the slider go, and else draw how things stand."""
        now_s = time.monotonic()
        wanted = self._wanted
        if wanted is not None:
            if now_s - self._touched_s >= RELEASE_S:
                self._wanted = None
                self._act(lambda: self.replay.seek(fraction=wanted / STEPS))
        elif now_s - self._drawn_s >= DRAWN_S:
            self._draw()

    def _draw(self) -> None:
        """Bring every part to what the replay says."""
        with self._gate, self._placed():
            self._drawn_s = time.monotonic()
            replay = self.replay
            ended, held = replay.state == "ended", replay.paused
            self.button.icon, self.button.description = PLAY if held else PAUSE
            self.button.disabled = ended
            if self._wanted is None:
                self.slider.value = round(replay.progress * STEPS)
            if self.speed.value != replay.speed:
                self.speed.options = _speeds(replay.speed)
                self.speed.value = replay.speed
        self._note.say(line(replay))

    @contextlib.contextmanager
    def _placed(self) -> Iterator[None]:
        """Move the parts without taking that for a hand."""
        self._placing = threading.get_ident()
        try:
            yield
        finally:
            self._placing = 0

    def close(self) -> None:
        """Follow the replay no more; it goes on. Twice is harmless."""
        self._over.set()

    def __repr__(self) -> str:
        return f"ReplayControls · {line(self.replay)}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        return self.box._repr_mimebundle_(**kwargs)


def line(replay: Playable) -> str:
    """Say how a replay stands: state, recorded time, place, and rows passed over by reason."""
    recorded = datetime.fromtimestamp(replay.position_ms / 1000, timezone.utc)
    parts = [
        replay.state,
        f"recorded {recorded:%Y-%m-%d %H:%M:%S} UTC",
        f"{_clock(replay.position_s)} of {_clock(replay.duration_s)}",
        *_passed_over(replay.skipped),
    ]
    return " · ".join(parts)


def _passed_over(skipped: Mapping[str, int]) -> list[str]:
    if not skipped:
        return []
    often = sorted(skipped.items(), key=lambda one: -one[1])
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in often)
    return [f"{sum(skipped.values()):,} rows skipped: {reasons}"]


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _speeds(own: float) -> list[tuple[str, float]]:
    """Offer the usual speeds, and the replay's own if it is another."""
    return [(f"{speed:g}x", speed) for speed in sorted({*SPEEDS, own})]


def _follow(mine: weakref.ref[ReplayControls], over: threading.Event) -> None:
    """Look after controls until they are closed, or nobody has them any more."""
    while not over.wait(LOOK_S):
        controls = mine()
        if controls is None:
            return
        controls._look()
        del controls
