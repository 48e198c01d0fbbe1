"""The SQL Gateway's REST: sessions, statements, and their results page by page."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from flightlib.flink.rest import Refused, call
from flightlib.settings import Settings

NOT_READY_S = 0.05


class SessionLost(Exception):
    """The gateway does not know the session: it was started anew, or the session was idle."""


@dataclass(frozen=True)
class Column:
    """A column of a result: its name and its SQL type."""

    name: str
    type: str


class Change(NamedTuple):
    """One row of a changelog: INSERT, UPDATE_BEFORE, UPDATE_AFTER or DELETE, and its values."""

    kind: str
    row: tuple[Any, ...]


@dataclass(frozen=True)
class Page:
    """What one look at a result gave; `ready` is false while the statement is being planned."""

    ready: bool
    columns: tuple[Column, ...]
    changes: tuple[Change, ...]
    job_id: str | None
    last: bool


class Gateway:
    """The SQL Gateway at the settings' address."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Make a call. Raises EngineDown, Refused, or SessionLost."""
        try:
            return dict(call(self._settings, "flink_gateway", method, f"/v3{path}", body))
        except Refused as refused:
            if "Session '" in str(refused) and "does not exist" in str(refused):
                raise SessionLost from None
            raise

    def open(self, properties: Mapping[str, str] | None = None) -> str:
        """Open a session and give its handle."""
        body = {"properties": dict(properties or {})}
        return str(self.call("POST", "/sessions", body)["sessionHandle"])

    def close(self, session: str) -> None:
        """Close a session; its queries end, its jobs go on."""
        self.call("DELETE", f"/sessions/{session}")

    def properties(self, session: str) -> dict[str, str]:
        """Give the configuration a session has now."""
        return dict(self.call("GET", f"/sessions/{session}")["properties"])

    def submit(self, session: str, sql: str, config: Mapping[str, str] | None = None) -> Operation:
        """Send one statement; `config` holds for it alone."""
        body = {"statement": sql, "executionConfig": dict(config or {})}
        handle = self.call("POST", f"/sessions/{session}/statements", body)["operationHandle"]
        return Operation(self, f"/sessions/{session}/operations/{handle}")


class Operation:
    """One statement at work in the gateway."""

    def __init__(self, gateway: Gateway, path: str) -> None:
        self._gateway, self._path = gateway, path
        self._next: str | None = f"{path}/result/0?rowFormat=JSON"

    def page(self) -> Page:
        """Look once, and be on the next page the next time."""
        if self._next is None:
            return Page(True, (), (), None, True)
        told = self._gateway.call("GET", self._next)
        following = told.get("nextResultUri")
        self._next = None if following is None else str(following).removeprefix("/v3")
        return page_of(told, self._next is None)

    def pages(self) -> Iterator[Page]:
        """Go through a result that ends, waiting while it is being made."""
        while True:
            page = self.page()
            yield page
            if page.last:
                return
            if not page.changes:
                time.sleep(NOT_READY_S)

    def close(self) -> None:
        """Let the operation go; a SELECT that runs is cancelled."""
        self._gateway.call("DELETE", f"{self._path}/close")


def page_of(told: Mapping[str, Any], last: bool) -> Page:
    """Read one answer of the gateway."""
    results = told.get("results") or {}
    types = [column["logicalType"] for column in results.get("columns", [])]
    columns = tuple(
        Column(column["name"], type_text(column["logicalType"]))
        for column in results.get("columns", [])
    )
    changes = tuple(
        Change(row["kind"], tuple(map(value, types, row["fields"])))
        for row in results.get("data", [])
    )
    ready = told.get("resultType") != "NOT_READY"
    return Page(ready, columns, changes, told.get("jobID"), last)


_SHORT = {
    "VARCHAR": "STRING",
    "INTEGER": "INT",
    "TIMESTAMP_WITHOUT_TIME_ZONE": "TIMESTAMP",
    "TIMESTAMP_WITH_LOCAL_TIME_ZONE": "TIMESTAMP_LTZ",
}


def type_text(told: Mapping[str, Any]) -> str:
    """Write a type as SQL does: STRING, TIMESTAMP(3), DECIMAL(5, 2)."""
    name = _SHORT.get(told["type"], told["type"])
    if name == "VARCHAR" or name == "STRING":
        return "STRING"
    sizes = [
        str(told[key]) for key in ("length", "precision", "scale") if told.get(key) is not None
    ]
    return f"{name}({', '.join(sizes)})" if sizes else str(name)


def value(told: Mapping[str, Any], field: Any) -> Any:
    """Turn a field of a result into a Python value: times are naive UTC datetimes."""
    kind = told["type"]
    if field is None:
        return None
    if kind.startswith("TIMESTAMP"):
        # Flink writes as many digits as there are; Python 3.10 reads three or six alone.
        second, _, fraction = str(field).removesuffix("Z").partition(".")
        return datetime.fromisoformat(second).replace(microsecond=int(f"{fraction:0<6}"[:6]))
    if kind == "DECIMAL":
        return Decimal(str(field))
    return field
