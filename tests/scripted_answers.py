"""A lake that does what a test scripts: its catalog and the backend's answers, on one real port."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pyarrow as pa

ARROW = "application/vnd.apache.arrow.stream"
TABLES = "/v1/namespaces/sky/tables/"
STATUSES = ("ON_TIME", "DELAYED", "CANCELLED", "DIVERTED")
BEGAN_MS = time.time_ns() // 1_000_000 - 60_000


class Asked(NamedTuple):
    """One request that came."""

    path: str
    params: dict[str, list[str]]
    etag: str | None


class Commit(NamedTuple):
    """One snapshot of the table."""

    snapshot_id: int
    committed_ms: int
    operation: str
    added: int
    total: int

    @property
    def committed(self) -> pd.Timestamp:
        return pd.Timestamp(self.committed_ms, unit="ms", tz="UTC")


class ScriptedLake:
    """Commits a test makes, answers it gives, and what it was asked."""

    def __init__(self, table: str = "flight_data") -> None:
        self.table = table
        self.commits: list[Commit] = []
        self.asked: list[Asked] = []
        self.trouble: tuple[int, Any] | None = None  # what the backend answers instead
        self.refuse: Callable[[Asked], str] = lambda _: ""
        self.doors = threading.Event()  # shut: answers wait
        self.doors.set()
        self.inside = self.most_inside = 0
        self.port, self._http = 0, None
        self._made = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/flights"

    def commit(self, rows: int = 100, operation: str = "append", after_ms: int = 1000) -> int:
        """Add a snapshot; gives its number."""
        self._made += 1
        last = self.commits[-1] if self.commits else Commit(0, BEGAN_MS, "", 0, 0)
        total = last.total + (0 if operation == "replace" else rows)
        number = 7_918_000_000_000_000_000 + self._made
        one = Commit(number, last.committed_ms + after_ms, operation, rows, total)
        self.commits = [*self.commits, one]
        return number

    def of(self, path: str) -> list[Asked]:
        """What was asked of one path of the backend, oldest first."""
        return [one for one in self.asked if one.path == path]

    def start(self) -> None:
        lake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                lake._serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._http.daemon_threads = False
        self.port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        if self._http is not None:
            self.doors.set()
            self._http.shutdown()
            self._thread.join()
            self._http.server_close()
            self._http = None

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        told = Asked(parts.path, parse_qs(parts.query), handler.headers.get("If-None-Match"))
        status, headers, body = self._catalog(told) or self._backend(told)
        try:
            handler.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass  # who asked has left

    def _catalog(self, told: Asked) -> tuple[int, dict[str, str], bytes] | None:
        if not told.path.startswith(TABLES):
            return None
        if told.path != TABLES + self.table:
            return 404, {}, b"{}"
        etag = str(hash(tuple(self.commits)))
        if told.etag == etag:
            return 304, {"ETag": etag}, b""
        return 200, {"ETag": etag}, json.dumps({"metadata": self._metadata()}).encode()

    def _metadata(self) -> dict[str, Any]:
        schema = {"schema-id": 0, "fields": [{"name": "flight_id"}]}
        current = self.commits[-1].snapshot_id if self.commits else -1
        common = {"current-schema-id": 0, "schemas": [schema], "location": "file:///lake"}
        snapshots = [
            {
                "snapshot-id": one.snapshot_id,
                "timestamp-ms": one.committed_ms,
                "summary": {
                    "operation": one.operation,
                    "added-records": str(one.added),
                    "total-records": str(one.total),
                    "total-data-files": str(2 * self._made),
                },
            }
            for one in self.commits
        ]
        return {**common, "snapshots": snapshots, "current-snapshot-id": current}

    def _backend(self, told: Asked) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(told)
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.doors.wait(10)
        self.inside -= 1
        if self.trouble is not None:
            return self.trouble[0], {}, json.dumps(self.trouble[1]).encode()
        if why := self.refuse(told):
            return 422, {}, json.dumps({"detail": why}).encode()
        return self._answer(told)

    def _answer(self, told: Asked) -> tuple[int, dict[str, str], bytes]:
        wanted = told.params.get("snapshot", [""])[0]
        known = {str(one.snapshot_id): one for one in self.commits}
        if wanted and wanted not in known:
            detail = f"snapshot cannot be '{wanted}': the table has no such one."
            return 422, {}, json.dumps({"detail": detail}).encode()
        one = known[wanted] if wanted else (self.commits[-1] if self.commits else None)
        headers = {"ETag": f'"{one.snapshot_id if one else 0}-{told.params}"'}
        if one is not None:
            iso = one.committed.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            headers |= {"X-Snapshot-Id": str(one.snapshot_id), "X-Snapshot-Committed": iso}
        if told.etag == headers["ETag"]:
            return 304, headers, b""
        place = self.commits.index(one) + 1 if one is not None else 0
        frame = ANSWERS[told.path.removeprefix("/flights")](place, told.params)
        return 200, {**headers, "Content-Type": ARROW}, _packed(frame)


def _packed(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _reports(place: int, params: dict[str, list[str]]) -> pd.DataFrame:
    count = min(40, 10 * place)
    status = params.get("status", STATUSES)
    return pd.DataFrame(
        {
            "flight_id": [f"UAL{i}-{place}" for i in range(count)],
            "timestamp": pd.Timestamp("2026-01-02T03:04:05Z") - pd.to_timedelta(range(count), "s"),
            "latitude": [30.0 + i / 4 for i in range(count)],
            "longitude": [-120.0 + i for i in range(count)],
            "altitude": [900 + 1100 * ((7 * i) % 40) for i in range(count)],
            "status": [status[i % len(status)] for i in range(count)],
            "region": ["40_-75"] * count,
        }
    )


def _regions(place: int, _: dict[str, list[str]]) -> pd.DataFrame:
    count = min(12, place)
    return pd.DataFrame(
        {
            "region": [f"{5 * (i + 5)}_-{5 * (i + 12)}" for i in range(count)],
            "reports": [500 - 20 * i for i in range(count)],
            "flights": [50 - 2 * i for i in range(count)],
            "avg_altitude": [30_000.0] * count,
        }
    )


def _minutes(place: int, _: dict[str, list[str]]) -> pd.DataFrame:
    count = min(10, 1 + place)
    return pd.DataFrame(
        {
            "minute": pd.Timestamp("2026-01-02T03:00:00Z") + pd.to_timedelta(range(count), "min"),
            "reports": [600] * count,
            "flights": [60] * count,
            "avg_altitude": [24_000.0 + 37 * (i * i % 11) for i in range(count)],
        }
    )


def _density(place: int, _: dict[str, list[str]]) -> pd.DataFrame:
    west = [float(w) for w in range(-120, -75)]
    flights = [(i % 9) + place for i in range(len(west))]
    return pd.DataFrame({"west": west, "south": [40.0] * len(west), "flights": flights})


def _positions(place: int, _: dict[str, list[str]]) -> pd.DataFrame:
    frame = _reports(4, {}).assign(longitude=lambda f: f["longitude"] + 0.1 * place)
    before = frame["timestamp"] - pd.Timedelta(seconds=10)
    known = frame.index > 0  # the first flight has been seen once only
    return frame.assign(
        previous_latitude=frame["latitude"].where(known),
        previous_longitude=(frame["longitude"] - 0.02).where(known),
        previous_timestamp=before.where(known),
    )


ANSWERS: dict[str, Callable[[int, dict[str, list[str]]], pd.DataFrame]] = {
    "": _reports,
    "/regions": _regions,
    "/minutes": _minutes,
    "/density": _density,
    "/positions": _positions,
}


@contextmanager
def serving(commits: int = 3) -> Iterator[ScriptedLake]:
    """A running lake with a few commits."""
    lake = ScriptedLake()
    for _ in range(commits):
        lake.commit()
    lake.start()
    try:
        yield lake
    finally:
        lake.stop()
