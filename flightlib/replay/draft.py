"""A recording in the making: rows come in any order, and the file appears whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from flightlib.errors import RecordingError
from flightlib.replay.columns import ORDER, columns
from flightlib.replay.recording import Recording

RUN_ROWS = 100_000
GROUP_ROWS = 20_000
_SORTED = [(name, "ascending") for name in ORDER]


class Draft:
    """Collects rows beside its target and puts them in order at the end.

    Never more than RUN_ROWS rows are held, as long as they do not all fall in one millisecond:
    what comes is written away in sorted runs, and the runs are merged a slice of time after the
    other. `schema` is that of what comes; `finish` may turn it into the columns of a recording.
    """

    def __init__(self, target: Path, schema: pa.Schema | None = None) -> None:
        self.rows = 0
        self._target, self._schema = target, schema or columns()
        self._runs: list[Path] = []
        self._waiting: list[pa.Table] = []
        self._held = 0
        self._first_ms = self._last_ms = 0
        if not target.parent.is_dir():
            raise RecordingError(f"There is no folder {str(target.parent)!r} to record into.")
        if target.is_dir():
            raise RecordingError(f"{str(target)!r} is a folder; give the name of a file.")
        self._folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))

    def add(self, table: pa.Table) -> None:
        """Take rows, in any order."""
        if not table.num_rows:
            return
        stamps = pc.min_max(table["timestamp"]).as_py()
        self._first_ms = min(stamps["min"], self._first_ms) if self.rows else stamps["min"]
        self._last_ms = max(stamps["max"], self._last_ms)
        self.rows += table.num_rows
        self._held += table.num_rows
        self._waiting.append(table)
        if self._held >= RUN_ROWS:
            self._write_run()

    def _write_run(self) -> None:
        if self._waiting:
            run = pa.concat_tables(self._waiting).sort_by(_SORTED)
            path = self._folder / f"run-{len(self._runs):06}.parquet"
            pq.write_table(run, path, row_group_size=GROUP_ROWS)
            self._runs.append(path)
            self._waiting, self._held = [], 0

    def finish(
        self,
        source: str,
        skipped: Mapping[str, int],
        interrupted: bool = False,
        turn: Callable[[pa.Table], pa.Table] = lambda table: table,
        cut_short: bool = False,
    ) -> Recording:
        """Put all rows in order and give the file its name; `turn` sees them in that order."""
        self._write_run()
        span = self._first_ms, self._last_ms
        ended = interrupted, cut_short
        done = Recording(self._target, self.rows, *span, source, skipped, *ended)
        whole = self._folder / "whole.parquet"
        schema = columns().with_metadata(done.facts())
        with pq.ParquetWriter(whole, schema, compression="zstd") as writer:
            for table in self._in_order():
                finished = turn(table).replace_schema_metadata(schema.metadata)
                writer.write_table(finished, row_group_size=GROUP_ROWS)
        whole.replace(self._target)
        self.drop()
        return done

    def _in_order(self) -> Iterator[pa.Table]:
        if not self._runs:
            return
        runs = ds.dataset([str(path) for path in self._runs], schema=self._schema)
        (when,) = ORDER[:1]
        ends = [_ends(path, self._schema.get_field_index(when)) for path in self._runs]
        first, last = min(low for low, _ in ends), max(high for _, high in ends)
        for low, high in _slices(runs, when, first, last + 1):
            yield runs.to_table(filter=_within(when, low, high)).sort_by(_SORTED)

    def drop(self) -> None:
        """Leave nothing behind but what has its name; twice is harmless."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _ends(path: Path, column: int) -> tuple[int, int]:
    with pq.ParquetFile(path) as run:
        groups = [run.metadata.row_group(g) for g in range(run.num_row_groups)]
        told_of = [group.column(column).statistics for group in groups]
    return min(one.min for one in told_of), max(one.max for one in told_of)


def _within(name: str, low: int, high: int) -> ds.Expression:
    return (ds.field(name) >= low) & (ds.field(name) < high)


def _slices(runs: ds.Dataset, name: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Halve a span of time until none of its parts holds more than a run does."""
    if high - low <= 1 or runs.count_rows(filter=_within(name, low, high)) <= RUN_ROWS:
        yield low, high
    else:
        middle = (low + high) // 2
        yield from _slices(runs, name, low, middle)
        yield from _slices(runs, name, middle, high)
