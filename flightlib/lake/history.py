"""The history of a table, read from the Iceberg REST catalog: its snapshots, and what is new."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from flightlib import calls
from flightlib.errors import EngineDown, LakeError
from flightlib.lake.schemas import NAMESPACE
from flightlib.settings import Settings

ANSWER_S = 10.0
FRESH_S = 0.1
"""How long an answer of the catalog is taken for the newest."""


@dataclass(frozen=True)
class Snapshot:
    """One commit to a table: what it did, and how much the table held afterwards."""

    snapshot_id: int
    committed_ms: int
    operation: str  # append, replace (compaction), overwrite or delete
    added_records: int
    total_records: int
    total_files: int
    job_id: str | None  # the Flink job that committed it


@dataclass(frozen=True)
class State:
    """A table as of its newest commit; `current` is None while nothing was written."""

    name: str
    snapshots: tuple[Snapshot, ...]  # oldest first
    current: Snapshot | None
    columns: tuple[str, ...]
    properties: Mapping[str, str]
    location: str


def state_of(name: str, told: Mapping[str, Any]) -> State:
    """Read the catalog's answer about a table."""
    metadata = told["metadata"]
    found = sorted(map(_snapshot, metadata.get("snapshots") or ()), key=lambda s: s.committed_ms)
    current = metadata.get("current-snapshot-id")
    schema = next(s for s in metadata["schemas"] if s["schema-id"] == metadata["current-schema-id"])
    return State(
        name,
        tuple(found),
        next((s for s in found if s.snapshot_id == current), None),
        tuple(field["name"] for field in schema["fields"]),
        MappingProxyType(dict(metadata.get("properties") or {})),
        str(metadata["location"]),
    )


def _snapshot(told: Mapping[str, Any]) -> Snapshot:
    summary = told.get("summary") or {}
    return Snapshot(
        snapshot_id=int(told["snapshot-id"]),
        committed_ms=int(told["timestamp-ms"]),
        operation=str(summary.get("operation", "append")),
        added_records=int(summary.get("added-records", 0)),
        total_records=int(summary.get("total-records", 0)),
        total_files=int(summary.get("total-data-files", 0)),
        job_id=summary.get("flink.job-id"),
    )


class Watch:
    """Keeps one table's state up to date; asking again costs nothing while nothing was committed.

    The catalog names each state by an ETag, and sends a state only when it is another.
    """

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings, self._name = settings, name
        self._etag, self._asked_s = "", float("-inf")
        self._lock = threading.Lock()
        self._state: State | None = None

    def state(self) -> State:
        """Give the newest state. Raises EngineDown, or LakeError when there is no such table."""
        with self._lock:
            if self._state is None or time.monotonic() - self._asked_s > FRESH_S:
                self._ask()
            assert self._state is not None
            return self._state

    def newest(self) -> State:
        """Give the state as of this very moment, however lately it was asked for."""
        with self._lock:
            self._asked_s = float("-inf")
        return self.state()

    def _ask(self) -> None:
        answer = call(self._settings, "GET", table_path(self._name), {"If-None-Match": self._etag})
        if answer.status_code == 404:
            self._etag, self._state = "", None
            raise missing(self._name)
        if answer.status_code != 304:
            if not answer.is_success:
                here = not self._settings.elsewhere("catalog")
                look = "See `flightlib logs catalog`." if here else "See its log, where it runs."
                raise LakeError(
                    f"The Iceberg catalog answers {answer.status_code} about {self._name}. {look}"
                )
            self._state = state_of(self._name, orjson.loads(answer.content))
            self._etag = answer.headers.get("etag", "")
        self._asked_s = time.monotonic()


def table_path(name: str) -> str:
    """Give the catalog's path of a table."""
    return f"/v1/namespaces/{NAMESPACE}/tables/{quote(name, safe='')}"


def missing(name: str) -> LakeError:
    """Say that a table does not exist, and what makes it."""
    return LakeError(
        f"There is no table {name!r} in the lake yet. "
        "Run `fl.lake.create_tables()`, a cell of 03_iceberg_and_trino."
    )


def call(
    settings: Settings, method: str, path: str, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    """Make one call to the catalog. Raises EngineDown when nobody answers."""
    place = f"/v1{_prefix(settings)}{path.removeprefix('/v1')}"
    return calls.call(settings, "catalog", method, place, ANSWER_S, headers=headers)


def reach(settings: Settings) -> None:
    """Raise EngineDown unless the catalog answers."""
    calls.call(settings, "catalog", "GET", _configuration(settings), ANSWER_S)


def _configuration(settings: Settings) -> str:
    query = f"?warehouse={quote(settings.warehouse, safe='')}" if settings.warehouse else ""
    return f"/v1/config{query}"


_prefixes: dict[Settings, str] = {}


def _prefix(settings: Settings) -> str:
    """Tell what stands before the paths of a catalog elsewhere: it may keep several warehouses."""
    if not settings.elsewhere("catalog"):
        return ""
    if settings not in _prefixes:
        answer = calls.call(settings, "catalog", "GET", _configuration(settings), ANSWER_S)
        told = orjson.loads(answer.content) if answer.is_success else {}
        known = {**(told.get("defaults") or {}), **(told.get("overrides") or {})}
        prefix = known.get("prefix", "")
        _prefixes[settings] = f"/{prefix}" if prefix else ""
    return _prefixes[settings]


def down(settings: Settings) -> EngineDown:
    """Build the error for a catalog that is not answering."""
    return calls.down(settings, "catalog")


_watches: dict[tuple[Settings, str], Watch] = {}


def watch(settings: Settings, name: str) -> Watch:
    """Give this process's watch on a table: all who look share it."""
    return _watches.setdefault((settings, name), Watch(settings, name))
