"""The cells of a table in words: one value, one column, whole rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flightlib.widgets.protocols import Column

NUMBERS = re.compile(
    r"(?:TINYINT|SMALLINT|INT|INTEGER|BIGINT|FLOAT|REAL|DOUBLE|DECIMAL|NUMERIC)\b", re.IGNORECASE
)
TIMES = ("TIMESTAMP", "DATE")
LONGEST = 200  # letters of one cell


def is_number(column: Column) -> bool:
    """Say whether a column holds numbers, which are lined up on the right."""
    return NUMBERS.match(column.type) is not None


def is_time(column: Column) -> bool:
    """Say whether a column holds moments."""
    return column.type.upper().startswith(TIMES)


def heads(columns: Iterable[Column]) -> list[dict[str, Any]]:
    """Give what a table's head says of each column."""
    return [{"name": c.name, "type": c.type, "number": is_number(c)} for c in columns]


def word(value: Any) -> str | None:
    """Write one value as people read it; None stays None, for the table to show as NULL."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        return _fraction(value)
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    text = value.isoformat() if isinstance(value, date) else str(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _fraction(value: float) -> str:
    """Write a number with as many places as its size makes sensible."""
    if value != value or abs(value) >= 1e15 or 0 < abs(value) < 1e-4:
        return f"{value:.6g}"
    return f"{value:,.{1 if abs(value) >= 1000 else 2 if abs(value) >= 1 else 4}f}"


def words(rows: Iterable[Sequence[Any]]) -> list[list[str | None]]:
    """Write rows, cell by cell."""
    return [[word(value) for value in row] for row in rows]


def text_table(columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> str:
    """Lay rows out as plain text, in columns of one width."""
    lines = [[c.name for c in columns], *([cell or "NULL" for cell in row] for row in words(rows))]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    return "\n".join(_in_columns(line, widths, columns) for line in lines)


def _in_columns(line: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    placed = (
        cell.rjust(width) if is_number(column) else cell.ljust(width)
        for cell, width, column in zip(line, widths, columns, strict=True)
    )
    return "  ".join(placed).rstrip()
