"""The names there are in the lake, for a statement that gets one wrong or is to be followed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timezone

import orjson

from flightlib.errors import FlightlibError
from flightlib.flink.scan import TRINO, pieces
from flightlib.lake.history import Snapshot, call, watch
from flightlib.lake.schemas import CATALOG, NAMESPACE
from flightlib.settings import Settings

SIDES = ("snapshots", "history", "files", "manifests", "partitions", "refs", "properties")
"""What Iceberg tells of a table: in Trino `"flight_data$snapshots"`."""

_SHOWN = {
    "function": "SHOW FUNCTIONS",
    "schema": f"SHOW SCHEMAS FROM {CATALOG}",
    "catalog": "SHOW CATALOGS",
}
Look = Callable[[str], Iterable[str]]


def table_names(settings: Settings) -> list[str]:
    """List the tables of the lake. Raises EngineDown when the catalog is not answering."""
    answer = call(settings, "GET", f"/v1/namespaces/{NAMESPACE}/tables")
    found = orjson.loads(answer.content) if answer.is_success else {}
    return sorted(str(one["name"]) for one in found.get("identifiers", ()))


def tables_in(sql: str, known: Iterable[str]) -> list[str]:
    """Name those of the `known` tables that a statement speaks of; of "t$files" it is t. Pure."""
    words: set[str] = set()
    for kind, text in pieces(sql, TRINO):
        if kind == "code":
            words |= set(re.findall(r"\w+", text.lower()))
        elif kind == "name":
            words.add(text[1:-1].lower().partition("$")[0])
    return [name for name in known if name.lower() in words]


def names(settings: Settings, sql: str, look: Look) -> Callable[[str], list[str]]:
    """Make what tells the names of a kind that the statement could have meant, when asked.

    Kinds are "table", "column", "function", "schema", "catalog" and "snapshot", the last with its
    time, oldest first. `look` gives the first column of a statement. What cannot be told is none.
    """

    def of(kind: str) -> list[str]:
        with contextlib.suppress(FlightlibError):
            if kind in _SHOWN:
                return sorted(set(look(_SHOWN[kind])))
            tables = table_names(settings)
            if kind == "table":
                return tables + [f"{name}${side}" for name in tables for side in SIDES]
            states = [watch(settings, name).state() for name in tables_in(sql, tables)]
            if kind == "column":
                own = re.findall(r"\bAS\s+\"?(\w+)", sql, re.IGNORECASE)
                return sorted({c for state in states for c in state.columns} | set(own))
            return [dated(one) for state in states for one in state.snapshots]
        return []

    return of


def dated(snapshot: Snapshot) -> str:
    """Write a snapshot's number and time as an error names it."""
    moment = datetime.fromtimestamp(snapshot.committed_ms / 1000, timezone.utc)
    return f"{snapshot.snapshot_id} of {moment:%Y-%m-%d %H:%M:%S} UTC"
