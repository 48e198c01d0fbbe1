"""A Flink on 127.0.0.1 that does what a test scripts: the gateway's and the JobManager's REST."""

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

TEXT = {"type": "VARCHAR", "nullable": True, "length": 2147483647}
NUMBER = {"type": "INTEGER", "nullable": True}


def page(*rows: Any, last: bool = False, job: str | None = None, **given: Any) -> dict[str, Any]:
    """One answer of the gateway: rows, or (kind, row) in lists; `columns` by name and type."""
    columns = given.get("columns", {"n": NUMBER})
    data = [
        {"kind": row[0], "fields": list(row[1])}
        if isinstance(row, list)
        else {"kind": "INSERT", "fields": list(row)}
        for row in rows
    ]
    told: dict[str, Any] = {
        "resultType": "EOS" if last else "PAYLOAD",
        "results": {
            "columns": [{"name": n, "logicalType": kind} for n, kind in columns.items()],
            "data": data,
        },
    }
    return {**told, "last": last, **({"jobID": job} if job else {})}


NOT_READY = {"resultType": "NOT_READY", "last": False}


def refusal(cause: str, status: int = 500) -> dict[str, Any]:
    """One answer of a gateway that refuses, with a trace as it sends them."""
    trace = (
        "<Exception on server side:\norg.apache.flink.table.gateway.service.utils."
        "SqlGatewayException: Failed to fetchResults.\n\tat org.apache.flink.A.b(A.java:1)\n"
        f"Caused by: {cause}\n\nEnd of exception on server side>"
    )
    return {"errors": ["Internal server error.", trace], "status": status}


@dataclass
class ScriptedFlink:
    """What the engines know, what they answer, and what they were asked."""

    port: int = 0
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    sessions: dict[str, list[str]] = field(default_factory=dict)  # open ones: their statements
    said: list[tuple[str, dict[str, str]]] = field(default_factory=list)  # statements, their config
    asked: list[str] = field(default_factory=list)  # "GET /v3/info"
    closed: list[str] = field(default_factory=list)  # operations by their statement
    properties: dict[str, str] = field(default_factory=dict)
    task_managers: int = 1
    slots: int = 16
    gateway_ready: bool = True
    answers: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)
    _operations: dict[str, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    _last: int = 0

    def answer(self, pattern: str, *pages: dict[str, Any]) -> list[dict[str, Any]]:
        """Let statements that match get these pages; more may be put into the list given back."""
        script = list(pages)
        self.answers.insert(0, (pattern, script))
        return script

    def run(self, job_id: str, name: str = "a-job", state: str = "RUNNING") -> None:
        """Let the JobManager know a job."""
        tasks = {"total": 2, "running": 2 if state == "RUNNING" else 0}
        row = {"jid": job_id, "name": name, "state": state, "start-time": 0, "tasks": tasks}
        self.jobs[job_id] = row

    def forget(self) -> None:
        """Be started anew: no jobs, no sessions."""
        self.jobs.clear()
        self.sessions.clear()
        self._operations.clear()

    def texts(self, but: str = "^-- ") -> list[str]:
        """Give the statements that were sent, but for the tables' own."""
        return [text for text, _ in self.said if not re.search(but, text)]

    def handle(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Answer one request."""
        self.asked.append(f"{method} {path.partition('?')[0]}")
        if not path.startswith("/v3"):
            return self._job_manager(path.partition("?")[0])
        if not self.gateway_ready:
            return 503, {"errors": ["not yet"]}
        parts = path.partition("?")[0].split("/")[2:]
        if parts == ["info"]:
            return 200, {"productName": "Apache Flink"}
        if parts == ["sessions"]:
            self._last += 1
            self.sessions[f"s{self._last}"] = []
            self.properties.update(body["properties"])
            return 200, {"sessionHandle": f"s{self._last}"}
        if parts[1] not in self.sessions:
            return 500, {"errors": [f"x.SqlGatewayException: Session '{parts[1]}' does not exist."]}
        return self._in_session(method, parts, body)

    def _in_session(self, method: str, parts: list[str], body: dict[str, Any]) -> tuple[int, Any]:
        session = parts[1]
        if len(parts) == 2:
            if method == "DELETE":
                del self.sessions[session]
            return 200, {"properties": self.properties}
        if parts[2] == "statements":
            return self._submit(session, body)
        operation = self._operations.get(parts[3])
        if operation is None:
            return 500, {"errors": ["no such operation"]}
        sql, script = operation
        if method == "DELETE":
            self.closed.append(sql)
            return 200, {}
        told = dict(script.pop(0) if script else page())
        if "errors" in told:
            return int(told["status"]), {"errors": told["errors"]}
        token = int(parts[5]) + 1
        if not told.pop("last"):
            told["nextResultUri"] = f"/v3/{'/'.join(parts[:5])}/{token}?rowFormat=JSON"
        return 200, told

    def _submit(self, session: str, body: dict[str, Any]) -> tuple[int, Any]:
        sql = body["statement"]
        self.sessions[session].append(sql)
        self.said.append((sql, body["executionConfig"]))
        self._last += 1
        done = [page(("OK",), columns={"result": TEXT}, last=True)]
        script = next((pages for p, pages in self.answers if re.search(p, sql)), done)
        self._operations[f"o{self._last}"] = (sql, script)
        return 200, {"operationHandle": f"o{self._last}"}

    def _job_manager(self, path: str) -> tuple[int, Any]:
        if path == "/jobs/overview":
            return 200, {"jobs": list(self.jobs.values())}
        if path == "/overview":
            return 200, {"slots-available": self.slots, "slots-total": 16}
        if path == "/taskmanagers":
            now = time.time_ns() // 1_000_000
            return 200, {"taskmanagers": [{"timeSinceLastHeartbeat": now}] * self.task_managers}
        return 404, {"errors": ["not found"]}


def handler(flink: ScriptedFlink) -> type[BaseHTTPRequestHandler]:
    """Make the class that answers for one Flink."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else {}
            status, told = flink.handle(self.command, self.path, body)
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    return Handler


@contextmanager
def serving_flink() -> Iterator[ScriptedFlink]:
    """A scripted Flink that listens."""
    scripted = ScriptedFlink()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(scripted))
    server.daemon_threads = False
    scripted.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield scripted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
