"""A sky's stream as those take it who read it: report by report, or batch by batch as bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from flightlib.records import FlightReport
from flightlib.sky.delivery import Garbage, Silence
from flightlib.sky.reports import Clock, to_reports
from flightlib.sky.stream import Batch
from flightlib.sky.wire import Encoder

PART = 8192
Given = FlightReport | Garbage | Silence


@dataclass(frozen=True)
class Ready:
    """A batch that can be sent: what is due when, and its bytes once the schema's id is known.

    What lies among the reports is sent among them: poison as it is, and silence, whose payload is
    None, not at all; it only lets its time pass.
    """

    batch: Batch
    clock: Clock
    encoder: Encoder

    @cached_property
    def due_ms(self) -> list[int]:
        """When each message is due, in ms since 1970 UTC; never less than the one before."""
        found: list[int] = self.batch.due_ms.tolist()
        if not self.batch.among:
            return found
        mixed = _among(self.batch, found, [one.timestamp for one in self.batch.among])
        return np.maximum.accumulate(mixed).tolist()  # type: ignore[no-any-return]

    @property
    def poison(self) -> list[int]:
        """The places of what is sent and is no report."""
        if not self.batch.among:
            return []
        mixed = _among(self.batch, [None] * len(self.batch), self.batch.among)
        return [place for place, one in enumerate(mixed) if isinstance(one, Garbage)]

    def messages(self, schema_id: int) -> tuple[Sequence[bytes], Sequence[bytes | None]]:
        """Make keys and payloads; raises RecordError when one report says what none can say."""
        among = self.batch.among
        keys, payloads = self.encoder(self.batch, schema_id) if len(self.batch) else ([], [])
        if not among:
            return keys, payloads
        return (
            _among(self.batch, keys, [one.flight_id.encode() for one in among]),
            _among(self.batch, payloads, [one.payload for one in among]),
        )

    def reports(self) -> list[Given]:
        """Make the reports themselves, with what lies among them."""
        made = to_reports(self.batch.columns, self.batch.stamps, self.clock)
        return _among(self.batch, made, self.batch.among)


def _among(batch: Batch, own: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """Put something for each of what lies among a batch's reports in its place among theirs."""
    mixed = list(own)
    for place, other in reversed(list(zip(_places(batch), others, strict=True))):
        mixed.insert(place, other)
    return mixed


def _places(batch: Batch) -> list[int]:
    """Say before which of a batch's reports each of what lies among them comes."""
    stamps = [one.timestamp for one in batch.among]
    places: list[int] = np.searchsorted(batch.due_ms, stamps).tolist()
    return places


def _parts(batch: Batch) -> Iterator[Batch]:
    """Part a batch into what stays in the processor's cache, and is small in memory as bytes."""
    among = list(zip(batch.among, _places(batch), strict=True))
    for start in range(0, max(len(batch), 1), PART):
        end = min(start + PART, len(batch))
        beyond = end if end < len(batch) else len(batch) + 1
        mine = tuple(one for one, place in among if start <= place < beyond)
        yield replace(batch.part(start, end), among=mine)


class Stream(Iterator[Given]):
    """The reports of a sky in the order of their publication.

    An iterator of FlightReport, like any other; where a scenario poisons the stream or silences
    it, Garbage and Silence lie among them. A publisher takes its `batches` instead, which are
    the same reports as bytes, many times as fast. Take one or the other: both draw on one stream.
    """

    def __init__(self, stream: Iterator[Batch], clock: Clock, aircraft: int) -> None:
        self._stream, self._clock, self._aircraft = stream, clock, aircraft
        self._batch: Batch | None = None
        self._made: list[Given] = []
        self._at = 0
        self.convoy: Any = None

    def __next__(self) -> Given:
        """Give the next report."""
        while self._at >= len(self._made):
            self._batch = next(self._stream)
            made = to_reports(self._batch.columns, self._batch.stamps, self._clock)
            self._made, self._at = _among(self._batch, made, self._batch.among), 0
        self._at += 1
        return self._made[self._at - 1]

    def batches(self) -> Iterator[Ready]:
        """Give what has not been taken yet, batch by batch, each ready to be sent."""
        encoder = Encoder(self._aircraft, self._clock)
        for batch in self._left():
            for part in _parts(batch):
                yield Ready(part, self._clock, encoder)

    def _left(self) -> Iterator[Batch]:
        if self._batch is not None and self._at < len(self._made):
            left = self._made[self._at :]
            among = tuple(one for one in left if not isinstance(one, FlightReport))
            whole = len(self._batch)
            rest = self._batch.take(np.arange(whole - len(left) + len(among), whole))
            self._made = []
            yield replace(rest, among=among)
        yield from self._stream
