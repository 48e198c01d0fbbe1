"""The columns of a stream to the bytes of Kafka messages, a batch at once.

A report's bytes are runs of fields in the order of the schema. What does not move (names, plan,
delays) is encoded once and kept for each aircraft; what moves (position, speeds, time) is written
for all rows together. Few and long pieces make a message quickly, so what moves slowly (progress)
is kept as well, and put anew into what surrounds it. The result equals `records.encode`, byte for
byte.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib import records
from flightlib.records import PHASES, STATUSES, FlightReport
from flightlib.sky.binary import schema_fields, side_by_side, write
from flightlib.sky.reports import Clock, over_ocean, progress, to_reports
from flightlib.sky.stream import Batch

Ints = NDArray[np.int64]
Objects = NDArray[np.object_]

MOVING: dict[str, Callable[[Batch], NDArray[Any]]] = {
    "latitude": lambda batch: batch.columns.latitude,
    "longitude": lambda batch: batch.columns.longitude,
    "altitude": lambda batch: batch.columns.altitude,
    "heading": lambda batch: batch.columns.heading,
    "ground_speed": lambda batch: batch.columns.ground_speed,
    "vertical_speed": lambda batch: batch.columns.vertical_speed,
    "timestamp": lambda batch: batch.stamps,
}
"""The fields that change from report to report."""
SLOW = "progress_percent"
"""The field that changes now and then; all others change with what `_variant` names."""
PERCENTS = 128
"""So many of its values are kept as bytes."""


class Encoder:
    """Encodes the batches of one stream; it keeps what does not move of every aircraft."""

    def __init__(self, aircraft: int, clock: Clock) -> None:
        fields = schema_fields(records.schema_text())
        runs = [tuple(run) for _, run in groupby(fields, lambda field: field.name in MOVING)]
        # What is kept begins, with the header, and takes turns with what moves.
        self._runs = [(), *runs] if runs[0][0].name in MOVING else runs
        self._still = self._runs[::2]
        slow = next(field for field in fields if field.name == SLOW)
        self._slow_run = next(n for n, run in enumerate(self._still) if slow in run)
        self._slow_bytes = lru_cache(PERCENTS)(partial(write, slow))
        self._clock = clock
        self._header = b""
        # What each aircraft's kept bytes were made of: edition, variant, the slow field's value,
        # and where its bytes begin.
        self._seen = np.full((4, aircraft), -1)
        self._keys = _blank(aircraft)
        self._kept = [_blank(aircraft) for _ in self._still]

    def __call__(self, batch: Batch, schema_id: int) -> tuple[list[bytes], list[bytes]]:
        """Make the keys and the payloads of a batch's messages, in its order.

        Raises RecordError when one of the reports says what a flight report cannot say.
        """
        if not len(batch):
            return [], []
        self._check_extremes(batch)
        header = records.header(schema_id)
        if header != self._header:
            self._header = header
            self._seen[:] = -1
        keys, *still = self._look_up(batch)
        parts = [
            side_by_side(run, [MOVING[field.name](batch) for field in run])
            if place % 2
            else still[place // 2]
            for place, run in enumerate(self._runs)
        ]
        return keys, list(map(b"".join, zip(*parts, strict=True)))

    def _check_extremes(self, batch: Batch) -> None:
        """Check the rows with the least and the greatest of what moves: the rest lies between."""
        columns = [column(batch) for column in MOVING.values()] + [progress(batch.columns)]
        rows = {int(find(column)) for column in columns for find in (np.argmin, np.argmax)}
        few = batch.take(np.array(sorted(rows), np.int64))
        for report in to_reports(few.columns, few.stamps, self._clock):
            records.check(report)

    def _look_up(self, batch: Batch) -> list[list[bytes]]:
        """Find what is kept for each row, made anew where it changed: the keys, then the runs."""
        slots = batch.columns.slot
        now = np.stack([batch.columns.edition, _variant(batch), progress(batch.columns)])
        edition, variant, slow = self._seen[:3].take(slots, axis=1)
        new = (edition != now[0]) | (variant != now[1])
        moved = np.flatnonzero(~new & (slow != now[2]))
        new = np.flatnonzero(new)
        found: list[list[bytes]] = [s[slots].tolist() for s in (self._keys, *self._kept)]
        # An aircraft may be there twice, with a late report of the flight before. What is kept of
        # it is always of one row: the rows that go on come first, and new ones replace all.
        self._move_on(slots[moved], moved, now[2, moved], found[1 + self._slow_run])
        if len(new):
            self._begin(batch.take(new), new, now[:, new], found)
        return found

    def _move_on(self, slots: Ints, rows: Ints, values: Ints, found: list[bytes]) -> None:
        """Put the slow field's new value between what surrounds it."""
        store, write_slow = self._kept[self._slow_run], self._slow_bytes
        befores, starts = self._seen[2, slots].tolist(), self._seen[3, slots].tolist()
        whole = zip(slots.tolist(), rows.tolist(), befores, values.tolist(), starts, strict=True)
        for slot, row, before, value, start in whole:
            old = found[row]
            end = start + len(write_slow(before))
            found[row] = store[slot] = b"".join((old[:start], write_slow(value), old[end:]))
            self._seen[2, slot] = value

    def _begin(self, batch: Batch, rows: Ints, now: Ints, found: list[list[bytes]]) -> None:
        """Encode what does not move, report by report, and keep it."""
        slots, stores = batch.columns.slot.tolist(), (self._keys, *self._kept)
        reports = to_reports(batch.columns, batch.stamps, self._clock)
        for number, (slot, row, report) in enumerate(zip(slots, rows, reports, strict=True)):
            records.check(report)
            start, *cells = self._still_bytes(report)
            self._seen[:3, slot], self._seen[3, slot] = now[:, number], start
            for store, column, cell in zip(stores, found, cells, strict=True):
                store[slot] = column[row] = cell

    def _still_bytes(self, report: FlightReport) -> tuple[Any, ...]:
        """Write a report's key and still runs, and tell before them where the slow field begins."""
        cells, start = [report.flight_id.encode()], 0
        for number, run in enumerate(self._still):
            pieces = [] if number else [self._header]
            for field in run:
                if field.name == SLOW:
                    start = sum(map(len, pieces))
                pieces.append(write(field, getattr(report, field.name)))
            cells.append(b"".join(pieces))
        return start, *cells


def _variant(batch: Batch) -> Ints:
    """Number what a report's fixed words depend on, beside its label."""
    columns = batch.columns
    climbs = np.sign(columns.vertical_speed).astype(np.int64) + 1
    words = (climbs * len(PHASES) + columns.phase) * len(STATUSES) + columns.status
    result: Ints = 2 * words + over_ocean(columns.latitude, columns.longitude)
    return result


def _blank(count: int) -> Objects:
    return np.full(count, None, dtype=object)
