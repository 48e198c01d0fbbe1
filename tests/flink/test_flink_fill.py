"""A notebook's variables go into SQL as values, and never as SQL."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.errors import SqlError
from flightlib.flink.fill import fill
from flightlib.flink.scan import pieces, statements

NASTY = st.text() | st.lists(
    st.sampled_from(
        ["'", "''", "`", "--", "/*", "*/", ";", "\n", "{x}", "{{", "}", "\\", "DROP", " "]
    )
).map("".join)


def texts(sql: str) -> list[str]:
    """Give what stands within the quotes of a filled statement, as Flink reads it."""
    return [t[1:-1].replace("''", "'") for kind, t in pieces(sql) if kind == "text"]


@given(NASTY)
def test_a_text_in_code_stays_one_text(value: str) -> None:
    """Whatever a variable says, in code it becomes one text that says the same."""
    filled = fill("SELECT {x} AS a", {"x": value})
    assert texts(filled) == [value]
    assert [t for kind, t in pieces(filled) if kind != "text"] == ["SELECT ", " AS a"]


@given(NASTY)
def test_a_text_within_quotes_stays_within_them(value: str) -> None:
    """Whatever a variable says, within quotes it ends neither the text nor the statement."""
    filled = fill("SELECT 'a{x}b' AS a", {"x": value})
    assert texts(filled) == [f"a{value}b"]
    assert len(statements(filled)) == 1


@given(NASTY)
def test_a_text_within_backticks_is_a_plain_name_or_refused(value: str) -> None:
    """Within backticks a value is a name of letters, digits and _, or the cell is refused."""
    if re.fullmatch(r"[A-Za-z_]\w{0,127}", value, re.ASCII):
        filled = fill("SELECT `{x}` AS a", {"x": value})
        assert list(pieces(filled))[1] == ("name", f"`{value}`")
        return
    with pytest.raises(SqlError, match="plain name") as error:
        fill("SELECT `{x}` AS a", {"x": value})
    assert len(str(error.value).splitlines()) == 1


@given(st.lists(NASTY, min_size=1, max_size=4))
def test_a_list_of_texts_keeps_each(values: list[str]) -> None:
    """A list becomes as many texts as it has, in its order."""
    assert texts(fill("WHERE a IN {x}", {"x": values})) == values


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (False, "FALSE"),
        (35_000, "35000"),
        (0.5, "0.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("2.50"), "2.50"),
        ("UAL", "'UAL'"),
        ("O'Hare", "'O''Hare'"),
        ("", "''"),
        (date(2026, 1, 2), "DATE '2026-01-02'"),
        (datetime(2026, 1, 2, 3, 4, 5, 678_900), "TIMESTAMP '2026-01-02 03:04:05.678'"),
        (
            datetime(2026, 1, 2, 3, tzinfo=timezone(timedelta(hours=2))),
            "TIMESTAMP '2026-01-02 01:00:00.000'",
        ),
        (pd.Timestamp("2026-01-02"), "TIMESTAMP '2026-01-02 00:00:00.000'"),
        (["ON_TIME", "DELAYED"], "('ON_TIME', 'DELAYED')"),
        ((1, -2), "(1, -2)"),
        ({"b", "a", "c"}, "('a', 'b', 'c')"),
        (np.int64(7), "7"),
        (np.bool_(True), "TRUE"),
        ([np.int64(7)], "(7)"),
        (np.float64(0.25), "0.25"),
        (np.float32(0.25), "0.25"),
        (10**400, str(10**400)),
    ],
)
def test_literals(value: Any, written: str) -> None:
    """Each kind of value is written as SQL writes it, times in UTC."""
    assert fill("= {x}", {"x": value}) == f"= {written}"


@pytest.mark.parametrize("value", [-3, -0.5, Decimal("-1"), np.int64(-3), -math.tau])
def test_a_negative_number_begins_no_comment(value: Any) -> None:
    """A minus before a negative number stays a minus: two together would be a comment."""
    filled = fill("SELECT altitude -{x} FROM flights", {"x": value})
    assert [kind for kind, _ in pieces(filled)] == ["code"]
    assert fill("'{x}'", {"x": value}) == f"'{value}'"


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        Decimal("NaN"),
        Decimal("sNaN"),
        {"a": 1},
        object(),
        [],
        set(),
        [1, [float("nan")]],
        b"bytes",
        timedelta(1),
        np.array([1, 2]),
        pd.DataFrame({"a": range(50)}),
        pd.NaT,
        test_literals,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_sql_has_no_word_for_is_refused(value: Any) -> None:
    """A value without a literal is refused in one line that names the variable and the kinds."""
    with pytest.raises(SqlError, match=r"\{limit\} cannot be .*; allowed: None, bool") as error:
        fill("LIMIT {limit}", {"limit": value})
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 250


@pytest.mark.parametrize("value", [None, True, [1], date(2026, 1, 1), object()])
def test_within_quotes_only_texts_and_numbers(value: Any) -> None:
    """Quotes around a place for another kind are a mistake, and the line says how to mend it."""
    with pytest.raises(SqlError, match=r"\{x\} within quotes cannot be .* Take the quotes away"):
        fill("= '{x}'", {"x": value})


def test_an_unknown_name_says_where_to_define_it() -> None:
    """A name that is no variable is refused, with the parameters cell and the nearest name."""
    with pytest.raises(SqlError) as error:
        fill("WHERE altitude > {min_altitud}", {"min_altitude": 1, "_min_altitud": 2})
    told = str(error.value)
    assert "{min_altitud} is no variable" in told
    assert "parameters cell" in told
    assert "{{min_altitud}}" in told
    assert told.endswith("Did you mean {min_altitude}?")
    assert "\n" not in told


def test_an_unknown_name_without_a_near_one_offers_none() -> None:
    """Private names and far ones are no suggestion."""
    with pytest.raises(SqlError) as error:
        fill("{x}", {"_x": 1, "altitude": 2})
    assert "Did you mean" not in str(error.value)


def test_comments_stay_as_they_are() -> None:
    """A place in a comment is no place: not filled, and not missed."""
    sql = "SELECT 1 -- {nobody}\n/* {{x}} {x} */"
    assert fill(sql, {"x": 1}) == sql


def test_doubled_braces_stand_for_braces() -> None:
    """`{{` and `}}` give one brace each, in code and within quotes; a lone brace stays."""
    assert fill("SELECT '{{x}}', {{x}}, '{', '{ x }', '{x.y}'", {"x": 1}) == (
        "SELECT '{x}', {x}, '{', '{ x }', '{x.y}'"
    )


def test_what_was_filled_in_is_not_filled_again() -> None:
    """A value with braces in it stays what it is."""
    assert fill("{a}, '{a}'", {"a": "{b}", "b": 1}) == "'{b}', '{b}'"
