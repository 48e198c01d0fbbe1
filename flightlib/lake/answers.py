"""What Trino answers: columns with types, rows, and the same as a DataFrame. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trino.types import NamedRowTuple

if TYPE_CHECKING:
    import pandas as pd

WHOLE = ("bigint", "integer", "smallint", "tinyint")
FRACTIONS = ("double", "real")
NESTED = ("row", "array", "map")


@dataclass(frozen=True)
class Column:
    """One column of an answer: its name, and its type as Trino writes it."""

    name: str
    type: str


@dataclass(frozen=True)
class Answer:
    """The rows of one query; times are UTC, columns keep Trino's types."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    took_s: float
    did: str = ""  # what a statement that is no query did, in Trino's words: "INSERT"
    written: int | None = None  # and to how many rows, if Trino tells

    def first(self, count: int) -> Answer:
        """Give the same with the first rows alone."""
        return replace(self, rows=self.rows[:count])

    def frame(self) -> pd.DataFrame:
        """Give the rows as a table."""
        return frame(self.columns, self.rows)


def frame(columns: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> pd.DataFrame:
    """Lay rows out as a table in which each column has the type that says what Trino's does."""
    import pandas as pd  # half a second that `flightlib status` need not wait for

    told = {i: _series([row[i] for row in rows], c.type) for i, c in enumerate(columns)}
    laid = pd.DataFrame(told, index=pd.RangeIndex(len(rows)))
    laid.columns = pd.Index([column.name for column in columns], dtype=object)
    return laid


def _series(values: list[Any], kind: str) -> pd.Series[Any]:
    import pandas as pd

    gaps = any(value is None for value in values)
    if kind in WHOLE:  # a float would lose the last digits of a large number
        return pd.Series(values, dtype="Int64" if gaps else "int64")
    if kind in FRACTIONS:
        return pd.Series(values, dtype="float64")
    if kind == "boolean":
        return pd.Series(values, dtype="boolean" if gaps else "bool")
    if kind.startswith("timestamp"):
        return _moments(values, "UTC" if "time zone" in kind else None)
    return pd.Series(values, dtype=object)


def _moments(values: list[Any], zone: str | None) -> pd.Series[Any]:
    import pandas as pd

    try:
        return pd.to_datetime(pd.Series(values, dtype=object), utc=zone is not None)
    except pd.errors.OutOfBoundsDatetime:  # nanoseconds end in the year 2262
        plain = [v if v is None or v.tzinfo is None else v.replace(tzinfo=None) for v in values]
        moments = pd.Series(plain, dtype="datetime64[us]")
        return moments if zone is None else moments.dt.tz_localize(zone)


def readable(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    """Turn the client's own kind of row within a row into a dict, or a tuple without names."""
    nested = [c.type.startswith(NESTED) for c in columns]
    if not any(nested):
        return [tuple(row) for row in rows]
    return [
        tuple(_plain(value) if deep else value for value, deep in zip(row, nested, strict=True))
        for row in rows
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, NamedRowTuple):
        names, parts = value._names, [_plain(part) for part in value]
        named = None not in names and len(set(names)) == len(names)
        return dict(zip(names, parts, strict=True)) if named else tuple(parts)
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value
