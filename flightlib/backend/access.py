"""The request log: one line for each request, when it ends; for a stream that may be hours."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flightlib.backend.line import connection

log = logging.getLogger("flightlib.backend.access")


class AccessLog:
    """Wraps an ASGI app; logs method, target, status, seconds and bytes of each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_s, status, size = time.monotonic(), 500, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            status = message.get("status", status)
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            took_s = time.monotonic() - started_s
            if lent := connection(scope):
                size += lent.sent
            log.info("%s %s %d %.3f s %d B", scope["method"], _target(scope), status, took_s, size)


def _target(scope: Scope) -> str:
    """Give path and query as they came in: still encoded, so they cannot forge a line."""
    path = scope.get("raw_path") or b"?"
    query = scope.get("query_string", b"")
    return (path + b"?" + query if query else path).decode("ascii", "backslashreplace")
