"""`Replay`: a recording as a stream of reports that happen now."""

from __future__ import annotations

import shutil
import time
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

from flightlib.errors import SettingError
from flightlib.kafka import now_ms
from flightlib.records import FlightReport
from flightlib.replay.importing import opened
from flightlib.replay.recording import Recording, clock, rows_from, told
from flightlib.replay.transport import Transport

SLOWEST, FASTEST = 0.1, 600.0
LOOK_S = 0.05


class Replay:
    """Play a recording as if it happened now: `fl.Publisher(fl.Replay("sky.parquet")).start()`.

    `path` is what `fl.record` wrote, or a recording of your own, known by its columns: of the
    `traffic` library, OpenSky state vectors (CSV, Parquet, the REST API's JSON), readsb traces;
    or a folder of files of one kind. Its oldest report is published at `start_ms` (epoch ms; now if
    left out) and the rest follows `speed` times as fast as recorded: timestamps and the times of
    schedules are shifted, ground speeds stay as recorded. `loop` begins again at the end.

    `pause()`, `resume()`, `seek()` and `speed` work while it is published. A seek back plays old
    positions with new timestamps, so no flight's time runs backwards. Rows that cannot be played
    are passed over and counted in `skipped`, by reason.

    Raises RecordingError for a file that holds nothing to play, SettingError for an argument
    that is not allowed.
    """

    def __init__(
        self,
        path: str | Path | Recording,
        speed: float = 1.0,
        start_ms: int | None = None,
        loop: bool = False,
        *,
        clock_ms: Callable[[], int] = now_ms,
    ) -> None:
        _check_speed(speed)
        if start_ms is not None and (isinstance(start_ms, bool) or not isinstance(start_ms, int)):
            raise SettingError(f"start_ms cannot be {start_ms!r}; allowed: epoch milliseconds.")
        self.recording, folder = opened(path)
        if folder is not None:
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._transport = Transport(
            partial(rows_from, self.recording.path),
            self.recording.first_ms,
            self.recording.last_ms,
            clock_ms,
            speed,
            start_ms,
            loop,
        )
        self.name = Path(path.path if isinstance(path, Recording) else path).name

    def __iter__(self) -> Playing:
        """Play it, from the beginning or from where `seek` has been; ends who plays it now."""
        return Playing(self, self._transport)

    def pause(self) -> None:
        """Publish nothing more until `resume`; twice is harmless."""
        self._transport.pause()

    def resume(self) -> None:
        """Go on where it was paused; twice is harmless."""
        self._transport.resume()

    def seek(self, seconds: float | None = None, *, fraction: float | None = None) -> None:
        """Go on from `seconds` after the recording's beginning, or from a `fraction` of it.

        Raises SettingError for a place outside the recording.
        """
        if (seconds is None) == (fraction is None):
            raise SettingError("seek takes seconds, or fraction=0.5; give one of them.")
        if fraction is None:
            gone_s = _within("seconds", seconds, self.duration_s)
        else:
            gone_s = _within("fraction", fraction, 1.0) * self.duration_s
        self._transport.seek(self.recording.first_ms + round(gone_s * 1000))

    @property
    def speed(self) -> float:
        """How many times as fast as recorded; set it at any time, 0.1 to 600."""
        return self._transport.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        _check_speed(speed)
        self._transport.turn(float(speed))

    @property
    def position_s(self) -> float:
        """How many seconds of the recording have been played."""
        return (self.position_ms - self.recording.first_ms) / 1000

    @property
    def position_ms(self) -> int:
        """The recorded moment that is being played, epoch milliseconds."""
        return self._transport.position_ms

    @property
    def duration_s(self) -> float:
        """How long the recording is, as recorded, in seconds."""
        return self.recording.duration_s

    @property
    def progress(self) -> float:
        """The share of the recording that has been played, 0 to 1."""
        return (
            self.position_s / self.duration_s if self.duration_s else float(self.state == "ended")
        )

    @property
    def skipped(self) -> dict[str, int]:
        """How many rows could not be played, by reason."""
        return dict(self.recording.skipped)

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._transport.paused

    @property
    def state(self) -> str:
        """One of "waiting" (for a publisher), "playing", "paused" and "ended"."""
        if self._transport.ended:
            return "ended"
        if self._transport.paused:
            return "paused"
        return "playing" if self._transport.asked else "waiting"

    def __str__(self) -> str:
        """Say how it stands, in one line."""
        return (
            f"Replay of {self.name} · {self.state} at {self.speed:g}x · {clock(self.position_s)} "
            f"of {clock(self.duration_s)} · {self.recording.rows:,} reports"
            f"{told(self.skipped, ' · ')}"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<code>{escape(str(self))}</code>"


class Playing(Iterator[FlightReport]):
    """One playing of a replay: `next` waits for a report, `take` does not.

    A publisher asks by `take`, so that it goes on serving Kafka and can be stopped while the
    replay is paused.
    """

    def __init__(self, replay: Replay, transport: Transport) -> None:
        self._replay = replay  # an imported recording lives as long as its replay
        self._transport, self._player = transport, transport.begin()

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self._transport.over(self._player)

    def take(self) -> FlightReport | None:
        """Give the next report if it is due about now, else None."""
        return self._transport.take(self._player)

    def __next__(self) -> FlightReport:
        """Wait for the next report."""
        while not self.ended:
            report = self.take()
            if report is not None:
                return report
            if not self.ended:
                time.sleep(LOOK_S)
        raise StopIteration


def _real(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)


def _within(name: str, place: Any, most: float) -> float:
    if not _real(place) or not 0 <= place <= most:
        raise SettingError(f"{name} cannot be {place!r}; allowed: 0 to {most:g}.")
    return float(place)


def _check_speed(speed: Any) -> None:
    if not _real(speed) or not SLOWEST <= speed <= FASTEST:
        raise SettingError(f"speed cannot be {speed!r}; allowed: {SLOWEST:g} to {FASTEST:g}.")
