"""The way of a stream's reports: what disturbs it is asked anew for each tick."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from flightlib.records import STATUSES
from flightlib.sky import delivery
from flightlib.sky.cursor import Columns
from flightlib.sky.delivery import Garbage, Ints, Poison, Silence
from flightlib.sky.hashing import Keys

_CANCELLED = STATUSES.index("CANCELLED")
Among = tuple[Garbage | Silence, ...]
"""What lies among the reports of a tick, in the order of its times."""
Effect = Callable[[Columns, Ints, Ints, Ints], tuple[Ints, Ints]]
"""What happens to reports on their way: (columns, stamps, rows, due_ms) to (rows, due_ms).

`columns` and `stamps` are a tick's picture and its event times. `rows` are the numbers of the
pictures' rows that are published, `due_ms` when. A row left out is lost, one named twice comes
twice, a due time after the tick lets it wait. An effect has no memory: it is a pure function.
"""


class Way:
    """What happens to the reports of one stream, by what disturbs the sky at each of its ticks.

    Only poison is remembered, so that each comes once, also when it is told of a moment late.
    """

    def __init__(self, keys: Keys, told: Callable[[], tuple[Any, ...]], start_ms: int) -> None:
        self._keys, self.told, self._start_ms = keys, told, start_ms
        self._steps: tuple[Any, ...] = ()
        self._sent: set[Poison] = set()

    def look(self) -> None:
        """Take what disturbs the sky now; it holds until the next look."""
        self._steps = self.told()

    def effect(self, columns: Columns, stamps: Ints, rows: Ints, due_ms: Ints) -> tuple[Ints, Ints]:
        """Make reports late, and double some: an effect of the stream."""
        if not self._steps:
            return rows, due_ms
        keys, own = self._keys[columns.slot[rows]], stamps[rows]
        due_ms = delivery.late(self._steps, keys, own, due_ms)
        copies, lag_ms = delivery.doubled(self._steps, keys, own)
        return np.append(rows, rows[copies]), np.append(due_ms, due_ms[copies] + lag_ms)

    def extras(self, tick_ms: int, interval_ms: int, phase: Ints) -> Iterator[tuple[Ints, Effect]]:
        """Give the further moments of a tick that surges make, evenly between the usual ones.

        Each has a time for each aircraft, and an effect that leaves out those who do not report.
        """
        surges = delivery.surges(self._steps, tick_ms, tick_ms + interval_ms)
        for nth, surge in enumerate(surges):

            def wanted(
                columns: Columns, stamps: Ints, rows: Ints, due_ms: Ints, nth: int = nth
            ) -> tuple[Ints, Ints]:
                place = columns.latitude, columns.longitude
                crowd = delivery.crowded(surges, nth, stamps, *place)
                # A cancellation is told once, however often flights report.
                kept = (crowd & (columns.status != _CANCELLED))[rows]
                return rows[kept], due_ms[kept]

            for step in range(1, surge.factor):
                shifted = (phase + step * interval_ms // surge.factor) % interval_ms
                yield tick_ms + shifted, wanted

    def held(self, columns: Columns, due_ms: Ints, tick_ms: int) -> Ints:
        """Say when reports come that wait: an outage keeps them, its end lets all go at once."""
        held_ms = delivery.held(self._steps, columns.latitude, columns.longitude, due_ms)
        # What an outage held that was called off is overdue, and comes now.
        return np.maximum(held_ms, tick_ms)

    def among(self, tick_ms: int, end_ms: int, burst_ms: int | None, quiet: bool) -> Among:
        """Give what lies among the reports of a tick: poison, and the time while all is held.

        `burst_ms` is when held reports come, if any do in this tick.
        """
        found: list[Garbage | Silence] = []
        for step in self._steps:
            if isinstance(step, Poison) and self._start_ms <= step.at_ms < end_ms:
                if step not in self._sent:
                    found += delivery.garbage(step)
                self._sent.add(step)
        if burst_ms is not None:
            found.append(Silence(burst_ms))
        elif quiet and any(isinstance(step, delivery.Outage) for step in self._steps):
            found.append(Silence(end_ms - 1))
        return tuple(sorted(found, key=lambda one: one.timestamp))
