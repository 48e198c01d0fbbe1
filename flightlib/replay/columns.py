"""The columns of a recording: those of a flight report, and where each message lay in Kafka."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flightlib.records import ALTITUDE_CHANGES, PHASES, STATUSES, schema_text

ORDER = ("written_ms", "partition", "offset")
"""When Kafka wrote a message (epoch ms) and where: the order in which a recording is played."""
EARLIEST_MS, LATEST_MS = 631_152_000_000, 4_102_444_800_000  # 1990 and 2100
NO_REPORT = "not a flight report"
NO_TIME, BAD_TIME = "no time", "an impossible time"
NO_POSITION, BAD_POSITION = "no position", "an impossible position"
BAD_FIGURE = "an impossible figure"

MOST = 1.7e308  # infinity is none, and a NaN is never between
Rule = Callable[[pa.Table], Any]
_TYPES = {"string": pa.string(), "double": pa.float64(), "int": pa.int32(), "long": pa.int64()}


@lru_cache(maxsize=1)
def columns() -> pa.Schema:
    """Give the Arrow schema of a recording; times are epoch milliseconds, as in a report."""
    fields = [_field(f["name"], f["type"]) for f in json.loads(schema_text())["fields"]]
    where = [pa.field(name, pa.int64(), nullable=False) for name in ORDER]
    return pa.schema(fields + where)


def _field(name: str, told: Any) -> pa.Field:
    nullable = isinstance(told, list)
    kind = next(t for t in told if t != "null") if nullable else told
    return pa.field(name, _TYPES[kind["type"] if isinstance(kind, dict) else kind], nullable)


def to_table(rows: list[dict[str, Any]]) -> tuple[pa.Table, Counter[str]]:
    """Make a table of decoded messages, and count those that are no flight report, by reason."""
    try:
        return sift(_table(rows))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass
    good, skipped = [], Counter[str]()
    for row in rows:
        try:
            good.append(_table([row]))
        except (pa.ArrowException, TypeError, ValueError, OverflowError):
            skipped[NO_REPORT] += 1
    table, more = sift(pa.concat_tables([columns().empty_table(), *good]))
    return table, skipped + more


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=columns())


def sift(table: pa.Table) -> tuple[pa.Table, Counter[str]]:
    """Keep the rows that are flight reports, and count the others by their first fault."""
    skipped = Counter[str]()
    for reason, fits in _RULES:
        kept = table.filter(pc.fill_null(fits(table), False))
        if kept.num_rows < table.num_rows:
            skipped[reason] += table.num_rows - kept.num_rows
        table = kept
    return table, skipped


def _between(name: str, least: float, most: float) -> Rule:
    def rule(table: pa.Table) -> Any:
        column = table[name]
        return pc.and_(pc.greater_equal(column, least), pc.less_equal(column, most))

    return rule


def _among(name: str, words: tuple[str, ...]) -> Rule:
    return lambda table: pc.is_in(table[name], value_set=pa.array(words))


def _there(name: str) -> Rule:
    return lambda table: pc.is_valid(table[name])


def _known(table: pa.Table) -> Any:
    """Say which rows have all that a report must have, and a name."""
    found = pc.not_equal(table["flight_id"], "")
    for field in columns():
        if not field.nullable:
            found = pc.and_(found, pc.is_valid(table[field.name]))
    return found


_RULES: tuple[tuple[str, Rule], ...] = (
    (NO_TIME, _there("timestamp")),
    (BAD_TIME, _between("timestamp", EARLIEST_MS, LATEST_MS)),
    (NO_POSITION, _there("latitude")),
    (NO_POSITION, _there("longitude")),
    (BAD_POSITION, _between("latitude", -90, 90)),
    (BAD_POSITION, _between("longitude", -180, 180)),
    (NO_REPORT, _known),
    (BAD_FIGURE, _between("heading", 0, 360)),
    (BAD_FIGURE, _between("ground_speed", 0, MOST)),
    (BAD_FIGURE, _between("vertical_speed", -MOST, MOST)),
    (NO_REPORT, _among("status", STATUSES)),
    (NO_REPORT, _among("phase", PHASES)),
    (NO_REPORT, _among("altitude_change", ALTITUDE_CHANGES)),
)
