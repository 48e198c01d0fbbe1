"""The SQL behind each question, and the columns it answers with. Values never become SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flightlib.lake.questions import Question, Window
from flightlib.lake.schemas import CATALOG, FLIGHT_DATA, NAMESPACE

TABLE = f"{CATALOG}.{NAMESPACE}.{FLIGHT_DATA.name}"
BUSIEST = 6
"""How many regions are told apart over time: more lines nobody can follow."""


@dataclass(frozen=True)
class Told:
    """One column of an answer: its name, what its values are, and what they say."""

    name: str
    kind: str  # text, whole, real or time
    doc: str


@dataclass(frozen=True)
class Shape:
    """How one topic is answered: its columns, and its SQL around `{source}`."""

    columns: tuple[Told, ...]
    sql: str


MINUTE = Told("minute", "time", "begin of the minute of event time, UTC")
REGION = Told("region", "text", "south-west corner of the 5 by 5 degree cell, such as 40_-75")
REPORTS = Told("reports", "whole", "reports in the window")
FLIGHTS = Told("flights", "whole", "different flights in the window")
MEAN = Told("avg_altitude", "real", "feet, mean over these reports")
DELAYS = (
    FLIGHTS,
    Told("delayed", "whole", "different flights that were DELAYED"),
    Told("cancelled", "whole", "different flights that were CANCELLED"),
    Told("diverted", "whole", "different flights that were DIVERTED"),
    Told("delayed_share", "real", "delayed flights out of all, 0 to 1"),
)
_KINDS = {"string": "text", "int": "whole", "double": "real", "timestamp": "time"}
_ROW = tuple(Told(f.name, _KINDS[f.type], f.doc) for f in FLIGHT_DATA.fields)
_BY_NAME = {told.name: told for told in _ROW}
_FIRST = ("flight_id", "timestamp")
_ROWS = tuple(_BY_NAME[n] for n in (*_FIRST, *(f.name for f in _ROW if f.name not in _FIRST)))
_TRACK = tuple(_BY_NAME[n] for n in ("timestamp", "latitude", "longitude", "altitude", "status"))

_NEWEST_ROWS = """
SELECT flight_id, timestamp, latitude, longitude, altitude, status, region, flight_count,
  avg_altitude, processed_time
{source} ORDER BY timestamp DESC, flight_id, processed_time LIMIT ?"""

# First one row per flight, then counts of rows: one pass, exact, no DISTINCT.
_REGIONS = """
SELECT region, sum(n) AS reports, count(*) AS flights, count_if(late) AS delayed,
  CAST(sum(feet) AS double) / sum(n) AS avg_altitude
FROM (SELECT region, flight_id, count(*) AS n, sum(CAST(altitude AS bigint)) AS feet,
    bool_or(status = 'DELAYED') AS late {source} GROUP BY region, flight_id)
GROUP BY region ORDER BY flights DESC, region LIMIT ?"""

_DELAYS_BY_MINUTE = """
SELECT * FROM (SELECT minute, count(*) AS flights, count_if(late) AS delayed,
    count_if(off) AS cancelled, count_if(away) AS diverted,
    CAST(count_if(late) AS double) / count(*) AS delayed_share
  FROM (SELECT date_trunc('minute', timestamp) AS minute, flight_id,
      bool_or(status = 'DELAYED') AS late, bool_or(status = 'CANCELLED') AS off,
      bool_or(status = 'DIVERTED') AS away {source} GROUP BY 1, flight_id)
  GROUP BY minute ORDER BY minute DESC LIMIT ?) ORDER BY minute"""

_DELAYS_BY_REGION = """
SELECT region, count(*) AS flights, count_if(late) AS delayed, count_if(off) AS cancelled,
  count_if(away) AS diverted, CAST(count_if(late) AS double) / count(*) AS delayed_share
FROM (SELECT region, flight_id, bool_or(status = 'DELAYED') AS late,
    bool_or(status = 'CANCELLED') AS off, bool_or(status = 'DIVERTED') AS away
    {source} GROUP BY region, flight_id)
GROUP BY region ORDER BY flights DESC, region LIMIT ?"""

_MINUTES = """
SELECT * FROM (SELECT minute, sum(n) AS reports, count(*) AS flights,
    CAST(sum(feet) AS double) / sum(n) AS avg_altitude
  FROM (SELECT date_trunc('minute', timestamp) AS minute, flight_id, count(*) AS n,
      sum(CAST(altitude AS bigint)) AS feet {source} GROUP BY 1, flight_id)
  GROUP BY minute ORDER BY minute DESC LIMIT ?) ORDER BY minute"""

_MINUTES_BY_REGION = """
SELECT * FROM (SELECT minute, region, reports, flights, avg_altitude FROM (
    SELECT *, dense_rank() OVER (ORDER BY total DESC, region) AS place FROM (
      SELECT *, sum(reports) OVER (PARTITION BY region) AS total FROM (
        SELECT minute, region, sum(n) AS reports, count(*) AS flights,
          CAST(sum(feet) AS double) / sum(n) AS avg_altitude
        FROM (SELECT date_trunc('minute', timestamp) AS minute, region, flight_id,
            count(*) AS n, sum(CAST(altitude AS bigint)) AS feet
            {source} GROUP BY 1, region, flight_id)
        GROUP BY minute, region)))
  WHERE place <= {busiest} ORDER BY minute DESC, region LIMIT ?) ORDER BY minute, region"""

_DENSITY = """
SELECT round(x * ?, 6) AS west, round(y * ?, 6) AS south, count(*) AS flights
FROM (SELECT DISTINCT floor(longitude / ?) AS x, floor(latitude / ?) AS y, flight_id {source})
GROUP BY x, y ORDER BY flights DESC, west, south LIMIT ?"""

_TRACK_SQL = """
SELECT * FROM (SELECT timestamp, latitude, longitude, altitude, status
  {source} ORDER BY timestamp DESC, processed_time DESC LIMIT ?) ORDER BY timestamp"""

_POSITIONS = """
SELECT flight_id, max(timestamp) AS timestamp, max_by(latitude, timestamp) AS latitude,
  max_by(longitude, timestamp) AS longitude, max_by(altitude, timestamp) AS altitude,
  max_by(status, timestamp) AS status, max_by(region, timestamp) AS region,
  coalesce(element_at(max_by(latitude, timestamp, 2), 2), max_by(latitude, timestamp))
    AS previous_latitude,
  coalesce(element_at(max_by(longitude, timestamp, 2), 2), max_by(longitude, timestamp))
    AS previous_longitude
{source} GROUP BY flight_id ORDER BY flight_id LIMIT ?"""

SHAPES = MappingProxyType(
    {
        ("flights", ""): Shape(_ROWS, _NEWEST_ROWS),
        ("regions", ""): Shape(
            (REGION, REPORTS, FLIGHTS, DELAYS[1], MEAN),
            _REGIONS,
        ),
        ("delays", "minute"): Shape((MINUTE, *DELAYS), _DELAYS_BY_MINUTE),
        ("delays", "region"): Shape((REGION, *DELAYS), _DELAYS_BY_REGION),
        ("minutes", ""): Shape((MINUTE, REPORTS, FLIGHTS, MEAN), _MINUTES),
        ("minutes", "region"): Shape(
            (MINUTE, REGION, REPORTS, FLIGHTS, MEAN),
            _MINUTES_BY_REGION,
        ),
        ("density", ""): Shape(
            (
                Told("west", "real", "degrees east of the cell's western edge"),
                Told("south", "real", "degrees north of the cell's southern edge"),
                FLIGHTS,
            ),
            _DENSITY,
        ),
        ("track", ""): Shape(_TRACK, _TRACK_SQL),
        ("positions", ""): Shape(
            (
                *_ROWS[:7],
                Told("previous_latitude", "real", "degrees north, of the report before"),
                Told("previous_longitude", "real", "degrees east, of the report before"),
            ),
            _POSITIONS,
        ),
    }
)


def shape_of(question: Question) -> Shape:
    """Find how a question is answered."""
    return SHAPES[question.topic, question.by]


def statement(question: Question, window: Window) -> tuple[str, tuple[Any, ...]]:
    """Write the SQL of a question at a snapshot, and the values of its `?` in their order."""
    if window.snapshot is None:
        raise ValueError("before the first commit there is nothing to ask")
    shape = shape_of(question)
    conditions = list(_conditions(question, window))
    # Trino takes no `?` here: a number that is checked to be one is written out.
    source = f"FROM {TABLE} FOR VERSION AS OF {window.snapshot.snapshot_id:d}\n  WHERE "
    source += " AND ".join(text for text, _ in conditions)
    before = (question.cell,) * 4 if question.topic == "density" else ()
    values = (value for _, given in conditions for value in given)
    return shape.sql.format(source=source, busiest=BUSIEST).strip(), (
        *before,
        *values,
        question.limit,
    )


def _conditions(question: Question, window: Window) -> Iterator[tuple[str, tuple[Any, ...]]]:
    # Always both ends of time: the table is cut by days, and only those days are read.
    yield "timestamp >= ? AND timestamp < ?", (window.since, window.until)
    if question.flight_id:
        yield "flight_id = ?", (question.flight_id,)
    for name, words in (("status", question.status), ("region", question.region)):
        if words:
            yield f"{name} IN ({', '.join('?' * len(words))})", words
    if question.min_altitude is not None:
        yield "altitude >= ?", (question.min_altitude,)
    if question.max_altitude is not None:
        yield "altitude <= ?", (question.max_altitude,)


def shapes(topic: str) -> dict[str, Shape]:
    """Find all the ways one topic is answered, by what it is told apart by."""
    return {by: shape for (name, by), shape in SHAPES.items() if name == topic}
