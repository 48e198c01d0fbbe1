"""A Trino and a catalog on 127.0.0.1 that do what a test scripts: the two REST interfaces."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STATS = {"state": "FINISHED"}


def column(name: str, kind: str) -> dict[str, Any]:
    """Describe a column as Trino does."""
    sizes = re.findall(r"\d+", kind) or (["2147483647"] if kind == "varchar" else [])
    arguments = [{"kind": "LONG", "value": int(size)} for size in sizes]
    signature = {"rawType": kind.partition("(")[0], "arguments": arguments}
    return {"name": name, "type": kind, "typeSignature": signature}


def rows(*data: list[Any], **columns: str) -> dict[str, Any]:
    """One answer with rows; `columns` by name and type, else one number."""
    told = columns or {"n": "bigint"}
    return {"columns": [column(n, kind) for n, kind in told.items()], "data": list(data)}


def done(what: str, count: int | None = None) -> dict[str, Any]:
    """One answer of a statement that is no query."""
    return {"updateType": what, **({} if count is None else {"updateCount": count})}


def refusal(name: str, message: str, kind: str = "USER_ERROR") -> dict[str, Any]:
    """One answer of a Trino that refuses."""
    return {"error": {"errorName": name, "errorType": kind, "errorCode": 1, "message": message}}


SLOW: dict[str, Any] = {"slow": True}  # an answer that never comes
STARTING = refusal("SERVER_STARTING_UP", "Trino server is still initializing", "INTERNAL_ERROR")


@dataclass
class ScriptedLake:
    """What the two engines know, what they answer, and what they were asked."""

    port: int = 0
    said: list[str] = field(default_factory=list)  # statements, in order
    sessions: list[str] = field(default_factory=list)  # what was set with each
    headers: list[dict[str, str]] = field(default_factory=list)  # of each statement
    cancelled: threading.Event = field(default_factory=threading.Event)
    waiting: threading.Event = field(default_factory=threading.Event)  # a slow one is being asked
    tables: dict[str, int] = field(default_factory=lambda: {"flight_data": 3, "region_stats": 0})
    columns: tuple[str, ...] = ("flight_id", "altitude", "status")
    trino_down: bool = False
    catalog_down: bool = False
    answers: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)

    def answer(self, pattern: str, *answers: dict[str, Any]) -> list[dict[str, Any]]:
        """Let statements that match get these answers; the last one stays."""
        script = list(answers)
        self.answers.insert(0, (pattern, script))
        return script

    def commit(self, table: str = "flight_data") -> None:
        """Let a table have one more snapshot."""
        self.tables[table] += 1

    def trino(self, method: str, path: str, body: str, session: str) -> tuple[int, Any]:
        """Answer one request of Trino's client."""
        if method == "DELETE":
            self.cancelled.set()
            return 204, None
        if path.endswith("/slow"):
            self.waiting.set()
            return (
                (200, self._told(refusal("USER_CANCELED", "Query was canceled")))
                if (self.cancelled.wait(0.05))
                else (200, self._told(SLOW))
            )
        self.said.append(body)
        self.sessions.append(session)
        script = next((found for p, found in self.answers if re.search(p, body)), [rows([1])])
        return 200, self._told(script.pop(0) if len(script) > 1 else script[0])

    def _told(self, answer: dict[str, Any]) -> dict[str, Any]:
        told = {"id": "q", "infoUri": "http://localhost/q", "stats": STATS}
        if answer is SLOW:
            return {**told, "nextUri": f"http://127.0.0.1:{self.port}/v1/statement/slow"}
        return {**told, **answer}

    def catalog(self, path: str, etag: str) -> tuple[int, Any, str]:
        """Answer one request to the catalog, with the state's ETag."""
        name = path.rpartition("/")[2]
        if name == "tables":
            return (
                200,
                {"identifiers": [{"namespace": ["sky"], "name": t} for t in self.tables]},
                "",
            )
        if name not in self.tables:
            return 404, {}, ""
        count = self.tables[name]
        known = f'"{name}-{count}"'
        return (304, None, known) if etag == known else (200, self._state(count), known)

    def _state(self, count: int) -> dict[str, Any]:
        first_ms = time.time_ns() // 1_000_000 - 1000 * count
        held = [
            {"snapshot-id": 7_000_000 + i, "timestamp-ms": first_ms + 1000 * i}
            for i in range(1, count + 1)
        ]
        fields = [{"name": name} for name in self.columns]
        return {
            "metadata": {
                "snapshots": held,
                "current-snapshot-id": 7_000_000 + count if count else None,
                "current-schema-id": 0,
                "schemas": [{"schema-id": 0, "fields": fields}],
                "location": "file:/lake",
            }
        }


def _handler(lake: ScriptedLake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Be quiet."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            of_trino = self.path.startswith("/v1/statement")
            if lake.trino_down if of_trino else lake.catalog_down:
                self.close_connection = True
                return
            etag = ""
            if of_trino:
                session = self.headers.get("X-Trino-Session", "")
                lake.headers += [dict(self.headers)] if self.command == "POST" else []
                status, told = lake.trino(self.command, self.path, body, session)
            else:
                status, told, etag = lake.catalog(self.path, self.headers.get("If-None-Match", ""))
            data = b"" if told is None else json.dumps(told).encode()
            self.send_response(status)
            if etag:
                self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the library's names

    return Handler


@contextmanager
def serving_lake() -> Iterator[ScriptedLake]:
    """Let a scripted lake listen on a free port."""
    lake = ScriptedLake()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(lake))
    server.daemon_threads = True
    lake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield lake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
