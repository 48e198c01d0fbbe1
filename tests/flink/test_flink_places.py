"""Offsets read from a checkpoint's own file, and who writes which table."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flightlib.errors import JobError
from flightlib.flink.book import Book, Entry
from flightlib.flink.places import offsets_in
from flightlib.flink.scan import targets
from flightlib.settings import load

OPEN = struct.pack(">q", -(2**63))


def split(topic: str, partition: int, offset: int) -> bytes:
    """One split as Flink's Kafka source writes it."""
    name = topic.encode()
    return struct.pack(">H", len(name)) + name + struct.pack(">iq", partition, offset) + OPEN


def saved(folder: Path, *parts: bytes) -> str:
    """A checkpoint whose metadata has these parts between others."""
    (folder / "_metadata").write_bytes(b"\x00noise".join([b"head", *parts, b"tail"]))
    return folder.as_uri()


@given(st.dictionaries(st.integers(0, 99), st.integers(0, 2**60), min_size=1))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_partition_stands_where_its_reader_does(
    tmp_path: Path, offsets: dict[int, int]
) -> None:
    """Of what enumerator and reader say of a partition, the reader's offset is the further one."""
    begun = [split("flights", p, 0) for p in offsets]
    others = [split("flights_too", p, 5) for p in offsets]
    reached = [split("flights", p, offset) for p, offset in offsets.items()]
    assert offsets_in(saved(tmp_path, *begun, *others, *reached), "flights") == offsets


def test_what_cannot_be_told_is_none(tmp_path: Path) -> None:
    """No file, no split of the topic, or two sources on it: nothing is guessed."""
    assert offsets_in(None, "flights") is None
    assert offsets_in(tmp_path.as_uri(), "flights") is None
    assert offsets_in(saved(tmp_path), "flights") is None
    twice = [split("flights", 0, offset) for offset in (0, 5, 0, 7)]
    assert offsets_in(saved(tmp_path, *twice), "flights") is None


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("INSERT INTO lake.sky.flight_data SELECT 1", {"flight_data"}),
        ("insert  into\n`lake`.`sky`.`Flight_Data` (a) select 1", {"flight_data"}),
        ("SELECT 'INSERT INTO x' FROM flights", set()),
        ("INSERT INTO default_catalog.default_database.x SELECT 1", set()),
        (
            "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; INSERT OVERWRITE b SELECT 2; END",
            {"a", "b"},
        ),
        ("SELECT 1 FROM flights -- INSERT INTO x", set()),
    ],
)
def test_the_tables_a_statement_writes_are_found(sql: str, tables: set[str]) -> None:
    """A target in the lake counts, however written; comment, text, another catalog do not."""
    assert targets(sql, "lake") == tables


def test_a_second_writer_of_a_table_is_refused(tmp_path: Path) -> None:
    """Another running job on the same table of the lake is named; topics may have several."""
    book = Book(load(data=tmp_path))
    book.write(Entry("to-lake", "INSERT INTO lake.sky.flight_data SELECT 1", (), "1"))
    book.write(Entry("high", "INSERT INTO processed_flights SELECT 1", (), "2"))
    with pytest.raises(JobError, match=r"Job to-lake writes flight_data already.*--stop`"):
        book.refuse_second_writer("other", "INSERT INTO lake.sky.flight_data SELECT 2")
    book.refuse_second_writer("to-lake", "INSERT INTO lake.sky.flight_data SELECT 2")
    book.refuse_second_writer("low", "INSERT INTO processed_flights SELECT 2")
