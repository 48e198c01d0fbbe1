"""The request log: one line for each request, when it ends; for a stream that may be hours."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flightlib.backend import sse
from flightlib.backend.buckets import Buckets
from flightlib.backend.line import connection
from flightlib.logs import FIELDS, request_id, well_formed

log = logging.getLogger("flightlib.backend.access")

HEADER = "X-Request-Id"
_HEADER = HEADER.lower().encode()
SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
NO_ROUTE = "none"


class Took:
    """How long requests took, by route and status; streams, which have no end, are left out."""

    def __init__(self) -> None:
        self.by: dict[tuple[str, int], Buckets] = {}

    def add(self, route: str, status: int, seconds: float) -> None:
        """Count one request that has ended."""
        if (route, status) not in self.by:
            self.by[route, status] = Buckets(SECONDS)
        self.by[route, status].add(seconds)


class AccessLog:
    """Wraps an ASGI app; logs each request, counts how long it took, and gives it an id.

    A line has method, target, status, seconds, bytes and id. The id is that of the request's
    `X-Request-Id` if it is well-formed, else a new one; the answer has it in the same header.
    """

    def __init__(self, app: ASGIApp, took: Took) -> None:
        self._app, self._took = app, took

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = well_formed(_value(scope["headers"], _HEADER))
        before = request_id.set(asked)
        seen = _Seen(asked, send)
        started_s = time.monotonic()
        try:
            await self._app(scope, receive, seen.send)
        finally:
            took_s = time.monotonic() - started_s
            if lent := connection(scope):
                seen.size += lent.sent
            if not seen.streamed:
                self._took.add(_route(scope), seen.status, took_s)
            _tell(scope, seen, took_s)
            request_id.reset(before)


class _Seen:
    """What goes by of one answer on its way to the client, with the id put into its head."""

    def __init__(self, asked: str, send: Send) -> None:
        self.id, self.status, self.size, self.answer = asked, 500, 0, ""
        self.streamed = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass on one piece."""
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            self.status = message["status"]
            self.answer = _value(headers, b"x-answer")
            self.streamed = _value(headers, b"content-type").startswith(sse.MEDIA_TYPE)
            message = {**message, "headers": [*headers, (_HEADER, self.id.encode())]}
        self.size += len(message.get("body", b""))
        await self._send(message)


def _value(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value.decode("latin-1") for name, value in headers if name == wanted), "")


def _route(scope: Scope) -> str:
    """Give the route's own path, so that there are few of them; `none` for an unknown address."""
    return str(getattr(scope.get("route"), "path", NO_ROUTE))


def _tell(scope: Scope, seen: _Seen, took_s: float) -> None:
    if not log.isEnabledFor(logging.INFO):
        return
    target = _target(scope)
    client = scope.get("client")
    fields = {
        "event.duration": round(took_s * 1e9),  # nanoseconds, as the schema has it
        "http.request.id": seen.id,
        "http.request.method": scope["method"],
        "http.response.body.bytes": seen.size,
        "http.response.status_code": seen.status,
        "url.original": target,
        "flightlib.route": _route(scope),
    }
    fields |= {"client.ip": client[0]} if client else {}
    fields |= {"flightlib.answer": seen.answer} if seen.answer else {}
    log.info(
        "%s %s %d %.3f s %d B %s",
        *(scope["method"], target, seen.status, took_s, seen.size, seen.id),
        extra={FIELDS: fields},
    )


def _target(scope: Scope) -> str:
    """Give path and query as they came in: still encoded, so they cannot forge a line."""
    path = scope.get("raw_path") or b"?"
    query = scope.get("query_string", b"")
    return (path + b"?" + query if query else path).decode("ascii", "backslashreplace")
