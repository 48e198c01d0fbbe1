"""Numbers, times and words out of columns that may hold anything."""

from __future__ import annotations

from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from recorded import BEGIN_MS

from flightlib.replay.cells import LONGEST_WORD, Cells, word

UTC = timezone.utc


def cells(*values: Any, **named: Any) -> Cells:
    """One column, called x."""
    return Cells({"x": pd.Series(list(values), **(named or {"dtype": object}))})


@pytest.mark.parametrize(
    "said",
    [
        BEGIN_MS // 1000,
        BEGIN_MS / 1000,
        BEGIN_MS,
        BEGIN_MS * 1000,
        BEGIN_MS * 10**6,
        str(BEGIN_MS // 1000),
        f"{BEGIN_MS}".encode(),
        "2025-11-24 16:00:00",
        "2025-11-24T16:00:00Z",
        b"2025-11-24 17:00:00+01:00",
        "2025-11-24 16:00:00.000000+00:00",
        datetime(2025, 11, 24, 16, tzinfo=UTC),
        datetime(2025, 11, 24, 16),
        pd.Timestamp("2025-11-24 16:00", tz="UTC"),
        Decimal(BEGIN_MS) / 1000,
    ],
)
def test_a_time_may_be_written_in_many_ways(said: Any) -> None:
    """Epoch seconds to nanoseconds, ISO 8601 and dates are the same moment; no zone is UTC."""
    assert cells(said).times("x").tolist() == [BEGIN_MS]
    assert cells(said, "soon", None).times("x").tolist()[0] == BEGIN_MS


@pytest.mark.parametrize("kind", ["datetime64[ns]", "datetime64[ms]", "datetime64[us, UTC]"])
def test_a_column_of_dates_is_a_column_of_times(kind: str) -> None:
    """Whatever its unit and zone; what is missing is no number."""
    column = cells("2025-11-24T16:00:00.123", None, dtype="object")._frame["x"]
    dates = pd.to_datetime(column, utc="UTC" in kind).astype(kind)
    found = Cells({"x": dates}).times("x")
    assert found[0] == BEGIN_MS + 123
    assert np.isnan(found[1])


def test_numbers_come_from_words_and_the_rest_is_marked() -> None:
    """Digits in text are numbers, blanks are nothing, and any other word is marked as wrong."""
    values = ["1.5", b" 2 ", 3, Decimal("4"), "", "NaN", None, "high", True, [1], {"a": 1}]
    column = cells(*values)
    found = column.numbers("x", 2.0)
    assert found[:4].tolist() == [3.0, 4.0, 6.0, 8.0]
    assert np.isnan(found[4:]).all()
    assert column.wrong.tolist() == [False] * 7 + [True] * 4
    assert np.isnan(column.numbers("y")).all()


def test_flags_are_yes_in_several_ways() -> None:
    """What says true is yes; anything else, and nothing, is no."""
    yes = [True, "true", b"True", 1, "1", np.True_]
    no = [False, "false", 0, None, "", "perhaps", float("nan"), [1]]
    assert cells(*yes, *no).flags("x").tolist() == [True] * len(yes) + [False] * len(no)
    assert cells(1).flags("y").tolist() == [False]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("UAL12   ", "UAL12"),
        (b"UAL12\0\0", "UAL12"),
        (b"\xff\xfeA", "\ufffd\ufffdA"),
        ("a\x1b[31m\r\nb", "a[31mb"),
        ("x" * 1000, "x" * LONGEST_WORD),
        (12, "12"),
        (12.0, "12"),
        (1.5, "1.5"),
        (date(2025, 11, 24), "2025-11-24"),
        ("", None),
        ("  ", None),
        (None, None),
        (float("nan"), None),
        ([1], None),
    ],
)
def test_a_word_can_be_printed(value: Any, expected: str | None) -> None:
    """Control characters and blanks around it go, and its length has a limit."""
    assert word(value) == expected
