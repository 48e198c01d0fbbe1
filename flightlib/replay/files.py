"""Read a file of any kind that is known here a piece at a time: Parquet, CSV, JSON, gzip too."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any, cast

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from flightlib.errors import RecordingError
from flightlib.replay.recording import TROUBLE, damaged

BATCH_ROWS = 50_000
BLOCK_BYTES = 1 << 22
MOST_JSON_BYTES = 1 << 29
HEAD_BYTES = 4096
BAD_LINE = "a wrong number of fields"
BAD_ROW = "another shape"

Frame = dict[str, pd.Series]
"""Columns by their names in small letters, as they stand in the file."""


class Head(Frame):
    """The columns of a table without its rows, which follow: the first piece of its file."""


# What each place of a state holds, by https://openskynetwork.github.io/opensky-api/rest.html.
STATE = (
    *("icao24", "callsign", "origin_country", "time_position", "last_contact"),
    *("longitude", "latitude", "baro_altitude", "on_ground", "velocity", "true_track"),
    *("vertical_rate", "sensors", "geo_altitude"),
)
# README-json.md of readsb, "trace jsons": what each place of a point holds.
POINT = ("seconds", "lat", "lon", "alt", "gs", "track", "flags", "rate", "aircraft")
LEAST_OF_POINT = 4


def frames(path: Path, known: Collection[str], skipped: Counter[str]) -> Iterator[Frame]:
    """Read a file's known columns, some rows at a time; count what is no row at all.

    A file without rows gives one frame without rows, and JSON one for each document. Raises
    RecordingError for a file that cannot be read.
    """
    try:
        head = _head(path)
        text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        if head.startswith(b"PAR1"):
            yield from _parquet(path, known)
        elif head.startswith(b"\x80") or {".pkl", ".pickle"} & set(path.suffixes):
            raise RecordingError(
                f"{path.name!r} is a pickle, which can run a program when it is read. "
                "Save the recording as Parquet or CSV."
            )
        elif text[:1] in (b"{", b"["):
            yield from _json(path, skipped)
        elif not text or b"\0" in head:
            what = "is neither Parquet nor CSV nor JSON" if text else "is empty"
            raise RecordingError(f"{path.name!r} {what}.")
        else:
            yield from _csv(path, known, skipped)
    except TROUBLE as error:
        raise damaged(path, error) from None


def names(path: Path) -> list[str]:
    """Give the columns of a Parquet file as they are written there, none for any other file."""
    try:
        if not _head(path).startswith(b"PAR1"):
            return []
        with pq.ParquetFile(path) as parquet:
            return list(parquet.schema_arrow.names)
    except TROUBLE as error:
        raise damaged(path, error) from None


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if zipped else path.open("rb")


def _head(path: Path) -> bytes:
    with _open(path) as file:
        return file.read(HEAD_BYTES)


def _frame(batch: pa.RecordBatch, known: Collection[str] | None = None) -> Frame:
    """Take the columns of a batch; of two with the same name, the first."""
    frame: Frame = {}
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        small = name.strip().lower()
        if small not in frame and (known is None or small in known):
            frame[small] = column.to_pandas()
    return frame


def _parquet(path: Path, known: Collection[str]) -> Iterator[Frame]:
    with pq.ParquetFile(path) as parquet:
        there = parquet.schema_arrow
        wanted = [n for n in there.names if n.strip().lower() in known]
        yield Head(_frame(pa.RecordBatch.from_pylist([], schema=there)))
        for batch in parquet.iter_batches(BATCH_ROWS, columns=wanted, use_threads=False):
            yield _frame(batch, known)


def _csv(path: Path, known: Collection[str], skipped: Counter[str]) -> Iterator[Frame]:
    def passed_over(_row: Any) -> str:
        skipped[BAD_LINE] += 1
        return "skip"

    read = csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES)
    with _open(path) as file, csv.open_csv(file, read, _lines(lambda _: "skip")) as first:
        there = list(first.schema.names)
    yield Head({name.strip().lower(): pd.Series(dtype=object) for name in there})
    wanted = list(dict.fromkeys(n for n in there if n.strip().lower() in known))
    if not wanted:
        return
    # Everything is read as bytes: what is in the first rows says nothing of those that follow.
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(there, pa.binary()), include_columns=wanted, check_utf8=False
    )
    with _open(path) as file, csv.open_csv(file, read, _lines(passed_over), convert) as rows:
        for batch in rows:
            yield _frame(batch)


def _lines(handler: Any) -> csv.ParseOptions:
    return csv.ParseOptions(invalid_row_handler=handler)


def _json(path: Path, skipped: Counter[str]) -> Iterator[Frame]:
    with _open(path) as file:
        text = file.read(MOST_JSON_BYTES + 1)
    if len(text) > MOST_JSON_BYTES:
        raise RecordingError(
            f"{path.name!r} holds more than {MOST_JSON_BYTES >> 20} MB of JSON. "
            "Split it into several files in one folder, and play the folder."
        )
    for document in _documents(path, text.removeprefix(b"\xef\xbb\xbf"), skipped):
        if isinstance(document, dict) and isinstance(document.get("states"), list):
            yield _listed(STATE, document["states"], skipped)
        elif isinstance(document, dict) and isinstance(document.get("trace"), list):
            yield _trace(document, skipped)
        elif isinstance(document, dict) and document.get("states", ...) is None:
            yield _listed(STATE, [], skipped)  # nothing was heard then
        elif isinstance(document, dict):
            yield {str(name): pd.Series(dtype=object) for name in document}
        else:
            skipped[BAD_ROW] += 1


def _documents(path: Path, text: bytes, skipped: Counter[str]) -> Iterator[Any]:
    """Take JSON apart: one answer, a list of them, or one on each line."""
    try:
        whole = orjson.loads(text)
        yield from whole if isinstance(whole, list) else [whole]
        return
    except orjson.JSONDecodeError as error:
        why = error
    lines = [line for line in text.splitlines() if line.strip()]
    for number, line in enumerate(lines):
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError:
            if not number:
                raise damaged(path, why) from None
            skipped[BAD_ROW] += 1
        else:
            yield document


def _listed(
    places: tuple[str, ...], rows: list[Any], skipped: Counter[str], least: int = 12
) -> Frame:
    """Make columns of rows that are lists; one that is none, or too short, is counted."""
    good = [row for row in rows if isinstance(row, list) and len(row) >= least]
    if len(good) < len(rows):
        skipped[BAD_ROW] += len(rows) - len(good)
    return {
        name: pd.Series([row[n] if n < len(row) else None for row in good], dtype=object)
        for n, name in enumerate(places)
    }


def _trace(document: dict[str, Any], skipped: Counter[str]) -> Frame:
    frame = _listed(POINT, document["trace"], skipped, LEAST_OF_POINT)
    count = len(frame["seconds"])
    frame["flight"] = frame.pop("aircraft").map(
        lambda told: told.get("flight") if isinstance(told, dict) else None
    )
    for name in ("icao", "r", "t", "timestamp"):
        frame[name] = pd.Series([document.get(name)] * count, dtype=object)
    frame["trace"] = pd.Series([None] * count, dtype=object)
    return frame
