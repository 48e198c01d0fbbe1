"""Open a recording: flightlib's own as it is, anybody else's turned into one first."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from flightlib.errors import RecordingError
from flightlib.records import FIELDS
from flightlib.replay.cells import Cells
from flightlib.replay.columns import ORDER, columns, to_table
from flightlib.replay.draft import Draft
from flightlib.replay.files import BATCH_ROWS, Head, frames, names
from flightlib.replay.flights import Flights
from flightlib.replay.recording import TROUBLE, Recording, damaged, find, told
from flightlib.replay.shapes import KNOWN, RUN, SHAPES, figures, recognise

MOST_NAMED = 8
NO_RECORDING = "no recording"


def opened(path: str | Path | Recording) -> tuple[Recording, Path | None]:
    """Open a recording; the second is a folder to delete after use, if it had to be made.

    Raises RecordingError, naming what was found, for what cannot be played.
    """
    where = path.path if isinstance(path, Recording) else Path(path).expanduser()
    if not where.exists():
        raise RecordingError(
            f"There is no recording {str(where)!r}. Make one with `flightlib record FILE`."
        )
    try:
        if where.is_file() and (found := find(where)) is not None:
            return found, None
    except OSError as error:
        raise damaged(where, error) from None
    folder = Path(tempfile.mkdtemp(prefix="flightlib-replay-"))
    try:
        return _made(where, folder / "recording.parquet"), folder
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _made(where: Path, target: Path) -> Recording:
    """Turn what a user has into a recording."""
    skipped = Counter[str]()
    files = [where] if where.is_file() else _files_of(where)
    if own := _reports(where, files):
        draft, source, turn = Draft(target), "flight reports", None
        _take(draft, _own(own, skipped))
    else:
        draft, turn, sources = Draft(target, RUN), Flights(), dict[str, None]()
        _take(draft, _foreign(files, skipped, sources))
        source = ", ".join(sources)
    if not draft.rows:
        why = told(skipped, ": ") or ", since it has no rows"
        raise RecordingError(f"{where.name!r} ({source}) holds nothing that can be played{why}.")
    return draft.finish(source, skipped, turn=turn) if turn else draft.finish(source, skipped)


def _take(draft: Draft, tables: Iterable[pa.Table]) -> None:
    for table in tables:
        draft.add(table)


def _files_of(folder: Path) -> list[Path]:
    found = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    if not found:
        raise RecordingError(f"The folder {str(folder)!r} has no files.")
    return found


def _foreign(
    files: list[Path], skipped: Counter[str], sources: dict[str, None]
) -> Iterator[pa.Table]:
    """Read what others recorded; count what is no recording, unless there is nothing else."""
    row, unknown = 0, list[RecordingError]()
    for file in files:
        for frame in frames(file, KNOWN, skipped):
            shape = recognise(frame)
            if shape is None:
                unknown = unknown or [_unknown(file, frame)]
                skipped[NO_RECORDING] += 1
                if isinstance(frame, Head):
                    break  # its rows are as unknown
                continue
            sources[shape.name] = None
            cells = Cells(frame)
            table, bad = figures(shape, cells, row)
            skipped.update(bad)
            row += cells.count
            yield table
    if unknown and not sources:
        raise unknown[0]


def _reports(where: Path, files: list[Path]) -> list[Path]:
    """Find the Parquet files of flight reports; all must be such, or none."""
    own = [file for file in files if set(FIELDS) <= set(names(file))]
    other = next((file for file in files if file not in own), None)
    if own and other is not None:
        raise RecordingError(
            f"The folder {where.name!r} has flight reports ({own[0].name!r}) beside other files "
            f"({other.name!r}). Play one file, or a folder of files of one kind."
        )
    return own


def _unknown(file: Path, found: Iterable[str]) -> RecordingError:
    there = list(found)
    if set(FIELDS) <= set(there):
        return RecordingError(
            f"{file.name!r} has flight reports, but not as Parquet. Save them as Parquet: one "
            "such file is played, or a folder of them."
        )
    listed = ", ".join(repr(name[:24]) for name in there[:MOST_NAMED])
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    known = "; ".join(f"{shape.name} ({', '.join(shape.needs)})" for shape in SHAPES)
    return RecordingError(
        f"{file.name!r} has {listed or 'no columns'}{more}. A recording is a Parquet "
        f"file of flight reports, or has the columns of: {known}."
    )


def _own(files: list[Path], skipped: Counter[str]) -> Iterator[pa.Table]:
    """Read flight reports that somebody saved: a recording that was filtered, or several."""
    row = 0
    for path in files:
        for batch in _batches(path):
            good, bad = to_table(_rows(path, batch, row))
            skipped.update(bad)
            row += batch.num_rows
            yield good


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    try:
        with pq.ParquetFile(path) as parquet:
            there = [n for n in columns().names if n in parquet.schema_arrow.names]
            yield from parquet.iter_batches(BATCH_ROWS, columns=there, use_threads=False)
    except TROUBLE as error:
        raise damaged(path, error) from None


def _rows(path: Path, batch: pa.RecordBatch, row: int) -> list[dict[str, Any]]:
    try:
        found: list[dict[str, Any]] = _with_order(pa.Table.from_batches([batch]), row).to_pylist()
    except TROUBLE as error:
        raise damaged(path, error) from None
    return found


def _with_order(table: pa.Table, row: int) -> pa.Table:
    """Give every row its place in the order, and every time as epoch milliseconds."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            stamps = table[place].cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
            table = table.set_column(place, field.name, stamps)
    whole = {ORDER[0]: table["timestamp"], ORDER[1]: pa.array([0] * table.num_rows)}
    whole[ORDER[2]] = pa.array(range(row, row + table.num_rows))
    for name, column in whole.items():
        if name not in table.column_names:
            table = table.append_column(name, column)
    return table
