"""The line to one client: bytes that wait until they are taken, or a chunk that goes at once.

ASGI has one way to send: each piece for each client passes through every layer of the app. For a
frame that goes to thousands of clients that is most of the work, so the server lends each request
its connection, and frames are written to it as they are: once made, many times sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

EXTENSION = "flightlib.connection"


class Connection:
    """What a request may know of its connection: whether it takes more, and how to write to it."""

    __slots__ = ("_protocol", "sent")

    def __init__(self, protocol: HttpToolsProtocol) -> None:
        self._protocol, self.sent = protocol, 0

    def push(self, chunk: bytes) -> bool:
        """Write a chunk of a running answer at once; False if the client has not taken the last.

        To a client that is gone nothing is written.
        """
        protocol = self._protocol
        if protocol.flow.write_paused:
            return False
        if not protocol.transport.is_closing():
            protocol.transport.write(chunk)
            self.sent += len(chunk)
        return True


class LendingProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP, with each request's connection lent to the app."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        scope = cast(dict[str, Any], self.scope)
        scope.setdefault("extensions", {})[EXTENSION] = Connection(self)


def connection(scope: Mapping[str, Any]) -> Connection | None:
    """Find the connection that was lent to a request; None on another server."""
    found = (scope.get("extensions") or {}).get(EXTENSION)
    return found if isinstance(found, Connection) else None


def chunk(data: bytes) -> bytes:
    """Wrap a piece of an answer as HTTP/1.1 sends it when its length is not known before."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Line:
    """The line to the client of one stream, once its answer has begun."""

    __slots__ = ("_connection", "_send")

    def __init__(self, send: Send, connection: Connection | None = None) -> None:
        self._send, self._connection = send, connection

    async def write(self, data: bytes) -> None:
        """Write, first waiting until the client has taken what it was sent before."""
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    def push(self, chunk: bytes) -> bool:
        """Write what `chunk` made without waiting; False if that cannot be."""
        return self._connection is not None and self._connection.push(chunk)
