"""A query and a job that do what a test scripts: no engine, the same shape as the real ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from flightlib.errors import FlightlibError


@dataclass(frozen=True)
class Column:
    """One column of a query."""

    name: str
    type: str


COLUMNS = [
    Column("window_end", "TIMESTAMP(3)"),
    Column("region", "STRING"),
    Column("flights", "BIGINT NOT NULL"),
    Column("mean_altitude", "DOUBLE"),
]


class ScriptedQuery:
    """A running SELECT whose rows a test gives."""

    def __init__(self, columns: list[Column] = COLUMNS) -> None:
        self.columns = columns
        self.rows: list[tuple[Any, ...]] = []
        self.total, self.changed_ms = 0, 0
        self.state, self.message = "running", ""
        self.stops = 0
        self._callbacks: list[Callable[[Any], None]] = []
        self._changed = threading.Condition()

    @property
    def running(self) -> bool:
        return self.state == "running"

    def give(self, *rows: tuple[Any, ...]) -> None:
        """Let rows come."""
        self.rows = [*self.rows, *rows]
        self.total += len(rows)
        self.changed_ms = time.time_ns() // 1_000_000
        self._tell()

    def become(self, state: str, message: str = "") -> None:
        """Let the query end, or something be off."""
        self.state, self.message = state, message
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
        for callback in tuple(self._callbacks):
            callback(self)

    def on_change(self, callback: Callable[[Any], None]) -> Callable[[], None]:
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def wait_for(self, predicate: Callable[[Any], bool], timeout_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: predicate(self), timeout_s)

    def stop(self) -> None:
        self.stops += 1
        if self.running:
            self.become("stopped")

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(self.rows, columns=[column.name for column in self.columns])


@dataclass(frozen=True)
class Facts:
    """What a job is said to be."""

    name: str = "high-altitude"
    state: str = "RUNNING"
    job_id: str | None = "abc"
    uptime_s: float | None = 754.0
    records_in: int | None = 45_231
    records_out: int | None = 18_012
    records_in_per_s: float | None = 1003.2
    records_out_per_s: float | None = 4.2
    checkpoints: int | None = 14
    checkpoint_s: float | None = 0.31
    checkpoint_age_s: float | None = 7.2
    restarts: int | None = 0
    lag: int | None = 120
    watermark_ms: int | None = 1_700_000_000_000
    watermark_lag_s: float | None = 5.2
    late_dropped: int | None = 3
    why: str = ""


class ScriptedJob:
    """A job whose facts a test gives."""

    name = "high-altitude"

    def __init__(self, page: str = "http://localhost:8081/#/job/abc", **given: Any) -> None:
        self.page = page
        self.now = Facts(**given)
        self.asked = 0
        self.refuses = ""

    def become(self, **given: Any) -> None:
        """Let the cluster tell something else from now on."""
        self.now = replace(self.now, **given)

    def facts(self) -> Facts:
        self.asked += 1
        return self.now

    def stop(self) -> None:
        if self.refuses:
            raise FlightlibError(self.refuses)
        self.become(state="CANCELED")
