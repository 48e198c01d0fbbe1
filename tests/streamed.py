"""Bytes of a stream as the backend sends them, for tests of those who read it."""

from __future__ import annotations

import json
from typing import Any

T = 1_700_000_000_000
ANSWER = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def event(name: str, seq: int, *flights: dict[str, Any], gone: tuple[str, ...] = ()) -> bytes:
    """An event as the backend writes it."""
    data = {"seq": seq, "sent_ms": T + seq, "flights": list(flights), "gone": list(gone)}
    said = json.dumps(data, separators=(",", ":"))
    return f"id: ab-{seq}\nevent: {name}\ndata: {said}\n\n".encode()


def flight(flight_id: str, at_ms: int, **given: Any) -> dict[str, Any]:
    """A flight as it stands in an event."""
    return {"flight_id": flight_id, "timestamp": at_ms, "altitude": 30_000, **given}


def chunked(*pieces: bytes) -> bytes:
    """Pieces as an HTTP/1.1 server sends them, each by itself."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def plain(*pieces: bytes) -> bytes:
    """Pieces one after the other."""
    return b"".join(pieces)


STREAM = (
    b"retry: 1000\n\n",
    b'event: state\ndata: {"kafka":"up"}\n\n',
    event("snapshot", 3, flight("A", T)),
    b": heartbeat\n\n",
    event("update", 5, *(flight(f"F{n}", T) for n in range(20))),
    event("update", 6),
)
