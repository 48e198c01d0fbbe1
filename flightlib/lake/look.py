"""Look at the lake: its tables, their snapshots, files and partitions, as tables that show."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from flightlib.errors import LakeError
from flightlib.lake.history import State, watch
from flightlib.lake.schemas import CATALOG, NAMESPACE, PLANS
from flightlib.lake.tables import check_table
from flightlib.lake.trino import ask
from flightlib.settings import Settings, load

if TYPE_CHECKING:
    import pandas as pd


FILES = """
SELECT element_at(split(file_path, '/'), -1) AS file, partition.{day} AS day,
       record_count AS rows, round(file_size_in_bytes / 1000.0, 1) AS kilobytes
FROM "{table}$files"
WHERE content = 0
ORDER BY 2, 3 DESC
"""
PARTITIONS = """
SELECT partition.{day} AS day, record_count AS rows, file_count AS files,
       round(total_size / 1e6, 2) AS megabytes
FROM "{table}$partitions"
ORDER BY 1
"""


@dataclass(frozen=True)
class LakeTable:
    """One table as of its newest snapshot."""

    state: State

    @property
    def name(self) -> str:
        """Its full name, the same in Flink and in Trino."""
        return f"{CATALOG}.{NAMESPACE}.{self.state.name}"

    def facts(self) -> tuple[str, ...]:
        """Say what it holds: rows, files, snapshots, the age of the newest."""
        current = self.state.current
        if current is None:
            return ("0", "0", "0", "nothing written yet")
        age_s = max(0.0, time.time() - current.committed_ms / 1000)
        return (
            f"{current.total_records:,}",
            f"{current.total_files:,}",
            f"{len(self.state.snapshots):,}",
            f"{age_s:,.1f} s ago",
        )

    def columns(self) -> list[tuple[str, str, str]]:
        """Give name, type and meaning of each column; those added later have no meaning told."""
        known = {field.name: field for field in PLANS[self.state.name].fields}
        told = ((name, known.get(name)) for name in self.state.columns)
        return [(n, f.type, f.doc) if f else (n, "", "added later") for n, f in told]


class LakeTables(tuple[LakeTable, ...]):
    """The tables of the lake; shows itself: what each holds, its columns at a click."""

    HEAD = ("rows", "files", "snapshots", "last commit")

    def __repr__(self) -> str:
        return "\n".join(
            f"{t.name}: {', '.join(f'{n} {v}' for n, v in zip(self.HEAD, t.facts(), strict=True))}"
            for t in self
        )

    def _repr_html_(self) -> str:
        return "".join(self._one(table) for table in self)

    def _one(self, table: LakeTable) -> str:
        facts = " · ".join(f"{n} {v}" for n, v in zip(self.HEAD, table.facts(), strict=True))
        return (
            f"<details><summary><b>{escape(table.name)}</b> · {escape(facts)}</summary>"
            f"<table>{_rows(table.columns())}</table></details>"
        )


def _rows(rows: Iterable[Iterable[str]]) -> str:
    return "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )


def tables(settings: Settings | None = None) -> LakeTables:
    """Show the lake's tables: rows, files, snapshots, columns.

    Raises EngineDown when the catalog is not answering, LakeError when they do not exist yet.
    """
    settings = settings or load()
    return LakeTables(LakeTable(watch(settings, name).newest()) for name in PLANS)


def snapshots(table: str = "flight_data", settings: Settings | None = None) -> pd.DataFrame:
    """List a table's snapshots, the newest first: when, what was done, rows added and in all.

    Raises EngineDown when the catalog is not answering, LakeError for a table that does not exist.
    """
    import pandas as pd

    found = reversed(watch(settings or load(), table).newest().snapshots)
    rows = [
        (
            s.snapshot_id,
            pd.Timestamp(s.committed_ms, unit="ms", tz="UTC"),
            *(s.operation, s.added_records, s.total_records, s.total_files),
        )
        for s in found
    ]
    names = ["snapshot_id", "committed", "operation", "rows_added", "rows", "files"]
    return pd.DataFrame(rows, columns=names)


def files(table: str = "flight_data", settings: Settings | None = None) -> pd.DataFrame:
    """List the data files of a table's newest snapshot: name, day, rows, kilobytes.

    Raises EngineDown, LakeError for a table that does not exist.
    """
    column = PLANS[check_table(table)].day_of
    return ask(settings or load(), FILES.format(day=f"{column}_day", table=table)).frame()


def partitions(table: str = "flight_data", settings: Settings | None = None) -> pd.DataFrame:
    """List the days a table is cut into: day, rows, files, megabytes.

    Raises EngineDown, LakeError for a table that does not exist.
    """
    column = PLANS[check_table(table)].day_of
    return ask(settings or load(), PARTITIONS.format(day=f"{column}_day", table=table)).frame()


def wait_for_rows(
    table: str = "flight_data", within_s: float = 120.0, settings: Settings | None = None
) -> int:
    """Wait until a table holds rows, and give their number.

    Raises LakeError when none came in time, or there is no such table; EngineDown.
    """
    settings, deadline_s = settings or load(), time.monotonic() + within_s
    while time.monotonic() < deadline_s:
        current = watch(settings, table).newest().current
        if current is not None and current.total_records:
            return current.total_records
        time.sleep(0.2)
    raise LakeError(
        f"No row came to {table} within {within_s:g} s. Look at the panel of job to-lake: "
        "`%flink --job to-lake`."
    )


def at(table: str, ago_s: float, settings: Settings | None = None) -> int:
    """Give the id of the snapshot that was the newest so many seconds ago.

    Raises LakeError when the table's history does not reach back so far.
    """
    state = watch(settings or load(), table).newest()
    moment_ms = time.time() * 1000 - ago_s * 1000
    before = [s for s in state.snapshots if s.committed_ms <= moment_ms]
    if not before:
        kept = len(state.snapshots)
        raise LakeError(
            f"Table {table} has no snapshot that is {ago_s:g} s old: {kept} are kept. "
            f"`fl.lake.snapshots({table!r})` lists them."
        )
    return before[-1].snapshot_id
