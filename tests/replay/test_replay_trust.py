"""A file that flightlib wrote is trusted only as long as it is what its mark says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flightlib.errors import RecordingError
from flightlib.records import FlightReport
from flightlib.replay import Recording, Replay
from flightlib.replay.recording import MARK, find, rows_from

Edit = Callable[[pa.Table], pa.Table]


def edited(recording: Recording, edit: Edit, **how: Any) -> Path:
    """The same file after a program changed its rows, which kept its metadata."""
    table = pq.read_table(recording.path)
    changed = edit(table).replace_schema_metadata(table.schema.metadata)
    pq.write_table(changed, recording.path, **how)
    return recording.path


def with_first(name: str, value: Any) -> Edit:
    """A change of one cell."""

    def edit(table: pa.Table) -> pa.Table:
        place, field = table.schema.get_field_index(name), table.schema.field(name)
        cells = pa.array([value, *table[name].to_pylist()[1:]], field.type)
        return table.set_column(place, field, cells)

    return edit


def test_an_unchanged_recording_is_known_by_its_mark(recording: Recording) -> None:
    """What was written a moment ago is opened as it is."""
    assert find(recording.path) == recording


@pytest.mark.parametrize(
    "edit",
    [
        lambda table: table.slice(0, 50),
        lambda table: pa.concat_tables([table, table]),
        lambda table: table.slice(0, 0),
        with_first("timestamp", 5),
        with_first("timestamp", 2**62),
    ],
    ids=["fewer", "twice", "none", "an early time", "a late time"],
)
def test_a_changed_recording_is_nobodys(recording: Recording, edit: Edit) -> None:
    """Other rows or times than the mark speaks of, and the mark counts for nothing."""
    assert find(edited(recording, edit)) is None


def test_a_recording_without_statistics_is_looked_through(recording: Recording) -> None:
    """Where the file does not tell its times, the mark cannot be held against them."""
    assert find(edited(recording, lambda table: table, write_statistics=False)) is None
    assert Replay(recording.path).recording.rows == recording.rows


def test_bad_rows_of_a_changed_recording_are_counted(
    recording: Recording, reports: list[FlightReport]
) -> None:
    """It is played like anybody's: row by row, and what cannot be played is counted."""

    def edit(table: pa.Table) -> pa.Table:
        return with_first("latitude", 91.0)(table.slice(0, 50))

    replay = Replay(edited(recording, edit))
    assert (replay.recording.rows, replay.skipped) == (49, {"an impossible position": 1})
    played = list(Replay(recording.path, start_ms=replay.recording.first_ms))
    assert played == reports[1:50]


@pytest.mark.parametrize(
    "mark",
    [
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"rows": Infinity}',
        b'{"rows": NaN}',
        {"rows": 1},
        {"first_ms": float("inf")},
        {"last_ms": "noon"},
        {"skipped": {"no time": float("inf")}},
        {"skipped": []},
    ],
)
def test_a_mark_that_says_nonsense_counts_for_nothing(recording: Recording, mark: Any) -> None:
    """Whatever stands in it, the file is looked through, and plays."""
    table = pq.read_table(recording.path)
    facts = json.loads(table.schema.metadata[MARK])
    text = mark if isinstance(mark, bytes) else json.dumps({**facts, **mark}).encode()
    pq.write_table(table.replace_schema_metadata({MARK: text}), recording.path)
    assert find(recording.path) is None
    assert Replay(recording.path).recording.rows == recording.rows


def in_no_language(table: pa.Table) -> pa.Table:
    """A callsign that is no UTF-8, as an old program might write it."""
    place = table.schema.get_field_index("callsign")
    wrong = pa.array([b"caf\xe9"] * table.num_rows, pa.binary())
    column = pa.StringArray.from_buffers(table.num_rows, *wrong.buffers()[1:])
    return table.set_column(place, table.schema.field("callsign"), column)


@pytest.mark.parametrize("edit", [in_no_language, lambda table: in_no_language(table.slice(0, 9))])
def test_text_that_is_none_is_one_line(recording: Recording, edit: Edit) -> None:
    """Bytes that are no text end in a plain error, trusted or not."""
    path = edited(recording, edit)
    with pytest.raises(RecordingError, match=r"'sky.parquet' cannot be read") as caught:
        list(rows_from(Replay(path).recording.path, 0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "cells",
    [pa.array([2**30], pa.int32()).cast(pa.date32()), pa.array([2**62], pa.duration("s"))],
    ids=["date", "duration"],
)
def test_a_cell_that_python_does_not_have_is_one_line(recording: Recording, cells: Any) -> None:
    """A date beyond all calendars, or a length of time, ends in a plain error."""

    def edit(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("operator")
        return table.slice(0, 1).set_column(place, "operator", cells)

    with pytest.raises(RecordingError, match=r"'sky.parquet' cannot be read") as caught:
        Replay(edited(recording, edit))
    assert "\n" not in str(caught.value)
