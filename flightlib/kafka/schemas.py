"""Decode messages by the schema each of them names, whichever program wrote it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Message

from flightlib import records
from flightlib.errors import EngineDown, RecordError, TopicError
from flightlib.kafka.bulk import HEADER_BYTES, Bulk, fields_of
from flightlib.kafka.registry import writer_schema
from flightlib.settings import Settings

ASK_AGAIN_S = 10.0
FEW = 80
"""Fewer messages than this are quicker one by one."""


def payloads_of(messages: Sequence[Message]) -> list[bytes]:
    """Give the bytes of messages; none of one that has none, or something else."""
    values = (message.value() for message in messages)
    return [value if isinstance(value, bytes) else b"" for value in values]


Decode = Callable[[bytes], dict[str, Any]]


class OneByOne:
    """Decodes payloads one after the other, with a function for one."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode

    def all(self, payloads: Sequence[bytes]) -> list[dict[str, Any] | RecordError]:
        """Decode payloads; an error in place of each that is no report."""
        return [_alone(self._decode, payload) for payload in payloads]


def _alone(decode: Decode, payload: bytes) -> dict[str, Any] | RecordError:
    try:
        return decode(payload)
    except RecordError as error:
        return error


class Decoder:
    """Decodes payloads with their writers' schemas, fetched once each from the registry.

    While the registry is down, a message of a schema not seen before is read as a flight report.
    """

    def __init__(
        self,
        settings: Settings,
        fetch: Callable[[int, Settings], str] = writer_schema,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._fetch, self._clock = settings, fetch, clock
        self._known: dict[int, str] = {}
        self._refused: dict[int, tuple[float, str | None]] = {}
        self._bulks: dict[str, Bulk | None] = {}

    def __call__(self, payload: bytes) -> dict[str, Any]:
        """Decode one payload; raises RecordError when it is nothing a registry knows."""
        return records.decode(payload, self._schema(records.schema_id(payload)))

    def all(self, payloads: Sequence[bytes]) -> list[dict[str, Any] | RecordError]:
        """Decode payloads, many together; an error in place of each that is no report."""
        known = self.together(payloads)
        return [
            _alone(self, payload) if report is None else report
            for payload, report in zip(payloads, known, strict=True)
        ]

    def together(self, payloads: Sequence[bytes]) -> list[dict[str, Any] | None]:
        """Decode what can be decoded together; None for each that is left to be decoded alone."""
        found: list[dict[str, Any] | None] = [None] * len(payloads)
        if len(payloads) < FEW:
            return found
        groups: dict[bytes, list[int]] = {}
        for place, payload in enumerate(payloads):
            groups.setdefault(payload[:HEADER_BYTES], []).append(place)
        for places in groups.values():
            bulk = self._bulk(payloads[places[0]]) if len(places) >= FEW else None
            if bulk is not None:
                decoded = bulk([payloads[place] for place in places])
                for place, report in zip(places, decoded, strict=True):
                    found[place] = report
        return found

    def _bulk(self, payload: bytes) -> Bulk | None:
        """Find what decodes messages such as this one together, if there can be such a thing."""
        try:
            schema = self._schema(records.schema_id(payload)) or records.schema_text()
        except RecordError:
            return None
        if schema not in self._bulks:
            fields = fields_of(schema)
            self._bulks[schema] = Bulk(fields) if fields else None
        return self._bulks[schema]

    def recognise(self, payload: bytes) -> None:
        """Look at a payload's header alone; raises RecordError when no registry knows it."""
        self._schema(records.schema_id(payload))

    def _schema(self, schema_id: int) -> str | None:
        if schema_id in self._known:
            return self._known[schema_id]
        asked_s, why = self._refused.get(schema_id, (-ASK_AGAIN_S, None))
        if self._clock() - asked_s >= ASK_AGAIN_S:
            try:
                self._known[schema_id] = self._fetch(schema_id, self._settings)
                return self._known[schema_id]
            except EngineDown:
                why = None
            except TopicError as error:
                why = str(error)
            self._remember(schema_id, why)
        if why is not None:
            raise RecordError(why)
        return None

    def _remember(self, schema_id: int, why: str | None) -> None:
        # Junk may carry any id: keep the newest answers only.
        if len(self._refused) >= 1000:
            self._refused.clear()
        self._refused[schema_id] = (self._clock(), why)
