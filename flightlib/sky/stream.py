"""The stream of a sky: which reports are made, and when each is published, tick by tick.

Everything here works on arrays. A tick gives a picture of the sky; delivery says which of its rows
are published and when, and what is not due within the tick waits among the rows of later ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.cursor import Columns, Cursor
from flightlib.sky.fleet import Fleet
from flightlib.sky.hashing import mix, uniform
from flightlib.sky.reports import Clock
from flightlib.sky.way import Among, Effect, Way

Ints = NDArray[np.int64]

LATE_MS = 20_000
_PHASE, _LATE, _LATENESS = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Batch:
    """Reports in the order in which they are published, as columns of one element each.

    `stamps` are their event times and `due_ms` the times to publish them, both in ms since 1970
    on the reader's clock. Due times never go back. `among` holds what is no report and lies among
    them, each before the first report that is due at its time or later.
    """

    columns: Columns
    stamps: Ints
    due_ms: Ints
    among: Among = ()

    def __len__(self) -> int:
        return len(self.stamps)

    def take(self, rows: Ints) -> Batch:
        """Pick rows by number, in the order of the numbers."""
        if len(rows) == len(self) and np.array_equal(rows, np.arange(len(self))):
            return self
        return self._picked(rows)

    def part(self, start: int, end: int) -> Batch:
        """Give the rows from one number to before another, copying none of them."""
        return self._picked(slice(start, end))

    def _picked(self, rows: Ints | slice) -> Batch:
        parts = {f.name: getattr(self.columns, f.name)[rows] for f in fields(Columns)}
        return Batch(Columns(**parts), self.stamps[rows], self.due_ms[rows])


@dataclass(frozen=True, slots=True)
class Timing:
    """When reports are made: once an interval, from the clock's start to an end or for ever."""

    clock: Clock
    interval_ms: int
    until_ms: int | None


def batches(
    fleet: Fleet, timing: Timing, effects: Sequence[Effect], way: Way | None = None
) -> Iterator[Batch]:
    """Stream a fleet's reports, a batch a tick, each aircraft at its own moment of the interval.

    `way` is what disturbs the delivery, looked at anew for each tick.
    """
    way = way or Way(fleet.keys, tuple, 0)
    # A cursor of its own: streams and `Sky.at` do not disturb each other.
    cursor, interval_ms = Cursor(fleet, way.told), timing.interval_ms
    phase = (uniform(fleet.keys, _PHASE) * interval_ms).astype(np.int64)
    tick_ms = timing.clock.start_ms // interval_ms * interval_ms
    waiting: Batch | None = None
    while timing.until_ms is None or tick_ms < timing.until_ms:
        way.look()
        for stamps, wanted in ((tick_ms + phase, _every), *way.extras(tick_ms, interval_ms, phase)):
            made = _made(cursor, stamps, timing, (wanted, *effects, way.effect))
            waiting = made if waiting is None else _join(waiting, made)
            # A batch is handed on long before the next is asked for: nothing else of it is kept.
            del made
        assert waiting is not None
        now, waiting = _released(waiting, way, tick_ms, tick_ms + interval_ms)
        if len(now) or now.among:
            yield now
        del now
        tick_ms += interval_ms
    if waiting is not None and len(waiting):
        yield _released(waiting, way, tick_ms, None)[0]


def late(keys: NDArray[np.uint64], share: float) -> Effect:
    """Make the effect that publishes a share of the reports up to 20 s after their time."""

    def effect(columns: Columns, stamps: Ints, rows: Ints, due_ms: Ints) -> tuple[Ints, Ints]:
        own = mix(keys[columns.slot[rows]], stamps[rows])
        drawn = uniform(own, _LATE) < share
        lateness_ms = 1 + (uniform(own, _LATENESS) * LATE_MS).astype(np.int64)
        return rows, due_ms + np.where(drawn, lateness_ms, 0)

    return effect


def _made(cursor: Cursor, stamps: Ints, timing: Timing, effects: Sequence[Effect]) -> Batch:
    picture = cursor.at(timing.clock.sky_ms(stamps), timing.interval_ms * timing.clock.speed)
    return _deliver(picture, stamps[picture.slot], timing, effects)


def _deliver(picture: Columns, stamps: Ints, timing: Timing, effects: Sequence[Effect]) -> Batch:
    wanted = stamps >= timing.clock.start_ms
    if timing.until_ms is not None:
        wanted &= stamps < timing.until_ms
    rows = np.flatnonzero(wanted)
    due_ms = stamps[rows]
    for effect in effects:
        rows, due_ms = effect(picture, stamps, rows, due_ms)
    made = Batch(picture, stamps, stamps).take(rows)
    return Batch(made.columns, made.stamps, due_ms)


def _every(_picture: Columns, _stamps: Ints, rows: Ints, due_ms: Ints) -> tuple[Ints, Ints]:
    return rows, due_ms


def _released(waiting: Batch, way: Way, tick_ms: int, end_ms: int | None) -> tuple[Batch, Batch]:
    """Part what is due in a tick, in order, from what waits on; without an end all is due."""
    due_ms = way.held(waiting.columns, waiting.due_ms, tick_ms)
    due = np.ones(len(due_ms), bool) if end_ms is None else due_ms < end_ms
    burst = due_ms[due & (due_ms != waiting.due_ms)]
    burst_ms = int(burst.min()) if len(burst) else None
    among = way.among(tick_ms, end_ms or tick_ms, burst_ms, not due.any())
    rows = _in_order(waiting, np.flatnonzero(due), due_ms)
    ordered = waiting.take(rows)
    batch = Batch(ordered.columns, ordered.stamps, due_ms[rows], among)
    return batch, waiting.take(np.flatnonzero(~due))


def _in_order(batch: Batch, rows: Ints, due_ms: Ints) -> Ints:
    """Sort by due time, then by the time it was due at first if an outage held it, then aircraft.

    Of one aircraft at one time, what was made first leads.
    """
    slot, first_ms, due_ms = batch.columns.slot[rows], batch.due_ms[rows], due_ms[rows]
    if len(rows) == 0:
        return rows
    key = (due_ms - due_ms.min()) * (slot.max() + 1) + slot
    order = np.argsort(key)
    if (np.diff(key[order]) == 0).any() or (first_ms != due_ms).any():
        # Quick, but it may turn equals round; this one does not.
        order = np.lexsort((slot, first_ms, due_ms))
    return rows[order]


def _join(first: Batch, second: Batch) -> Batch:
    parts = {
        f.name: np.concatenate([getattr(first.columns, f.name), getattr(second.columns, f.name)])
        for f in fields(Columns)
    }
    return Batch(
        Columns(**parts),
        np.concatenate([first.stamps, second.stamps]),
        np.concatenate([first.due_ms, second.due_ms]),
    )
