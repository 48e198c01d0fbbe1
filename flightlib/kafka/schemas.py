"""Decode messages by the schema each of them names, whichever program wrote it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flightlib import records
from flightlib.errors import EngineDown, RecordError, TopicError
from flightlib.kafka.registry import writer_schema
from flightlib.settings import Settings

ASK_AGAIN_S = 10.0


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

    def __call__(self, payload: bytes) -> dict[str, Any]:
        """Decode one payload; raises RecordError when it is nothing a registry knows."""
        return records.decode(payload, self._schema(records.schema_id(payload)))

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
