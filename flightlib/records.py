"""What a flight report is: the dataclass, its Avro schema, and the way to bytes and back.

The schema stands in `avro/flight_report.avsc`; the dataclass mirrors it field by field. Bytes are
in the registry's wire format: a zero byte, the schema's id as 4 bytes big-endian, then Avro.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, fields
from functools import lru_cache
from html import escape
from importlib.resources import files
from io import BytesIO
from math import floor, inf
from operator import attrgetter
from typing import Annotated, Any

import fastavro

from flightlib.errors import RecordError, not_allowed

Feet = Annotated[int, "ft"]
Knots = Annotated[float, "kt"]
FeetPerMinute = Annotated[float, "ft/min"]
Degrees = Annotated[float, "deg"]
EpochMs = Annotated[int, "ms since 1970-01-01 UTC"]
Seconds = Annotated[int, "s"]
StatuteMiles = Annotated[int, "mi"]
Percent = Annotated[int, "%"]

STATUSES = ("ON_TIME", "DELAYED", "CANCELLED", "DIVERTED")
PHASES = ("TAXI", "CLIMB", "CRUISE", "DESCENT", "LANDED")
ALTITUDE_CHANGES = ("C", "D", "-")

REGION_DEGREES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FlightReport:
    """One position message of one flight.

    Directions are degrees clockwise from true north; times are milliseconds since 1970 UTC;
    altitudes are pressure altitudes in feet. `None` means the sender does not know.
    """

    flight_id: str
    callsign: str
    ident_iata: str | None = None
    registration: str | None = None
    aircraft_type: str | None = None
    operator: str | None = None
    latitude: Degrees
    longitude: Degrees
    altitude: Feet
    heading: Degrees
    ground_speed: Knots
    vertical_speed: FeetPerMinute
    altitude_change: str
    update_type: str | None = None
    phase: str
    origin: str | None = None
    destination: str | None = None
    diverted_to: str | None = None
    status: str
    progress_percent: Percent | None = None
    departure_delay: Seconds | None = None
    arrival_delay: Seconds | None = None
    filed_altitude: Feet | None = None
    route_distance: StatuteMiles | None = None
    scheduled_off: EpochMs | None = None
    actual_off: EpochMs | None = None
    estimated_on: EpochMs | None = None
    timestamp: EpochMs

    def _repr_html_(self) -> str:
        """Show the report in a notebook as a table: field, value, meaning with its unit."""
        fields_told = json.loads(schema_text())["fields"]
        words = ((f["name"], getattr(self, f["name"]), f["doc"]) for f in fields_told)
        cells = ("".join(f"<td>{escape(str(word))}</td>" for word in row) for row in words)
        rows = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table><tr><th>field</th><th>value</th><th>meaning</th></tr>{rows}</table>"


FIELDS = tuple(field.name for field in fields(FlightReport))

_INT, _LONG = 2**31, 2**63
_HEADER = struct.Struct(">bI")
_values_of = attrgetter(*FIELDS)
_INTEGERS = (
    "altitude",
    "progress_percent",
    "departure_delay",
    "arrival_delay",
    "filed_altitude",
    "route_distance",
)
_TIMES = ("scheduled_off", "actual_off", "estimated_on", "timestamp")
_integers_of = attrgetter(*_INTEGERS)
_times_of = attrgetter(*_TIMES)


@lru_cache(maxsize=4)
def schema_text(record: str = "flight_report") -> str:
    """Return an Avro schema as it is registered, JSON text: "flight_report", "processed_flight"."""
    return files("flightlib").joinpath(f"avro/{record}.avsc").read_text(encoding="utf-8")


def encode(report: FlightReport, schema_id: int) -> bytes:
    """Turn a report into the bytes of one Kafka message.

    `schema_id` is the registry's id of the schema. Raises RecordError, naming the field and the
    value, when the report says something a flight report cannot say.
    """
    check(report)
    buffer = BytesIO()
    buffer.write(header(schema_id))
    try:
        fastavro.schemaless_writer(buffer, _plain(schema_text()), _as_dict(report))
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise RecordError(f"{report.flight_id!r} does not fit the schema: {error}") from None
    return buffer.getvalue()


def decode(payload: bytes, schema: str | None = None) -> dict[str, Any]:
    """Turn the bytes of one Kafka message into a dict; times are epoch milliseconds (int).

    `schema` is the writer's schema as JSON text, for messages that were written with another one
    than this library's (a job's output). Raises RecordError naming what is wrong with the bytes.
    """
    schema_id(payload)
    buffer = BytesIO(payload)
    buffer.seek(_HEADER.size)
    try:
        record = fastavro.schemaless_reader(buffer, _plain(schema or schema_text()), None)
    except Exception as error:
        # fastavro fails on foreign bytes with whatever it trips over first.
        reason = " ".join(str(error).split()) or type(error).__name__
        raise RecordError(f"{len(payload)} bytes are not a flight report: {reason}") from None
    if not isinstance(record, dict):
        raise RecordError(f"a message holds {type(record).__name__}, expected a record")
    if left := len(payload) - buffer.tell():
        raise RecordError(f"{len(payload)} bytes are not a flight report: {left} bytes left over")
    return record


def schema_id(payload: bytes) -> int:
    """Read the registry's schema id from the 5-byte header of a message."""
    if len(payload) < _HEADER.size:
        raise RecordError(
            f"a message has {len(payload)} bytes, expected a 5-byte header and Avro after it"
        )
    magic, number = _HEADER.unpack_from(payload)
    if magic != 0:
        raise RecordError(f"a message starts with byte {magic & 0xFF}, expected 0 and a schema id")
    return int(number)


def region(latitude: float, longitude: float) -> str:
    """Name the 5 by 5 degree cell that holds a position by its south-west corner: "40_-75"."""
    return f"{_corner(latitude)}_{_corner(longitude)}"


def _corner(degrees: float) -> int:
    return floor(degrees / REGION_DEGREES) * REGION_DEGREES


def header(schema_id: int) -> bytes:
    """Write the 5 bytes that begin a message: zero, and the registry's id of the schema."""
    try:
        return _HEADER.pack(0, schema_id)
    except struct.error:
        raise RecordError(f"a schema id cannot be {schema_id!r}; allowed: 0 to 2^32-1") from None


def _as_dict(report: FlightReport) -> dict[str, Any]:
    return dict(zip(FIELDS, _values_of(report), strict=True))


@lru_cache(maxsize=64)
def _plain(text: str) -> Any:
    """Parse a schema with its logical types taken off, so that times stay epoch-ms integers."""
    try:
        return fastavro.parse_schema(_without_logical_types(json.loads(text)))
    except (ValueError, TypeError, KeyError, fastavro.schema.SchemaParseException) as error:
        raise RecordError(f"a schema cannot be read: {error}") from None


def _without_logical_types(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: _without_logical_types(v) for k, v in node.items() if k != "logicalType"}
    if isinstance(node, list):
        return [_without_logical_types(item) for item in node]
    return node


def check(report: FlightReport) -> None:
    """Refuse what Avro would let pass but no reader could use; raises RecordError."""
    try:
        _check_words(report)
        _check_numbers(report)
        _check_integers(report)
    except TypeError as error:
        raise RecordError(f"{report.flight_id!r} does not fit the schema: {error}") from None


def _check_words(report: FlightReport) -> None:
    if report.status not in STATUSES:
        raise RecordError(not_allowed("status", report.status, STATUSES))
    if report.phase not in PHASES:
        raise RecordError(not_allowed("phase", report.phase, PHASES))
    if report.altitude_change not in ALTITUDE_CHANGES:
        raise RecordError(not_allowed("altitude_change", report.altitude_change, ALTITUDE_CHANGES))
    if not report.flight_id:
        raise RecordError("flight_id cannot be empty; it is the key of the message")


def _check_numbers(report: FlightReport) -> None:
    # Written so that a NaN fails every comparison.
    if not -90 <= report.latitude <= 90:
        raise RecordError(f"latitude cannot be {report.latitude!r}; allowed: -90 to 90")
    if not -180 <= report.longitude <= 180:
        raise RecordError(f"longitude cannot be {report.longitude!r}; allowed: -180 to 180")
    if not 0 <= report.heading <= 360:
        raise RecordError(f"heading cannot be {report.heading!r}; allowed: 0 to 360")
    if not 0 <= report.ground_speed < inf:
        raise RecordError(f"ground_speed cannot be {report.ground_speed!r}; allowed: 0 or more")
    if not -inf < report.vertical_speed < inf:
        raise RecordError(
            f"vertical_speed cannot be {report.vertical_speed!r}; allowed: any finite number"
        )


def _check_integers(report: FlightReport) -> None:
    """Hold Avro's int to 32 and long to 64 bits: fastavro writes more, and no other reader can.

    A float is refused as well, since fastavro would cut off its fraction without a word.
    """
    for value in _integers_of(report):
        if value is not None and not (isinstance(value, int) and -_INT <= value < _INT):
            _refuse_integer(report, _INTEGERS, _INT)
    for value in _times_of(report):
        if value is not None and not (isinstance(value, int) and -_LONG <= value < _LONG):
            _refuse_integer(report, _TIMES, _LONG)


def _refuse_integer(report: FlightReport, names: tuple[str, ...], limit: int) -> None:
    for name in names:
        value = getattr(report, name)
        if value is not None and not (isinstance(value, int) and -limit <= value < limit):
            raise RecordError(
                f"{name} cannot be {value!r}; allowed: an integer of {limit.bit_length()} bits"
            )
