"""The flight report: one truth in the .avsc, a mirror in Python, and bytes any reader accepts."""

from __future__ import annotations

import dataclasses
import json
import struct
import types
import typing
from contextlib import suppress
from io import BytesIO
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib import records
from flightlib.errors import RecordError
from flightlib.records import (
    ALTITUDE_CHANGES,
    PHASES,
    STATUSES,
    FlightReport,
    decode,
    encode,
    region,
    schema_id,
    schema_text,
)

AVRO_OF = {str: "string", float: "double", int: "int"}
NULLABLE_TEXTS = ["ident_iata", "registration", "aircraft_type", "operator", "update_type"]
NULLABLE_TEXTS += ["origin", "destination", "diverted_to"]
NULLABLE_NUMBERS = ["progress_percent", "departure_delay", "arrival_delay", "filed_altitude"]
NULLABLE_NUMBERS += ["route_distance"]
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def number(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_infinity=False, allow_subnormal=False)


REPORTS = st.builds(
    FlightReport,
    flight_id=TEXT.filter(bool),
    callsign=TEXT,
    **{
        name: st.none() | TEXT
        for name in [
            "ident_iata",
            "registration",
            "aircraft_type",
            "operator",
            "update_type",
            "origin",
            "destination",
            "diverted_to",
        ]
    },
    latitude=number(-90, 90),
    longitude=number(-180, 180),
    altitude=INT32,
    heading=number(0, 360),
    ground_speed=number(0, 1e300),
    vertical_speed=number(-1e300, 1e300),
    altitude_change=st.sampled_from(ALTITUDE_CHANGES),
    phase=st.sampled_from(PHASES),
    status=st.sampled_from(STATUSES),
    **{
        name: st.none() | INT32
        for name in [
            "progress_percent",
            "departure_delay",
            "arrival_delay",
            "filed_altitude",
            "route_distance",
        ]
    },
    scheduled_off=st.none() | INT64,
    actual_off=st.none() | INT64,
    estimated_on=st.none() | INT64,
    timestamp=INT64,
)


@pytest.fixture
def report() -> FlightReport:
    return FlightReport(
        flight_id="UAL123-1700000000-airline-0123",
        callsign="UAL123",
        latitude=40.64,
        longitude=-73.78,
        altitude=35000,
        heading=271.5,
        ground_speed=451.0,
        vertical_speed=0.0,
        altitude_change="-",
        phase="CRUISE",
        status="ON_TIME",
        timestamp=1_700_000_000_123,
    )


def avro_fields() -> list[dict[str, Any]]:
    return json.loads(schema_text())["fields"]


def avro_type_of(name: str, hint: Any) -> Any:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        inner = next(h for h in typing.get_args(hint) if h is not type(None))
        return ["null", avro_type_of(name, inner)]
    if hint == records.EpochMs:
        return {"type": "long", "logicalType": "timestamp-millis"}
    plain = hint.__origin__ if hasattr(hint, "__metadata__") else hint
    return AVRO_OF[plain]


def test_schema_and_dataclass_agree() -> None:
    """The .avsc has the dataclass's names, order, types and nullability."""
    hints = typing.get_type_hints(FlightReport, include_extras=True)
    expected = [(name, avro_type_of(name, hints[name])) for name in records.FIELDS]
    assert [(field["name"], field["type"]) for field in avro_fields()] == expected


def test_nullable_fields_default_to_null_in_both() -> None:
    """A field may be left out exactly where the schema says null, and null is then its value."""
    for avro, field in zip(avro_fields(), dataclasses.fields(FlightReport), strict=True):
        nullable = isinstance(avro["type"], list)
        assert ("default" in avro) == nullable == (field.default is None)
        assert avro.get("default") is None


def test_schema_names_the_record() -> None:
    """The record's full name is flightlib.FlightReport."""
    schema = json.loads(schema_text())
    assert (schema["namespace"], schema["name"]) == ("flightlib", "FlightReport")


@pytest.mark.parametrize("field", avro_fields(), ids=lambda field: field["name"])
def test_every_field_states_its_unit(field: dict[str, Any]) -> None:
    """Each field's doc ends with its unit in brackets."""
    assert "(unit: " in field["doc"]
    assert field["doc"].endswith(")")


def test_schema_has_no_enum() -> None:
    """No Avro enum: Flink cannot read one as STRING."""
    assert '"enum"' not in schema_text()


@given(REPORTS)
def test_round_trip(report: FlightReport) -> None:
    """Whatever a report may say, decoding its bytes gives back, exactly."""
    payload = encode(report, 7)
    assert schema_id(payload) == 7
    assert FlightReport(**decode(payload)) == report


def test_round_trip_of_all_nulls(report: FlightReport) -> None:
    """A report with every nullable field null comes back with them null."""
    decoded = decode(encode(report, 1))
    nulls = {field["name"] for field in avro_fields() if isinstance(field["type"], list)}
    assert {name for name, value in decoded.items() if value is None} == nulls


def test_times_decode_to_integers(report: FlightReport) -> None:
    """Times come back as epoch milliseconds, not as datetime objects."""
    decoded = decode(encode(dataclasses.replace(report, actual_off=5), 1))
    assert decoded["timestamp"] == 1_700_000_000_123
    assert type(decoded["timestamp"]) is type(decoded["actual_off"]) is int


@given(REPORTS, st.integers(0, 2**32 - 1))
def test_wire_format(report: FlightReport, number: int) -> None:
    """The bytes are a zero, the id big-endian, and what the full schema would write."""
    buffer = BytesIO()
    schema = fastavro.parse_schema(json.loads(schema_text()))
    fastavro.schemaless_writer(buffer, schema, dataclasses.asdict(report))
    assert encode(report, number) == b"\0" + struct.pack(">I", number) + buffer.getvalue()


def test_confluent_client_reads_our_bytes(report: FlightReport) -> None:
    """A reader that follows the full schema sees the time as the same UTC instant."""
    body = BytesIO(encode(report, 1)[5:])
    read = fastavro.schemaless_reader(body, json.loads(schema_text()), None)
    assert isinstance(read, dict)
    assert read["timestamp"].isoformat() == "2023-11-14T22:13:20.123000+00:00"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("status", "LATE", "ON_TIME, DELAYED, CANCELLED, DIVERTED"),
        ("phase", "CRUISING", "Did you mean 'CRUISE'?"),
        ("altitude_change", "", "C, D, -"),
        ("flight_id", "", "key"),
        ("latitude", 90.01, "-90 to 90"),
        ("latitude", float("nan"), "-90 to 90"),
        ("longitude", 180.5, "-180 to 180"),
        ("heading", float("inf"), "0 to 360"),
        ("ground_speed", -1.0, "0 or more"),
        ("ground_speed", float("nan"), "0 or more"),
        ("vertical_speed", float("-inf"), "finite"),
        ("altitude", 2**31, "32 bits"),
        ("altitude", 35000.5, "32 bits"),
        ("arrival_delay", -(2**31) - 1, "32 bits"),
        ("timestamp", 2**63, "64 bits"),
        ("timestamp", 1.7, "64 bits"),
    ],
)
def test_encode_refuses(report: FlightReport, field: str, value: Any, words: str) -> None:
    """A value no flight report can have is refused by name, with what is allowed."""
    with pytest.raises(RecordError) as error:
        encode(dataclasses.replace(report, **{field: value}), 1)
    assert field in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize("field", ["callsign", "latitude", "altitude", "timestamp", "operator"])
def test_encode_refuses_wrong_types(report: FlightReport, field: str) -> None:
    """A value of another type is refused in one line that names the flight."""
    with pytest.raises(RecordError, match=rf"UAL123-1700000000-airline-0123|{field}"):
        encode(dataclasses.replace(report, **{field: object()}), 1)


@pytest.mark.parametrize("number", [-1, 2**32])
def test_encode_refuses_wrong_schema_ids(report: FlightReport, number: int) -> None:
    """A schema id that does not fit four bytes is refused."""
    with pytest.raises(RecordError, match="schema id"):
        encode(report, number)


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "0 bytes"),
        (b"\0\0\0\0", "5-byte header"),
        (b"{json: true}", "starts with byte 123"),
        (b"\0\0\0\0\1", "not a flight report"),
        (b"\0\0\0\0\1\xff\xff\xff\xff\xff\xff", "not a flight report"),
    ],
)
def test_decode_names_what_is_wrong(payload: bytes, words: str) -> None:
    """Foreign bytes give one line that says what they are not."""
    with pytest.raises(RecordError, match=words):
        decode(payload)


@given(st.binary(max_size=300))
def test_decode_never_fails_otherwise(payload: bytes) -> None:
    """Any bytes at all are a report or a RecordError, nothing else."""
    with suppress(RecordError):
        assert set(decode(b"\0\0\0\0\1" + payload)) == set(records.FIELDS)


def test_decode_refuses_half_a_report_and_more_than_one(report: FlightReport) -> None:
    """A report cut short or with bytes after it is refused."""
    payload = encode(report, 1)
    with pytest.raises(RecordError):
        decode(payload[:-4])
    with pytest.raises(RecordError, match="1 bytes left over"):
        decode(payload + b"\0")


def test_decode_follows_the_writers_schema(report: FlightReport) -> None:
    """A message written with another schema is read with that one, times as integers too."""
    schema = json.loads(schema_text())
    schema["fields"].append({"name": "region", "type": "string"})
    buffer = BytesIO()
    row = {**dataclasses.asdict(report), "region": "40_-75"}
    fastavro.schemaless_writer(buffer, fastavro.parse_schema(schema), row)
    decoded = decode(b"\0\0\0\0\2" + buffer.getvalue(), json.dumps(schema))
    assert (decoded["region"], decoded["timestamp"]) == ("40_-75", report.timestamp)


def test_a_report_shows_itself_with_every_unit(report: FlightReport) -> None:
    """In a notebook a report is a table of every field with its unit, and never markup."""
    shown = dataclasses.replace(report, callsign="<b>UAL</b>")._repr_html_()
    assert all(f"<td>{name}</td>" in shown for name in records.FIELDS)
    assert "(unit: knots)" in shown
    assert "<b>" not in shown


def test_decode_refuses_what_is_no_schema() -> None:
    """A writer's schema that cannot be parsed is a RecordError."""
    with pytest.raises(RecordError, match="a schema cannot be read"):
        decode(b"\0\0\0\0\1abc", '{"type": "nonsense"}')


@pytest.mark.parametrize(
    ("latitude", "longitude", "name"),
    [
        (40.64, -73.78, "40_-75"),
        (40.0, -75.0, "40_-75"),
        (39.999999, -75.000001, "35_-80"),
        (-0.1, -0.1, "-5_-5"),
        (0.0, 0.0, "0_0"),
        (-0.0, -0.0, "0_0"),
        (-5.0, 5.0, "-5_5"),
        (90.0, 180.0, "90_180"),
        (-90.0, -180.0, "-90_-180"),
    ],
)
def test_region(latitude: float, longitude: float, name: str) -> None:
    """A region is named by its south-west corner, which belongs to it."""
    assert region(latitude, longitude) == name


@given(number(-90, 90), number(-180, 180))
def test_region_holds_its_position(latitude: float, longitude: float) -> None:
    """The named corner is a multiple of five, at most five degrees below the position."""
    south, west = (int(part) for part in region(latitude, longitude).split("_"))
    assert south % 5 == west % 5 == 0
    assert south <= latitude < south + 5
    assert west <= longitude < west + 5
