"""A sky's stream as those take it who read it: report by report, or batch by batch as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from flightlib.records import FlightReport
from flightlib.sky.reports import Clock, to_reports
from flightlib.sky.stream import Batch
from flightlib.sky.wire import Encoder

PART = 8192


@dataclass(frozen=True)
class Ready:
    """A batch that can be sent: what is due when, and its bytes once the schema's id is known."""

    batch: Batch
    clock: Clock
    encoder: Encoder

    @cached_property
    def due_ms(self) -> list[int]:
        """When each message is due, in ms since 1970 UTC; never less than the one before."""
        found: list[int] = self.batch.due_ms.tolist()
        return found

    def messages(self, schema_id: int) -> tuple[list[bytes], list[bytes]]:
        """Make keys and payloads; raises RecordError when one report says what none can say."""
        return self.encoder(self.batch, schema_id)

    def reports(self) -> list[FlightReport]:
        """Make the reports themselves."""
        return to_reports(self.batch.columns, self.batch.stamps, self.clock)


class Stream(Iterator[FlightReport]):
    """The reports of a sky in the order of their publication.

    An iterator of FlightReport, like any other. A publisher takes its `batches` instead, which are
    the same reports as bytes, many times as fast. Take one or the other: both draw on one stream.
    """

    def __init__(self, stream: Iterator[Batch], clock: Clock, aircraft: int) -> None:
        self._stream, self._clock, self._aircraft = stream, clock, aircraft
        self._batch: Batch | None = None
        self._made: list[FlightReport] = []
        self._at = 0

    def __next__(self) -> FlightReport:
        """Give the next report."""
        while self._at >= len(self._made):
            self._batch = next(self._stream)
            self._made = to_reports(self._batch.columns, self._batch.stamps, self._clock)
            self._at = 0
        self._at += 1
        return self._made[self._at - 1]

    def batches(self) -> Iterator[Ready]:
        """Give what has not been taken yet, batch by batch, each ready to be sent."""
        encoder = Encoder(self._aircraft, self._clock)
        for batch in self._left():
            # In parts that stay in the processor's cache, and small in memory as bytes.
            for start in range(0, len(batch), PART):
                part = batch.take(np.arange(start, min(start + PART, len(batch))))
                yield Ready(part, self._clock, encoder)

    def _left(self) -> Iterator[Batch]:
        if self._batch is not None and self._at < len(self._made):
            rest = self._batch.take(np.arange(self._at, len(self._made)))
            self._made = []
            yield rest
        yield from self._stream
