"""Server-sent events as bytes: one event, one comment, one id."""

from __future__ import annotations

import re
from typing import Any

import orjson

RETRY = b"retry: 1000\n\n"
HEARTBEAT = b": heartbeat\n\n"
MEDIA_TYPE = "text/event-stream"


def event(name: str, data: Any, event_id: str | None = None) -> bytes:
    """Write one event; JSON has no raw line break, so `data` is always one line."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: ".encode() + orjson.dumps(data) + b"\n\n"


def event_id(generation: str, seq: int) -> str:
    """Name the moment of a stream that a client may come back to."""
    return f"{generation}-{seq}"


def seq_of(last_event_id: str | None, generation: str) -> int | None:
    """Read the sequence number a client knows; None if it knows nothing of this stream."""
    found = re.fullmatch(r"([0-9a-f]+)-(\d{1,18})", last_event_id or "", re.ASCII)
    return int(found[2]) if found and found[1] == generation else None
