"""Open a recording: flightlib's own as it is, anybody else's turned into one first."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from flightlib.errors import RecordingError
from flightlib.records import FIELDS
from flightlib.replay.cells import Cells
from flightlib.replay.columns import ORDER, columns, to_table
from flightlib.replay.draft import Draft
from flightlib.replay.files import BATCH_ROWS, TROUBLE, frames, names
from flightlib.replay.flights import Flights
from flightlib.replay.recording import Recording, damaged, find, told
from flightlib.replay.shapes import KNOWN, RUN, SHAPES, figures, recognise

MOST_NAMED = 8


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
    if where.is_file() and set(FIELDS) <= set(names(where)):
        draft, source, turn = Draft(target), "flight reports", None
        _take(draft, _own(where, skipped))
    else:
        files = [where] if where.is_file() else _files_of(where)
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
    row = 0
    for file in files:
        for frame in frames(file, KNOWN, skipped):
            shape = recognise(frame)
            if shape is None:
                raise _unknown(file, frame)
            sources[shape.name] = None
            cells = Cells(frame)
            table, bad = figures(shape, cells, row)
            skipped.update(bad)
            row += cells.count
            yield table


def _unknown(file: Path, found: Iterable[str]) -> RecordingError:
    there = list(found)
    listed = ", ".join(repr(name[:24]) for name in there[:MOST_NAMED])
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    known = "; ".join(f"{shape.name} ({', '.join(shape.needs)})" for shape in SHAPES)
    return RecordingError(
        f"{file.name!r} has {listed or 'no columns'}{more}. A recording has the columns of a "
        f"flight report, or those of: {known}."
    )


def _own(path: Path, skipped: Counter[str]) -> Iterator[pa.Table]:
    """Read flight reports that somebody saved: a recording that was filtered, say."""
    row = 0
    try:
        with pq.ParquetFile(path) as parquet:
            there = [n for n in columns().names if n in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(BATCH_ROWS, columns=there, use_threads=False):
                table = _with_order(pa.Table.from_batches([batch]), row)
                good, bad = to_table(table.to_pylist())
                skipped.update(bad)
                row += batch.num_rows
                yield good
    except TROUBLE as error:
        raise damaged(path, error) from None


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
