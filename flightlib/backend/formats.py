"""Answers as bytes: JSON, CSV or Arrow, as the client would have it. Pure."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from flightlib.backend.trouble import NotAcceptable
from flightlib.lake import Question, Window, shape_of, utc

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"
MEDIA = (JSON, CSV, ARROW)
_PLAIN = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z

Rows = Sequence[Sequence[Any]]


def chosen(accept: str | None) -> str:
    """Choose the format that an Accept header prefers; JSON if it does not care.

    Raises NotAcceptable naming the formats there are.
    """
    ranges = [_range(part) for part in (accept or "*/*").split(",") if part.strip()]
    liked = [(_liking(media, ranges), media) for media in MEDIA]
    best = max(quality for quality, _ in liked)
    if best <= 0:
        given = (accept or "")[:80]
        raise NotAcceptable(f"Accept cannot be {given!r}; allowed: {', '.join(MEDIA)}.")
    return next(media for quality, media in liked if quality == best)


def _range(part: str) -> tuple[str, float]:
    media, *options = (piece.strip().lower() for piece in part.split(";"))
    quality = next((option[2:] for option in options if option.startswith("q=")), "1")
    try:
        return media, min(1.0, float(quality))
    except ValueError:
        return media, 0.0


def _liking(media: str, ranges: list[tuple[str, float]]) -> float:
    """Give the quality of the most exact range that holds the format."""
    exact = [media, media.split("/")[0] + "/*", "*/*"]
    known = [[q for name, q in ranges if name == wanted] for wanted in exact]
    return next((max(found) for found in known if found), 0.0)


def iso(at: datetime) -> str:
    """Write a moment of the lake: ISO 8601, UTC."""
    return at.isoformat() + "Z"


def head(window: Window) -> dict[str, str | None]:
    """Say which snapshot an answer tells of, and over which time."""
    snapshot = window.snapshot
    return {
        "snapshot": str(snapshot.snapshot_id) if snapshot else None,
        "committed": iso(utc(snapshot.committed_ms)) if snapshot else None,
        "since": iso(window.since),
        "until": iso(window.until),
    }


def tag(question: Question, window: Window, media: str) -> str:
    """Name an answer, byte for byte: snapshot, question, time and format."""
    told = repr((question, window.since, window.until, media)).encode()
    snapshot = window.snapshot.snapshot_id if window.snapshot else "none"
    return f'"{snapshot}-{hashlib.blake2b(told, digest_size=10).hexdigest()}"'


def encode(media: str, question: Question, window: Window, rows: Rows) -> bytes:
    """Write an answer in one of the formats."""
    if media == CSV:
        return _csv(question, rows)
    if media == ARROW:
        return _arrow(question, window, rows)
    names = _names(question)
    told = [dict(zip(names, row, strict=True)) for row in rows]
    body = {**head(window), "rows": len(rows), question.topic: told}
    return orjson.dumps(body, option=_PLAIN)


def _names(question: Question) -> list[str]:
    return [column.name for column in shape_of(question).columns]


def _csv(question: Question, rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_names(question))
    for row in rows:
        writer.writerow([iso(cell) if isinstance(cell, datetime) else cell for cell in row])
    return text.getvalue().encode()


def _arrow(question: Question, window: Window, rows: Rows) -> bytes:
    import pyarrow as pa  # heavy, and few ask for it

    types = {
        "text": pa.string(),
        "whole": pa.int64(),
        "real": pa.float64(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    columns = shape_of(question).columns
    fields = [pa.field(column.name, types[column.kind]) for column in columns]
    schema = pa.schema(fields, {key: told for key, told in head(window).items() if told})
    cells = zip(*rows, strict=True) if rows else ((),) * len(columns)
    arrays = [pa.array(list(c), f.type) for c, f in zip(cells, fields, strict=True)]
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema) as stream:
        stream.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return sink.getvalue()
