"""A recording as it lies on disk: what it holds, and its rows from any moment on."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flightlib.errors import RecordingError
from flightlib.records import FIELDS
from flightlib.replay.columns import EARLIEST_MS, LATEST_MS, columns

MARK = b"flightlib.recording"
CUT_SHORT = "cut short, since Kafka gave nothing for a minute; the end is missing"
BATCH_ROWS = 4096
TROUBLE = (pa.ArrowException, OSError, EOFError, zlib.error, ValueError, OverflowError)
"""What reading a file may raise; text that is no UTF-8 and dates of no calendar are ValueErrors."""
_STAMP = FIELDS.index("timestamp")


@dataclass(frozen=True)
class Recording:
    """A file that holds a recording: how many reports, of which time, and what was passed over.

    `first_ms` and `last_ms` are the oldest and the newest timestamp, epoch milliseconds;
    `skipped` counts what could not be kept, by reason; `source` says where the reports came from;
    `cut_short` that Kafka fell silent before the end was reached.
    """

    path: Path
    rows: int
    first_ms: int
    last_ms: int
    source: str
    skipped: Mapping[str, int] = field(default_factory=dict)
    interrupted: bool = False
    cut_short: bool = False

    @property
    def duration_s(self) -> float:
        """From its oldest to its newest report, in seconds."""
        return (self.last_ms - self.first_ms) / 1000

    def __str__(self) -> str:
        """Say what it holds, in one line."""
        size = f" · {self.path.stat().st_size / 1e6:,.1f} MB" if self.path.exists() else ""
        ended = " · interrupted, and closed with what was there" if self.interrupted else ""
        ended += f" · {CUT_SHORT}" if self.cut_short else ""
        begun = datetime.fromtimestamp(self.first_ms / 1000, timezone.utc)
        return (
            f"{self.path.name} · {self.rows:,} reports of {clock(self.duration_s)} "
            f"from {begun:%Y-%m-%d %H:%M:%S} UTC · {self.source}{size}"
            f"{told(self.skipped, ' · ')}{ended}"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<code>{escape(str(self))}</code>"

    def facts(self) -> dict[bytes, bytes]:
        """Give what stands in the file beside its rows."""
        known = {"rows": self.rows, "first_ms": self.first_ms, "last_ms": self.last_ms}
        more = {"source": self.source, "skipped": dict(self.skipped)}
        ended = {"interrupted": self.interrupted, "cut_short": self.cut_short}
        return {MARK: json.dumps({**known, **more, **ended}).encode()}


def clock(seconds: float) -> str:
    """Write seconds as 01:02:03."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def told(skipped: Mapping[str, int], before: str = "") -> str:
    """Say what was passed over, the most frequent reason first; nothing if nothing was."""
    if not skipped:
        return ""
    often = sorted(skipped.items(), key=lambda one: -one[1])
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in often)
    return f"{before}{sum(skipped.values()):,} rows skipped: {reasons}"


def find(path: Path) -> Recording | None:
    """Open what flightlib wrote; None for any other file. Raises RecordingError if it is damaged.

    What it wrote was looked through then, so that its rows need no second look; a file that does
    not have the rows and times its mark speaks of was changed since, and is anybody's.
    """
    with path.open("rb") as file:
        if file.read(4) != b"PAR1":
            return None
    try:
        with pq.ParquetFile(path) as parquet:
            there = parquet.schema_arrow
            if not there.equals(columns()):
                return None
            holds = _holds(parquet)
    except TROUBLE as error:
        raise damaged(path, error) from None
    try:
        told_of = _told_of(path, json.loads((there.metadata or {})[MARK]))
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError):
        return None
    return told_of if (told_of.rows, told_of.first_ms, told_of.last_ms) == holds else None


def _told_of(path: Path, facts: Mapping[str, Any]) -> Recording:
    return Recording(
        path,
        int(facts["rows"]),
        int(facts["first_ms"]),
        int(facts["last_ms"]),
        str(facts["source"]),
        {str(reason): int(count) for reason, count in facts["skipped"].items()},
        bool(facts["interrupted"]),
        bool(facts.get("cut_short", False)),
    )


def _holds(parquet: pq.ParquetFile) -> tuple[int, int, int] | None:
    """Give the number of rows, the oldest and the newest time, if they are told and possible."""
    groups = range(parquet.num_row_groups)
    ends = [ends for n in groups if (ends := _times(parquet, n)) is not None]
    if not ends or len(ends) < parquet.num_row_groups:
        return None
    first, last = min(low for low, _ in ends), max(high for _, high in ends)
    possible = EARLIEST_MS <= first <= last <= LATEST_MS
    return (parquet.metadata.num_rows, first, last) if possible else None


def rows_from(path: Path, from_ms: int) -> Iterator[tuple[Any, ...]]:
    """Read the rows that are not older than a moment, a few thousand at a time, in their order.

    Row groups that are older as a whole are not read. Raises RecordingError for a damaged file.
    """
    try:
        with pq.ParquetFile(path) as parquet:
            for group in range(parquet.num_row_groups):
                times = _times(parquet, group)
                if times is not None and times[1] < from_ms:
                    continue
                for batch in parquet.iter_batches(
                    BATCH_ROWS, [group], list(FIELDS), use_threads=False
                ):
                    rows = zip(*(plain(batch.column(n)) for n in FIELDS), strict=True)
                    yield from (row for row in rows if row[_STAMP] >= from_ms)
    except TROUBLE as error:
        raise damaged(path, error) from None


def plain(column: pa.Array) -> list[Any]:
    """Give a column's values as Python has them; many times as fast as Arrow's own `to_pylist`."""
    if not column.null_count or pa.types.is_string(column.type):
        return list(column.to_numpy(zero_copy_only=False).tolist())
    filler = pa.scalar(0, pa.int8()).cast(column.type)
    values: list[Any] = column.fill_null(filler).to_numpy(zero_copy_only=False).tolist()
    for place in column.is_null().to_numpy(zero_copy_only=False).nonzero()[0]:
        values[place] = None
    return values


def _times(parquet: pq.ParquetFile, group: int) -> tuple[int, int] | None:
    """Give the oldest and the newest timestamp of a row group, if the file tells them."""
    told_of = parquet.metadata.row_group(group).column(_STAMP).statistics
    if told_of is None or not told_of.has_min_max:
        return None
    return int(told_of.min), int(told_of.max)


def damaged(path: Path, error: Exception) -> RecordingError:
    """Build the error for a file that cannot be read to its end."""
    why = " ".join(str(error).split())[:200].rstrip(".")
    return RecordingError(f"{path.name!r} cannot be read: {why}. Copy or record it anew.")
