"""A batch's bytes: fastavro's, byte for byte, whatever the values and however they came before."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import fastavro
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib import records
from flightlib.errors import RecordError
from flightlib.sky.binary import Field, schema_fields, side_by_side, varint, write
from flightlib.sky.cursor import Columns
from flightlib.sky.fleet import Fleet, fleet
from flightlib.sky.labels import Label
from flightlib.sky.reports import Clock, to_reports
from flightlib.sky.stream import Batch, Timing, batches, late
from flightlib.sky.wire import MOVING, SLOW, Encoder

START_MS = 1_764_000_000_000
AIRCRAFT = 6
INT = st.integers(-(2**31), 2**31 - 1)
LONG = st.integers(-(2**63), 2**63 - 1)
WORD = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
quickly = settings(max_examples=60, deadline=None)

LABEL = st.builds(
    Label,
    flight_id=WORD.filter(bool),
    callsign=WORD,
    ident_iata=WORD,
    registration=st.none() | WORD,
    aircraft_type=WORD,
    operator=WORD,
    origin=WORD,
    destination=WORD,
    diverted_to=st.none() | WORD,
    filed_altitude=INT,
    route_distance=INT,
    scheduled_off=LONG,
    lift_off=LONG,
    estimated_on=LONG,
    departure_delay=st.none() | INT,
    arrival_delay=st.none() | INT,
)
ROW = st.tuples(
    st.integers(0, AIRCRAFT - 1),
    st.floats(-90, 90),
    st.floats(-180, 180),
    INT,
    st.floats(0, 360),
    st.floats(0, allow_infinity=False, allow_nan=False),
    st.floats(allow_infinity=False, allow_nan=False),
    st.integers(0, len(records.PHASES) - 1),
    st.integers(0, len(records.STATUSES) - 1),
    INT,
    st.integers(0, 3),
    LONG,
)


@st.composite
def streams(draw: Callable[..., Any]) -> list[Batch]:
    """Batches of aircraft that change label, phase and status at random, or stay as they were."""
    labels = draw(st.lists(LABEL, min_size=4, max_size=4))
    return [_batch(draw(st.lists(ROW, max_size=12)), labels) for _ in range(3)]


def _batch(rows: list[tuple[Any, ...]], labels: list[Label]) -> Batch:
    columns = list(zip(*rows, strict=True)) or [()] * 12
    kinds = "iffifffbbi"
    arrays = [_array(c, k) for c, k in zip(columns, kinds, strict=False)]
    held = np.empty(len(rows), dtype=object)
    held[:] = [labels[number] for number in columns[10]]
    stamps = _array(columns[11], "i")
    slot, *moving = arrays
    return Batch(Columns(slot, stamps, *moving, held, _array(columns[10], "i")), stamps, stamps)


def _array(values: Any, kind: str) -> Any:
    return np.array(values, {"i": np.int64, "f": np.float64, "b": np.int8}[kind])


def by_fastavro(batch: Batch, clock: Clock, schema_id: int) -> list[bytes]:
    reports = to_reports(batch.columns, batch.stamps, clock)
    return [records.encode(report, schema_id) for report in reports]


@quickly
@given(streams(), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_any_batch_gives_the_bytes_of_fastavro(
    stream: list[Batch], first_id: int, later_id: int
) -> None:
    """Extremes, nulls, any text, labels that change and come back: the bytes are the same."""
    clock = Clock(START_MS, 1.0)
    encoder = Encoder(AIRCRAFT, clock)
    for batch, schema_id in zip(stream, (first_id, first_id, later_id), strict=True):
        keys, payloads = encoder(batch, schema_id)
        assert payloads == by_fastavro(batch, clock, schema_id)
        assert keys == [label.flight_id.encode() for label in batch.columns.labels]


@given(st.lists(st.integers(-2, 102), min_size=2), LABEL)
@quickly
def test_any_progress_gives_the_bytes_of_fastavro(percents: list[int], label: Label) -> None:
    """Nothing but the progress of one aircraft changes, within a hundred percent and beyond."""
    clock = Clock(START_MS, 1.0)
    encoder = Encoder(AIRCRAFT, clock)
    for percent in percents:
        batch = _batch([(0, *(0.0,) * 6, 0, 0, percent, 0, START_MS)], [label])
        assert encoder(batch, 7)[1] == by_fastavro(batch, clock, 7)


@pytest.fixture(scope="module")
def small_fleet() -> Fleet:
    """A hundred aircraft over Europe."""
    return fleet("europe", 3, 60)


@pytest.mark.parametrize(("speed", "interval_ms"), [(1.0, 1000), (600.0, 500), (60.0, 60_000)])
def test_a_sky_gives_the_bytes_of_fastavro(
    small_fleet: Fleet, speed: float, interval_ms: int
) -> None:
    """From taxi to landing and on to the next flight, late reports among newer ones."""
    clock = Clock(START_MS, speed)
    timing = Timing(clock, interval_ms, START_MS + 60 * interval_ms)
    encoder = Encoder(len(small_fleet.keys), clock)
    for batch in batches(small_fleet, timing, [late(small_fleet.keys, 0.3)]):
        assert encoder(batch, 7)[1] == by_fastavro(batch, clock, 7)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("latitude", 90.5),
        ("longitude", -181.0),
        ("heading", float("nan")),
        ("ground_speed", float("inf")),
        ("vertical_speed", float("-inf")),
        ("altitude", 2**31),
        ("progress_percent", -(2**31) - 1),
    ],
)
def test_what_no_report_can_say_is_refused(small_fleet: Fleet, name: str, value: float) -> None:
    """One bad number among many good ones is found and named, as `records.encode` names it."""
    clock = Clock(START_MS, 1.0)
    batch = next(batches(small_fleet, Timing(clock, 1000, None), []))
    encoder = Encoder(len(small_fleet.keys), clock)
    encoder(batch, 1)
    column = getattr(batch.columns, name).copy()
    column[len(batch) // 2] = value
    bad = replace(batch, columns=replace(batch.columns, **{name: column}))
    with pytest.raises(RecordError, match=f"{name} cannot be"):
        encoder(bad, 1)


def test_the_schema_is_the_one_the_encoder_was_made_for() -> None:
    """Every moving field is a number of the schema; a new field or type is looked at first."""
    fields = {field.name: field for field in schema_fields(records.schema_text())}
    assert tuple(fields) == records.FIELDS
    assert all(fields[name].type != "string" for name in (*MOVING, SLOW))
    assert not any(fields[name].nullable for name in MOVING)
    with pytest.raises(RecordError, match=r"crew cannot be written as \['string', 'null'\]"):
        schema_fields('{"fields": [{"name": "crew", "type": ["string", "null"]}]}')


def plainly(kind: Any, value: Any) -> bytes:
    buffer = io.BytesIO()
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(kind), value)
    return buffer.getvalue()


@quickly
@given(LONG, st.floats(), WORD, st.none() | WORD)
def test_single_values_are_written_as_fastavro_writes_them(
    number: int, real: float, word: str, maybe: str | None
) -> None:
    """Whole numbers, doubles, strings and nulls have Avro's bytes."""
    assert varint(number) == plainly("long", number)
    assert write(Field("a", "double", False), real) == plainly("double", real)
    assert write(Field("a", "string", False), word) == plainly("string", word)
    assert write(Field("a", "string", True), maybe) == plainly(["null", "string"], maybe)


@quickly
@given(st.lists(st.tuples(LONG | st.integers(-300, 300), st.floats(), st.integers(-70, 70))))
def test_columns_are_their_values_one_by_one(rows: list[tuple[int, float, int]]) -> None:
    """Columns of numbers side by side, long ones and short ones, give what their values give."""
    fields = [Field("a", "long", False), Field("b", "double", False), Field("c", "int", True)]
    kinds = (np.int64, np.float64, np.int64)
    columns = [np.array([row[n] for row in rows], kind) for n, kind in enumerate(kinds)]
    expected = [b"".join(map(write, fields, row)) for row in rows]
    assert side_by_side(fields, columns) == expected
