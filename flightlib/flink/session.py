"""This process's session at the SQL Gateway: its tables, its statements, and finding it again."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flightlib import calls, kafka
from flightlib.errors import EngineDown, FlightlibError, SqlError
from flightlib.flink import ddl, faults, options
from flightlib.flink.gateway import Column, Gateway, Operation, SessionLost
from flightlib.flink.rest import Refused
from flightlib.flink.rows import Rows
from flightlib.flink.scan import Statement, about
from flightlib.flink.shaping import Shaping
from flightlib.settings import Settings, load

T = TypeVar("T")
BATCH = {"execution.runtime-mode": "batch"}
MOST_ROWS = 1_000_000  # of an answer that is held in memory
_FORGETFUL = "flightlib-queries"


@dataclass(frozen=True)
class Answer:
    """What a statement that ends gave: columns, rows, and the job it started, if any."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    job_id: str | None


class Session:
    """A session with flightlib's tables; made at first use, and made anew when it was lost.

    `shaping` keeps the statements that shaped the session (CREATE, SET and the like), so that it
    can be made anew, and that a job's own session, or the bounded one, can be shaped alike.
    """

    def __init__(
        self,
        settings: Settings,
        group: str = _FORGETFUL,
        bounded: bool = False,
        shaping: Shaping | None = None,
    ) -> None:
        self.settings = settings
        self.gateway = Gateway(settings)
        self.shaping = Shaping() if shaping is None else shaping
        self._shaped: set[int] = set()
        self.since_ms: int | None = None  # where queries begin to read
        self._group, self._bounded = group, bounded
        self._handle: str | None = None
        self._knows_lake = False
        self._lock = threading.RLock()

    def run(self, statement: Statement, config: Mapping[str, str] | None = None) -> Answer:
        """Run a statement to its end. Raises SqlError in one line, or EngineDown."""
        return self._explaining(statement, lambda: self._run(statement.text, config))

    def shape(self, statement: Statement) -> Answer:
        """Run a statement that shapes the session, and remember it.

        What an earlier cell made under the same name is dropped first: a cell may be run again.
        """
        if about(statement.text) in ddl.TABLES:
            raise SqlError(
                f"{about(statement.text)} is flightlib's own table, and jobs and queries rely on "
                "it. Give yours another name."
            )
        with self._lock:
            for drop in self.shaping.before(statement.text):
                self._run(drop, None)
            answer = self.run(statement)
            self._shaped |= self.shaping.remember(statement.text)
            return answer

    def begin(self, statement: Statement, config: Mapping[str, str] | None = None) -> Operation:
        """Send a statement whose result has no end; the caller looks at the pages."""
        return self._explaining(
            statement,
            lambda: self._with_session(lambda s: self._submit(s, statement.text, config)),
        )

    def start_reading(self, since_ms: int | None) -> list[kafka.Poison]:
        """Let the queries that follow read the topics from a moment on; None means from now.

        Gives the poison that is left out, together with what lies before it in its partition.
        """
        self.since_ms, met = since_ms, []
        for table in ddl.TOPIC_TABLES:
            offsets = None
            if since_ms is not None:
                offsets, poison = kafka.after_poison(self.settings, table, since_ms)
                met += poison
            self.run(Statement(ddl.starting(table, offsets), 1))
        return met

    def runtime_mode(self) -> str:
        """Say whether queries are "streaming" or "batch" in this session."""
        told = self._with_session(self.gateway.properties)
        return told.get("execution.runtime-mode", "STREAMING").lower()

    def names(self, kind: str) -> list[str]:
        """List the tables, columns or functions there are; none if that cannot be told."""
        with contextlib.suppress(Refused, SessionLost, EngineDown):
            if kind == "table":
                return [
                    str(row[0]) for row in self._run("SHOW TABLES", None).rows
                ] + self._in_lake()
            if kind == "function":
                return [str(row[0]) for row in self._run("SHOW FUNCTIONS", None).rows]
            found = [self._run(f"DESCRIBE {_path(t)}", None).rows for t in self.names("table")]
            return sorted({str(row[0]) for rows in found for row in rows})
        return []

    def _in_lake(self) -> list[str]:
        found = self._run(f"SHOW TABLES IN {ddl.LAKE}", None).rows if self._knows_lake else ()
        return [f"{ddl.LAKE}.{row[0]}" for row in found]

    def explain(self, errors: Iterable[str], statement: Statement) -> FlightlibError:
        """Say in one line what Flink refuses about a statement, or which engine it misses."""
        errors, address = list(errors), urlsplit(self.settings.catalog)
        asked = f"Connect to {address.scheme}://{address.netloc} failed"
        if any(asked in error for error in errors):
            return calls.down(self.settings, "catalog")
        return SqlError(faults.in_words(errors, statement.line, self.names))

    def describe(self) -> ddl.Tables:
        """Give flightlib's tables, with their columns as Flink knows them."""
        found = []
        for name in self.names("table"):
            rows = self._run(f"DESCRIBE {_path(name)}", None).rows
            kind = "VIEW" if self._is_view(name) else "TABLE"
            shown = self._run(f"SHOW CREATE {kind} {_path(name)}", None)
            columns = tuple((str(r[0]), str(r[1]), not r[2]) for r in rows)
            found.append(ddl.Table(name, columns, str(shown.rows[0][0])))
        return ddl.Tables(found)

    def _is_view(self, name: str) -> bool:
        return (name,) in self._run("SHOW VIEWS", None).rows

    def close(self) -> None:
        """Let the session go; its queries end, its jobs go on."""
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                with contextlib.suppress(EngineDown, SessionLost, Refused):
                    self.gateway.close(handle)

    def _run(self, sql: str, config: Mapping[str, str] | None) -> Answer:
        return self._with_session(lambda handle: self._to_end(handle, sql, config))

    def _to_end(self, handle: str, sql: str, config: Mapping[str, str] | None) -> Answer:
        columns: tuple[Column, ...] = ()
        rows, job_id = Rows(MOST_ROWS), None
        operation = self._submit(handle, sql, config)
        try:
            for page in operation.pages():
                columns, job_id = page.columns or columns, page.job_id or job_id
                rows.apply(page.changes)
        except KeyboardInterrupt:
            operation.close()
            raise
        return Answer(columns, rows.now(), job_id)

    def _submit(self, handle: str, sql: str, config: Mapping[str, str] | None) -> Operation:
        """Send a statement; the first that is about the lake brings the lake's catalog."""
        if not self._knows_lake and ddl.needs_catalog(sql):
            self._knows_lake = True
            try:
                self._to_end(handle, ddl.catalog(self.settings), None)
            except BaseException:
                self._knows_lake = False
                raise
        return self.gateway.submit(handle, sql, config)

    def _with_session(self, act: Callable[[str], T]) -> T:
        """Act in the session; if it is gone, make it anew and act once more."""
        with self._lock:
            try:
                return act(self._up_to_date(self._handle or self._open()))
            except SessionLost:
                return act(self._up_to_date(self._open()))

    def _up_to_date(self, handle: str) -> str:
        """Repeat here what has shaped the session elsewhere since."""
        for number, sql in self.shaping.lacking(self._shaped):
            self._to_end(handle, sql, None)
            self._shaped.add(number)
        return handle

    def _open(self) -> str:
        ddl.prepare(self.settings)
        told = options.of_session(self.settings) | (BATCH if self._bounded else {})
        self._handle = handle = self.gateway.open(told)
        self._knows_lake = False
        startup = {True: "earliest-offset", False: "latest-offset"}[self._bounded]
        startup = "group-offsets" if self._group != _FORGETFUL else startup
        made = ddl.declarations(self.settings, self._group, startup, self._bounded)
        for sql in made:
            self._to_end(handle, sql, None)
        self._shaped = set()
        return handle

    def _explaining(self, statement: Statement, act: Callable[[], T]) -> T:
        try:
            return act()
        except Refused as refused:
            raise self.explain(refused.errors, statement) from None


def _path(table: str) -> str:
    """Quote a table's name, part by part."""
    return ".".join(f"`{part}`" for part in table.split("."))


_current: dict[tuple[Settings, bool], Session] = {}
_shapings: dict[Settings, Shaping] = {}


def session(settings: Settings | None = None, bounded: bool = False) -> Session:
    """Give this process's session, or its bounded one: queries there end with what is there now."""
    settings = settings or load()
    key = (settings, bounded)
    if key not in _current:
        shaping = _shapings.setdefault(settings, Shaping())
        _current[key] = Session(settings, bounded=bounded, shaping=shaping)
    return _current[key]
