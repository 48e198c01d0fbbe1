"""Numbers, times and words out of columns that may hold anything."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NOTHING = {"", "nan", "null", "none", "na", "nat", "<na>"}
YES = {"true", "t", "yes", "1", "1.0"}
LONGEST_WORD = 64
_WRONG = "no number"
# Epoch times are told apart by their size: seconds, milli-, micro- and nanoseconds.
_SIZES = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (np.inf, 1e-6))


_A_SECOND_MS = 1000
_PARTS = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}


class Cells:
    """The columns of one piece of a file; `wrong` marks rows with a word in a number's place."""

    def __init__(self, frame: dict[str, pd.Series]) -> None:
        self._frame = frame
        self.count = max((len(column) for column in frame.values()), default=0)
        self.wrong: Flags = np.zeros(self.count, bool)

    def numbers(self, name: str, scale: float = 1.0) -> Floats:
        """Give a column of numbers, NaN where there is none."""
        told = self._told(name)
        if told is None:
            return np.full(self.count, np.nan)
        found = _floats(told)
        self.wrong |= told.notna().to_numpy() & np.isnan(found)
        return found * scale

    def times(self, name: str) -> Floats:
        """Give a column of times as epoch milliseconds: numbers, dates, or ISO 8601 in UTC."""
        column = self._frame.get(name)
        if column is None:
            return np.full(self.count, np.nan)
        if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
            return _since_1970_ms(column)
        told = self._told(name)
        assert told is not None
        found = _floats(told)
        words = told.notna().to_numpy() & np.isnan(found)
        if words.any():
            as_text = told[words].astype(str)
            dates = pd.to_datetime(as_text, errors="coerce", utc=True, format="ISO8601")
            found[words] = _since_1970_ms(dates)
        return _as_ms(found)

    def flags(self, name: str) -> Flags:
        """Give a column of yes and no; what is missing is no."""
        if name not in self._frame:
            return np.zeros(self.count, bool)
        return np.array([str(_plain(v)).lower() in YES for v in self._frame[name]], bool)

    def words(self, name: str) -> list[str | None]:
        """Give a column of words without what cannot be printed; None where there is none."""
        if name not in self._frame:
            return [None] * self.count
        return [word(value) for value in self._frame[name]]

    def _told(self, name: str) -> pd.Series | None:
        """Give a column as numbers and words, None where there is nothing."""
        column = self._frame.get(name)
        if column is None:
            return None
        if column.dtype.kind in "iuf" and isinstance(column.dtype, np.dtype):
            return column
        return pd.Series([_plain(v) for v in column], dtype=object)


def word(value: Any) -> str | None:
    """Make a plain word of a cell, or None."""
    plain = _plain(value)
    if plain is None or plain is _WRONG:
        return None
    whole = isinstance(plain, float) and plain.is_integer()
    return _clean(str(int(plain) if whole else plain))


@lru_cache(maxsize=65_536)
def _clean(text: str) -> str | None:
    kept = "".join(c for c in text if c.isprintable()).strip()[:LONGEST_WORD]
    return kept or None


def _plain(value: Any) -> Any:
    """Keep a number or a word; empty is None, and what is neither is marked."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return None if value.strip().lower() in NOTHING else value.strip()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        return aware.timestamp() * 1000
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (int, float, np.integer, np.floating, Decimal)):
        return None if value != value else float(value)
    return value.isoformat() if isinstance(value, date) else _WRONG


def _floats(told: pd.Series) -> Floats:
    return pd.to_numeric(told, errors="coerce").to_numpy(np.float64, na_value=np.nan, copy=True)


def _since_1970_ms(dates: pd.Series) -> Floats:
    plain = dates if dates.dt.tz is None else dates.dt.tz_convert(None)
    stamps = plain.to_numpy()
    # Through whole numbers, since a difference of dates has no room for those far away.
    gone = stamps.astype(np.int64) * (_A_SECOND_MS / _PARTS[np.datetime_data(stamps.dtype)[0]])
    return np.where(np.isnat(stamps), np.nan, gone)


def _as_ms(times: Floats) -> Floats:
    size = np.abs(times)
    scales = [scale for _, scale in _SIZES]
    scale = np.select([size < most for most, _ in _SIZES], scales, default=1.0)
    found: Floats = times * scale
    return found
