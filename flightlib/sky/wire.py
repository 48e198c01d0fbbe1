"""The columns of a stream to the bytes of Kafka messages, a batch at once.

A report's bytes are runs of fields in the order of the schema. What does not move (names, plan,
delays) is encoded once and kept for each aircraft; what moves (position, speeds, time) is written
for all rows together. The result equals `records.encode`, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib import records
from flightlib.records import PHASES, STATUSES
from flightlib.sky.binary import SOME, Field, doubles, schema_fields, varints, write
from flightlib.sky.reports import Clock, progress, to_reports
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
    "progress_percent": lambda batch: progress(batch.columns),
    "timestamp": lambda batch: batch.stamps,
}
"""The fields that change from report to report; the others change with label, phase and status."""


class Encoder:
    """Encodes the batches of one stream; it keeps what does not move of every aircraft."""

    def __init__(self, aircraft: int, clock: Clock) -> None:
        fields = schema_fields(records.schema_text())
        self._runs = [tuple(run) for _, run in groupby(fields, _way)]
        if self._runs[0][0].name in MOVING:
            # The header is kept as well, and stands first.
            self._runs.insert(0, ())
        self._still = [run for run in self._runs if not _moves(run)]
        self._clock = clock
        self._header = b""
        self._seen = np.full((2, aircraft), -1)
        self._labels = _blank(aircraft)
        self._kept = [_blank(aircraft) for _ in ((), *self._still)]

    def __call__(self, batch: Batch, schema_id: int) -> tuple[list[bytes], list[bytes]]:
        """Make the keys and the payloads of a batch's messages, in its order.

        Raises RecordError when one of the reports says what a flight report cannot say.
        """
        self._check_extremes(batch)
        header = records.header(schema_id)
        if header != self._header:
            self._header = header
            self._seen[:] = -1
        keys, *kept = self._look_up(batch)
        still = iter(kept)
        parts = [_moving(run, batch) if _moves(run) else next(still) for run in self._runs]
        return keys, list(map(b"".join, zip(*parts, strict=True)))

    def _check_extremes(self, batch: Batch) -> None:
        """Check the rows with the least and the greatest of what moves: the rest lies between."""
        columns = [column(batch) for column in MOVING.values()] if len(batch) else []
        rows = {int(find(column)) for column in columns for find in (np.argmin, np.argmax)}
        few = batch.take(np.array(sorted(rows), np.int64))
        for report in to_reports(few.columns, few.stamps, self._clock):
            records.check(report)

    def _look_up(self, batch: Batch) -> list[list[bytes]]:
        """Find what is kept for each row, and encode what is new: the keys, then run by run."""
        slots, labels = batch.columns.slot, batch.columns.labels
        state = np.stack([np.fromiter(map(id, labels.tolist()), np.int64), _variant(batch)])
        found: list[list[bytes]] = [store[slots].tolist() for store in self._kept]
        new = np.flatnonzero((self._seen[:, slots] != state).any(axis=0))
        if len(new):
            made = self._encode(batch.take(new))
            for column, cells in zip(found, made, strict=True):
                for row, cell in zip(new.tolist(), cells, strict=True):
                    column[row] = cell
            self._keep(slots[new], labels[new], state[:, new], made)
        return found

    def _encode(self, batch: Batch) -> list[list[bytes]]:
        """Encode what does not move of some rows, report by report."""
        made: list[list[bytes]] = [[] for _ in self._kept]
        for report in to_reports(batch.columns, batch.stamps, self._clock):
            records.check(report)
            made[0].append(report.flight_id.encode())
            start = self._header
            for run, cells in zip(self._still, made[1:], strict=True):
                cells.append(start + b"".join([write(f, getattr(report, f.name)) for f in run]))
                start = b""
        return made

    def _keep(self, slots: Ints, labels: Objects, state: Ints, made: list[list[bytes]]) -> None:
        # An aircraft may be there twice, with a late report of the flight before: what is kept
        # of it must all be of one row.
        slots, rows = np.unique(slots, return_index=True)
        self._seen[:, slots] = state[:, rows]
        # A label is recognised by its identity, so it must not go while that is remembered.
        self._labels[slots] = labels[rows]
        for store, cells in zip(self._kept, made, strict=True):
            store[slots] = [cells[row] for row in rows.tolist()]


def _way(field: Field) -> str:
    """Tell runs apart: fields that are kept, doubles side by side, and each other number."""
    if field.name not in MOVING:
        return "kept"
    return "doubles" if field.type == "double" and not field.nullable else field.name


def _moves(run: tuple[Field, ...]) -> bool:
    return bool(run) and run[0].name in MOVING


def _moving(run: tuple[Field, ...], batch: Batch) -> list[bytes]:
    columns = [MOVING[field.name](batch) for field in run]
    if _way(run[0]) == "doubles":
        return doubles(columns)
    return varints(columns[0], SOME if run[0].nullable else b"")


def _variant(batch: Batch) -> Ints:
    """Number what a report's fixed words depend on, beside its label."""
    columns = batch.columns
    climbs = np.sign(columns.vertical_speed).astype(np.int64) + 1
    return (climbs * len(PHASES) + columns.phase) * len(STATUSES) + columns.status


def _blank(count: int) -> Objects:
    return np.full(count, None, dtype=object)
