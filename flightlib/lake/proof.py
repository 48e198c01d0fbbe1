"""The proof that nothing was lost and nothing doubled: the table against itself, and against Kafka.

Each report is numbered within its region and event minute as it is written. So in each such group
the rows, the highest number and the distinct numbers are as many; a row that is missing or doubled
breaks that. What the table holds in all is what the job has read of Kafka's topic since it began.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from html import escape
from typing import Any

from flightlib import flink, kafka
from flightlib.errors import LakeError
from flightlib.lake.history import Snapshot, watch
from flightlib.lake.schemas import FLIGHT_DATA
from flightlib.lake.trino import ask
from flightlib.settings import Settings, load

TABLE, TOPIC = FLIGHT_DATA.name, "flights"
LOOK_S = 0.05
WITHIN_S = 120.0
SHOWN = 10

SQL = """
SELECT region, date_trunc('minute', "timestamp") AS event_minute, {run} AS run,
       count(*) AS reports, max(flight_count) AS highest,
       count(DISTINCT flight_count) AS distinct_numbers
FROM flight_data FOR VERSION AS OF {snapshot}
GROUP BY 1, 2, 3
"""


@dataclass(frozen=True)
class Proof:
    """What the table says of itself at one snapshot, and what Kafka's offsets say of the job."""

    job: str
    snapshot_id: int
    rows: int
    read: int  # reports that the job has read of the topic since it began, or was to read
    groups: int
    broken: tuple[tuple[Any, ...], ...]  # region, minute, rows, highest, distinct numbers
    told: bool  # whether Kafka's offsets say so, and not who asked
    runs: int  # how often the job's numbers began anew, 1 for a job that never lost its state

    @property
    def holds(self) -> bool:
        """Say whether nothing was lost and nothing doubled."""
        return not self.broken and self.rows == self.read

    def __str__(self) -> str:
        """Say it in one line."""
        read = f"Kafka's offsets say {self.read:,} reports"
        total = f"{self.rows:,} rows, and {read if self.told else f'{self.read:,} were due'}"
        if self.holds:
            return f"Nothing lost, nothing doubled: {total}; all {self.groups:,} groups are exact."
        broken = f"{len(self.broken):,} of {self.groups:,} groups are not exact"
        return f"The counts do not agree: {total}; {broken}. {self._guess()}".strip()

    def _guess(self) -> str:
        more = self.rows - self.read
        if more > 0 and not self.broken:
            return (
                f"{more:,} rows are of another writer or of an earlier job {self.job!r}: "
                "`fl.lake.reset()` begins anew."
            )
        if more < 0 and not self.broken:
            return f"{-more:,} reports are missing: lost, or deleted by Kafka unread."
        return ""

    __repr__ = __str__

    def _repr_html_(self) -> str:
        mark = "✓" if self.holds else "✗"
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(str(v))}</td>' for v in row)}</tr>"
            for row in self.broken[:SHOWN]
        )
        names = ("region", "minute", "rows", "highest", "distinct")
        head = "".join(f"<th>{name}</th>" for name in names)
        table = f"<table><tr>{head}</tr>{rows}</table>" if rows else ""
        return f"<p>{mark} {escape(str(self))}</p>{table}"


def prove(
    settings: Settings | None = None, within_s: float = 60.0, reports: int | None = None
) -> Proof:
    """Prove that `flight_data` holds every report its job has read, each exactly once.

    A job that writes meanwhile is caught at a moment when the table's newest snapshot and the
    offsets that the job has committed to Kafka belong together, within `within_s` seconds. Where
    nothing is published any more, Flink commits its last offsets up to ten seconds late; who knows
    how many `reports` the job was to write since it began, without poison that was left out, need
    not wait for that. Raises LakeError when no job writes the table or nothing is written yet,
    EngineDown.
    """
    settings = settings or load()
    entry = _writer(settings)
    snapshot, due = _caught(settings, entry, within_s, reports)
    moments = [datetime.fromtimestamp(ms / 1000, timezone.utc) for ms in entry.anew_ms]
    statement = SQL.format(run=_run_of(moments), snapshot=int(snapshot.snapshot_id))
    answer = ask(settings, statement, within_s=WITHIN_S)
    return judge(entry.name, snapshot, due, answer.rows, len(moments) + 1, reports is None)


def judge(
    job: str,
    snapshot: Snapshot,
    read: int,
    rows: Sequence[Sequence[Any]],
    runs: int,
    told: bool = True,
) -> Proof:
    """Draw the conclusion from the groups (region, minute, run, rows, highest, distinct). Pure."""
    broken = [(r[0], r[1], *r[3:]) for r in rows if not r[3] == r[4] == r[5]]
    total = sum(row[3] for row in rows)
    return Proof(job, snapshot.snapshot_id, total, read, len(rows), tuple(broken), told, runs)


def _run_of(moments: Sequence[datetime]) -> str:
    """Number the runs of a job whose counts began anew, by when a row was written."""
    later = (f"IF(processed_time >= TIMESTAMP '{m:%Y-%m-%d %H:%M:%S.%f}', 1, 0)" for m in moments)
    return " + ".join(["0", *later])


def _writer(settings: Settings) -> flink.Entry:
    found = flink.writers(settings, TABLE)
    found.sort(key=lambda entry: (entry.wanted != "running", -entry.began_ms))
    if not found or not found[0].origin.get(TOPIC):
        raise LakeError(
            f"No job has written {TABLE} yet. Start one by `%%flink --job to-lake`, a cell of "
            "03_iceberg_and_trino."
        )
    return found[0]


def _caught(
    settings: Settings, entry: flink.Entry, within_s: float, reports: int | None
) -> tuple[Snapshot, int]:
    """Wait for a snapshot that agrees with the offsets, or else with so many `reports`.

    Without one, give what was seen last; one that has more reports than that will not have less.
    """
    deadline_s = time.monotonic() + within_s
    while True:
        before = watch(settings, TABLE).newest().current
        due = reports
        if due is None:
            due = read_since(entry, kafka.committed(settings, entry.group, TOPIC))
        after = watch(settings, TABLE).newest().current
        for snapshot in (before, after):
            if snapshot is not None and snapshot.total_records == due:
                return snapshot, due
        beyond = reports is not None and after is not None and after.total_records > reports
        if beyond or time.monotonic() > deadline_s:
            if after is None:
                raise LakeError(f"Nothing is written to {TABLE} yet. Is a publisher running?")
            return after, due
        time.sleep(LOOK_S)


def read_since(entry: flink.Entry, committed: Mapping[int, int]) -> int:
    """Count the reports a job has read of the topic since it began; poison left out is none."""
    begun = entry.origin[TOPIC]
    read = sum(offset - begun.get(str(p), 0) for p, offset in committed.items())
    return read - entry.skipped
