"""Reports that come in batches, as bytes: taken as they fall due, and never taken twice."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from flightlib import records
from flightlib.errors import RecordError
from flightlib.records import FlightReport

MOST = 500
"""How many messages are given to Kafka's client before its answers are served."""


class Raw(Protocol):
    """Bytes among the reports that are sent as they are: poison, when a scenario wants some."""

    @property
    def flight_id(self) -> str:
        """The key of the message."""

    @property
    def payload(self) -> bytes | None:
        """The value of the message; None is no message, and only lets time pass."""

    @property
    def timestamp(self) -> int:
        """When it is due, epoch milliseconds UTC."""


Sent = FlightReport | Raw


def bytes_of(report: Sent, schema_id: int) -> bytes | None:
    """Make the payload of a report, or of what lies among reports; None is not to be sent."""
    if isinstance(report, FlightReport):
        return records.encode(report, schema_id)
    return report.payload


class Batch(Protocol):
    """Reports in the order of their due times, which become messages together.

    One that holds what is no report has its places as `poison` too.
    """

    @property
    def due_ms(self) -> Sequence[int]:
        """When each is due, epoch milliseconds; never less than the one before."""

    def messages(self, schema_id: int) -> tuple[Sequence[bytes], Sequence[bytes | None]]:
        """Make the keys and the payloads; raises RecordError when a report cannot be encoded.

        Where the payload is None there is no message, only a time to wait for.
        """

    def reports(self) -> Sequence[Sent]:
        """Make the reports one by one."""


@runtime_checkable
class Batched(Protocol):
    """A stream of reports that can also be had as batches."""

    convoy: Any
    """Where its publishers keep the place they have reached; None at first."""

    def batches(self) -> Iterator[Batch]:
        """Give what is left of the stream, batch by batch."""


@dataclass(frozen=True, slots=True)
class Load:
    """Messages that are due: keys, payloads and due times, or why the next report is none."""

    keys: Sequence[bytes] = ()
    payloads: Sequence[bytes] = ()
    due_ms: Sequence[int] = ()
    refused: str | None = None


class Convoy:
    """A stream's batches on their way; what was not sent stays, for whoever goes on."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._batch: Batch | None = None
        self._due_ms: Sequence[int] = ()
        self._at = 0
        self._keys: Sequence[bytes] = ()
        self._payloads: Sequence[Any] = ()
        self._gaps: list[int] = []
        self._poison: Sequence[int] = ()
        self._refused: dict[int, str] = {}
        self._schema_id: int | None = None

    def next_due_ms(self) -> int | None:
        """Say when the next report is due; None when there is none left."""
        while self._at >= len(self._due_ms):
            self._batch = next(self._batches, None)
            if self._batch is None:
                return None
            self._due_ms, self._at, self._schema_id = self._batch.due_ms, 0, None
        return self._due_ms[self._at]

    def load(self, now_ms: int, schema_id: int) -> Load:
        """Give the next messages that are due, some hundred at most; `sent` says what became so."""
        if schema_id != self._schema_id:
            self._encode(schema_id)
        if why := self._refused.get(self._at):
            return Load(refused=why)
        if self._at in self._gaps:
            self._at += 1
            return Load()
        last = min(self._at + MOST, len(self._due_ms), *self._ahead())
        end = bisect_right(self._due_ms, now_ms, self._at, last)
        rows = slice(self._at, end)
        return Load(self._keys[rows], self._payloads[rows], self._due_ms[rows])

    def sent(self, count: int) -> int:
        """Note that so many of the messages are done with; say how many of them are poison."""
        places = range(self._at, self._at + count)
        self._at += count
        return sum(place in places for place in self._poison)

    def _ahead(self) -> list[int]:
        return [place for place in (*self._refused, *self._gaps) if place > self._at]

    def _encode(self, schema_id: int) -> None:
        assert self._batch is not None
        self._refused = {}
        try:
            self._keys, self._payloads = self._batch.messages(schema_id)
        except RecordError:
            self._encode_singly(self._batch.reports(), schema_id)
        self._schema_id = schema_id
        self._poison = getattr(self._batch, "poison", ())
        silent = None in self._payloads
        self._gaps = [i for i, one in enumerate(self._payloads) if one is None] if silent else []

    def _encode_singly(self, reports: Sequence[Sent], schema_id: int) -> None:
        """Find the reports that cannot be encoded; the others are sent as ever."""
        keys, payloads = [], []
        for place, report in enumerate(reports):
            payload: bytes | None = b""
            try:
                payload = bytes_of(report, schema_id)
            except RecordError as error:
                self._refused[place] = str(error)
            keys.append(report.flight_id.encode())
            payloads.append(payload)
        self._keys, self._payloads = keys, payloads


def convoy_of(stream: Batched) -> Convoy:
    """Give the convoy of a stream, the same for all publishers: what one leaves the next sends."""
    if stream.convoy is None:
        stream.convoy = Convoy(stream.batches())
    convoy: Convoy = stream.convoy
    return convoy
