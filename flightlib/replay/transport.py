"""Where a replay is and how it goes on: play, pause, seek and speed, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from flightlib.records import FIELDS, FlightReport
from flightlib.replay.timeline import Piece, Timeline

LEAD_MS = 250
"""A report is handed over so long before it is due: whoever publishes it waits for the moment."""
LOOP_GAP_MS = 1000
ALONE_MS = 2000

Row = tuple[Any, ...]  # the values of FIELDS, the timestamp last
_TIMES = tuple(FIELDS.index(n) for n in ("scheduled_off", "actual_off", "estimated_on"))


class Transport:
    """Hands over the reports of a recording as they come due, shifted to the reader's clock.

    `rows_from(ms)` gives the rows that are not older than a recorded moment, in the order in
    which they are played. One player is served at a time: the newest. A pause, a seek or another
    speed begins at the reader's clock as it is, so that what follows is published after it.
    """

    def __init__(
        self,
        rows_from: Callable[[int], Iterator[Row]],
        first_ms: int,
        last_ms: int,
        clock: Callable[[], int],
        speed: float = 1.0,
        start_ms: int | None = None,
        loop: bool = False,
    ) -> None:
        self.first_ms, self.last_ms, self.loop = first_ms, last_ms, loop
        self.paused = self.ended = False
        self._rows_from, self._clock = rows_from, clock
        self._speed, self._start_ms = speed, start_ms
        self._lock = threading.RLock()
        self._player = self._asked_ms = 0
        self._timeline: Timeline | None = None
        self._newest_ms: int | None = None
        self._begin_ms = first_ms
        self._go(first_ms)

    def _go(self, recorded_ms: int) -> None:
        """Stand at a recorded moment; the rows are looked for when they are asked for."""
        self._held_ms = self._done_ms = self._next_ms = recorded_ms
        self._rows: Iterator[Row] | None = None
        self._row: Row | None = None

    def begin(self) -> int:
        """Serve another player, from the beginning or from where `seek` has been meanwhile."""
        with self._lock:
            self._player += 1
            self._go(self._begin_ms)
            self._begin_ms, self._timeline, self.ended = self.first_ms, None, False
            return self._player

    def over(self, player: int) -> bool:
        """Say whether a player has had all, or another has taken its place."""
        return self.ended or player != self._player

    def take(self, player: int) -> FlightReport | None:
        """Give the next report if it is due about now, else None."""
        with self._lock:
            if self.over(player) or self.paused:
                return None
            now_ms = self._asked_ms = self._clock()
            if self._timeline is None:
                self._timeline = Timeline(self._held_ms, self._start(now_ms), self._speed)
            row = self._peek()
            if row is None:
                self._conclude(now_ms)
                return None
            piece = self._timeline.piece(row[-1])
            if piece.at(row[-1]) - now_ms > LEAD_MS:
                return None
            return self._hand_over(row, piece)

    def _start(self, now_ms: int) -> int:
        start_ms, self._start_ms = self._start_ms, None
        return self._after(now_ms if start_ms is None else start_ms)

    def _after(self, moment_ms: int) -> int:
        """Give a moment that nothing published lies behind."""
        return moment_ms if self._newest_ms is None else max(moment_ms, self._newest_ms + 1)

    def _peek(self) -> Row | None:
        if self._row is None:
            if self._rows is None:
                self._rows = self._rows_from(self._held_ms)
            self._row = next(self._rows, None)
            self._next_ms = self.last_ms if self._row is None else self._row[-1]
        return self._row

    def _hand_over(self, row: Row, piece: Piece) -> FlightReport:
        self._row = None
        self._done_ms = max(self._done_ms, row[-1])
        report = shifted(row, piece)
        self._newest_ms = max(report.timestamp, self._newest_ms or report.timestamp)
        return report

    def _conclude(self, now_ms: int) -> None:
        if self.loop:
            self._go(self.first_ms)
            begins = self._after(now_ms) + LOOP_GAP_MS
            self._timeline = Timeline(self.first_ms, begins, self._speed)
        else:
            self._go(self.last_ms)
            self.ended, self._timeline = True, None

    @property
    def asked(self) -> bool:
        """Whether somebody asks for reports these seconds."""
        return self._timeline is not None and self._clock() - self._asked_ms < ALONE_MS

    @property
    def position_ms(self) -> int:
        """The recorded moment that is being played."""
        with self._lock:
            if self._timeline is None or self.paused:
                return self._held_ms
            ahead_ms = min(self._timeline.recorded_ms(self._clock()), self._next_ms)
            return max(self._done_ms, ahead_ms)

    @property
    def speed(self) -> float:
        """How many times as fast as recorded."""
        return self._speed

    def turn(self, speed: float) -> None:
        """Go on at another speed."""
        with self._lock:
            if self._timeline is not None and not self.paused:
                self._timeline.turn(self.position_ms, self._clock(), speed)
            self._speed = speed

    def pause(self) -> None:
        """Hand over nothing more; twice is harmless."""
        with self._lock:
            self._held_ms, self.paused = self.position_ms, True

    def resume(self) -> None:
        """Go on where it was paused; twice is harmless."""
        with self._lock:
            if self._timeline is not None and self.paused:
                self._timeline.turn(self._held_ms, self._clock(), self._speed)
            self.paused = False

    def seek(self, recorded_ms: int) -> None:
        """Go on from a recorded moment, as of now; without a player the next one begins there."""
        with self._lock:
            self._go(recorded_ms)
            if self.ended or not self._player:
                self._begin_ms = recorded_ms
            elif self._timeline is not None:
                begins = self._after(self._clock())
                self._timeline = Timeline(recorded_ms, begins, self._speed)


def shifted(row: Row, piece: Piece) -> FlightReport:
    """Make the report of a row; the times of its schedule stay as far from its own as they were."""
    values = list(row)
    for place in _TIMES:
        if values[place] is not None:
            values[place] = piece.at(values[place])
    values[-1] = piece.at(values[-1])
    return FlightReport(**dict(zip(FIELDS, values, strict=True)))
