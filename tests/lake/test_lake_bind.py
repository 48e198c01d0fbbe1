"""A notebook's variables go to Trino as values, bound wherever Trino takes a parameter."""

from __future__ import annotations

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
from flightlib.flink.scan import TRINO, pieces, statements
from flightlib.lake.bind import bind

NASTY = st.text() | st.lists(
    st.sampled_from(
        ["'", "''", '"', "`", "--", "//", "/*", "*/", ";", "\n", "?", "{x}", "{{", "}", "DROP", " "]
    )
).map("".join)
UTC = timezone.utc
EAST = timezone(timedelta(hours=2))


def texts(sql: str) -> list[str]:
    """Give what stands within the quotes of a statement, as Trino reads it."""
    return [t[1:-1].replace("''", "'") for kind, t in pieces(sql, TRINO) if kind == "text"]


def squeezed(sql: str) -> str:
    """Take the blanks away that keep the columns in their places."""
    return re.sub(" +", " ", sql).strip()


@given(NASTY)
def test_a_text_in_code_never_enters_the_sql(value: str) -> None:
    """Whatever a variable says, the statement is the same, and the value travels beside it."""
    bound = bind("SELECT * FROM t WHERE a = {x} AND b = 1", {"x": value})
    assert squeezed(bound.sql) == "SELECT * FROM t WHERE a = ? AND b = 1"
    assert bound.values == (value,)
    assert texts(bound.shown) == [value]


@given(NASTY)
def test_what_is_shown_is_one_statement_that_says_the_value(value: str) -> None:
    """The statement to be read holds the value as one text, and nothing of it as SQL."""
    shown = bind("SELECT {x} AS a", {"x": value}).shown
    assert len(statements(shown, TRINO)) == 1
    assert [t for kind, t in pieces(shown, TRINO) if kind != "text"] == ["SELECT ", " AS a"]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t FOR VERSION AS OF {x}",
        "SELECT * FROM t FOR VERSION AS OF /* which */ {x}",
        "ALTER TABLE t EXECUTE optimize(file_size_threshold => {x})",
        "CALL lake.system.p({x})",
        "SET SESSION lake.a = {x}",
        "CREATE VIEW v AS SELECT {x} AS a",
        "EXPLAIN SELECT {x}",
        "SELECT TIMESTAMP {x}",
    ],
)
@given(value=NASTY)
def test_where_trino_takes_no_parameter_a_text_stays_a_text(sql: str, value: str) -> None:
    """A literal holds whatever a variable says, and what surrounds it stays as it was."""
    bound = bind(sql, {"x": value})
    assert bound.values == ()
    assert bound.sql == bound.shown
    kept = sql.partition("{x}")
    quoted = [t for kind, t in pieces(bound.sql, TRINO) if kind == "text"]
    assert [t[1:-1].replace("''", "'") for t in quoted] == [value]
    assert bound.sql == f"{kept[0]}{quoted[0]}{kept[2]}"


@given(NASTY)
def test_a_text_within_quotes_stays_within_them(value: str) -> None:
    """Whatever a variable says, within quotes it ends neither the text nor the statement."""
    bound = bind("SELECT 'a{x}b' AS a", {"x": value})
    assert texts(bound.sql) == [f"a{value}b"]
    assert len(statements(bound.sql, TRINO)) == 1


@given(NASTY)
def test_within_double_quotes_only_a_plain_name(value: str) -> None:
    """Within "..." a value is a name of letters, digits and _, or the cell is refused."""
    if re.fullmatch(r"[A-Za-z_]\w{0,127}", value, re.ASCII):
        assert bind('SELECT "{x}"', {"x": value}).sql == f'SELECT "{value}"'
        return
    with pytest.raises(SqlError, match="plain name") as error:
        bind('SELECT "{x}"', {"x": value})
    assert len(str(error.value).splitlines()) == 1


@given(st.lists(NASTY, min_size=1, max_size=4))
def test_a_list_binds_each_of_its_values(values: list[str]) -> None:
    """A list becomes as many parameters as it has, in its order."""
    bound = bind("SELECT 1 WHERE a IN {x}", {"x": values})
    marks = ", ".join("?" * len(values))
    assert squeezed(bound.sql) == f"SELECT 1 WHERE a IN ({marks})"
    assert list(bound.values) == values
    assert texts(bound.shown) == values


@given(NASTY, st.integers(), st.lists(st.integers(), min_size=1, max_size=3))
def test_there_is_a_mark_for_each_value(text: str, number: int, several: list[int]) -> None:
    """However many values there are of which kind, marks and values are as many."""
    sql = "SELECT {n}, '{t}', {t}, {l} -- {n}\n FROM t FOR VERSION AS OF {n} WHERE {l} = {n}"
    bound = bind(sql, {"n": number, "t": text, "l": several})
    marks = sum(t.count("?") for kind, t in pieces(bound.sql, TRINO) if kind == "code")
    assert marks == len(bound.values) == 3 + 2 * len(several)


@pytest.mark.parametrize(
    ("value", "given_", "shown"),
    [
        (None, None, "NULL"),
        (True, True, "TRUE"),
        (35_000, 35_000, "35000"),
        (-1, -1, " -1"),
        (10**20, Decimal(10**20), "DECIMAL '100000000000000000000'"),
        (-(2**63), -(2**63), f" {-(2**63)}"),
        (0.5, 0.5, "DOUBLE '0.5'"),
        (1e-7, 1e-7, "DOUBLE '1e-07'"),
        (Decimal("2.50"), Decimal("2.50"), "DECIMAL '2.50'"),
        (Decimal("1E+3"), Decimal("1E+3"), "DECIMAL '1000'"),
        ("O'Hare", "O'Hare", "'O''Hare'"),
        (date(2026, 1, 2), date(2026, 1, 2), "DATE '2026-01-02'"),
        (
            datetime(2026, 1, 2, 3, 4, 5, 678_900),
            datetime(2026, 1, 2, 3, 4, 5, 678_900),
            "TIMESTAMP '2026-01-02 03:04:05.678900'",
        ),
        (
            datetime(2026, 1, 2, 3, tzinfo=EAST),
            datetime(2026, 1, 2, 1, tzinfo=UTC),
            "TIMESTAMP '2026-01-02 01:00:00.000000 UTC'",
        ),
        (
            pd.Timestamp("2026-07-01 12:00", tz="Europe/Berlin"),
            datetime(2026, 7, 1, 10, tzinfo=UTC),
            "TIMESTAMP '2026-07-01 10:00:00.000000 UTC'",
        ),
        (
            np.datetime64("2026-01-02T03:04:05.000000001", "ns"),
            datetime(2026, 1, 2, 3, 4, 5),
            "TIMESTAMP '2026-01-02 03:04:05.000000'",
        ),
        (np.int64(7), 7, "7"),
        (np.float32(0.25), 0.25, "DOUBLE '0.25'"),
        (np.bool_(True), True, "TRUE"),
    ],
    ids=str,
)
def test_each_kind_of_value(value: Any, given_: Any, shown: str) -> None:
    """The client gets kinds that it knows, times in UTC; what is shown is how Trino writes them."""
    bound = bind("SELECT {x}", {"x": value})
    assert bound.values == (given_,)
    assert [type(one) for one in bound.values] == [type(given_)]
    assert bound.shown == f"SELECT {shown}"


@pytest.mark.parametrize(
    ("sql", "value", "written"),
    [
        ("TABLE t FOR VERSION AS OF {x}", 8878121973581454182, "8878121973581454182"),
        ("TABLE t FOR VERSION AS OF {x}", 1, "BIGINT '1'"),
        ("TABLE t FOR VERSION AS OF {x}", "main", "'main'"),
        ("TABLE t FOR TIMESTAMP as of {x}", date(2026, 1, 2), "DATE '2026-01-02'"),
        ("SELECT now() - INTERVAL {x}", 5, "'5'"),
        ("SELECT DATE {x}", date(2026, 1, 2), "'2026-01-02'"),
        ("SELECT TIMESTAMP {x}", datetime(2026, 1, 2), "'2026-01-02 00:00:00.000000'"),
        ("SELECT {x}", date(33, 1, 2), "DATE '0033-01-02'"),
    ],
)
def test_where_no_parameter_goes(sql: str, value: Any, written: str) -> None:
    """A snapshot, a moment and a duration are written as Trino wants them in their places."""
    bound = bind(sql, {"x": value})
    assert bound.sql == bound.shown == sql.replace("{x}", written)
    assert bound.values == ()


@pytest.mark.parametrize(
    ("sql", "bound"),
    [
        ("-- why\nSELECT {x}", True),
        ("(select {x})", True),
        ("with a as (select 1) select {x}", True),
        ("INSERT INTO t VALUES ({x})", True),
        ("delete from t where a = {x}", True),
        ("UPDATE t SET a = {x}", True),
        ("MERGE INTO t USING s ON t.a = {x} WHEN MATCHED THEN DELETE", True),
        ("create table \"t\" with (format = 'AVRO') as\nselect {x} AS a", True),
        ("CREATE TABLE t (a varchar) WITH (format = {x})", False),
        ("CREATE VIEW t AS SELECT {x}", False),
        ("EXPLAIN ANALYZE SELECT {x}", False),
        ("SHOW TABLES LIKE {x}", False),
    ],
)
def test_which_statements_take_parameters(sql: str, bound: bool) -> None:
    """Queries and what changes rows take parameters; the rest takes literals."""
    made = bind(sql, {"x": "a"})
    assert made.values == (("a",) if bound else ())
    assert ("'a'" in made.sql) is not bound


def test_what_follows_a_place_stays_in_its_column() -> None:
    """A short mark is filled up, so that Trino's positions are those of the cell."""
    sql = "SELECT {altitude}, {a}, altitud FROM t"
    assert bind(sql, {"altitude": 1, "a": 2}).sql.index("altitud F") == sql.index("altitud F")


def test_comments_backticks_and_braces() -> None:
    """Comments stay, `//` begins none, a backtick quotes nothing, and doubled braces are braces."""
    bound = bind("SELECT {x} // {x}, `{x}` -- {nobody}\n, '{{x}}', {{x}} /* {x} */", {"x": 1})
    assert squeezed(bound.sql) == "SELECT ? // ? , `? ` -- {nobody}\n, '{x}', {x} /* {x} */"
    assert bound.values == (1, 1, 1)


@pytest.mark.parametrize(
    ("sql", "values", "words"),
    [
        ("SELECT {altitud}", {"altitude": 1}, "Did you mean {altitude}?"),
        ("SELECT {print}", {}, "{print} is no variable of this notebook"),
        ("SELECT {x}", {"x": float("nan")}, "{x} cannot be nan"),
        ("SELECT {x}", {"x": pd.NaT}, "{x} cannot be NaT"),
        ("SELECT {x}", {"x": np.datetime64("NaT")}, "{x} cannot be"),
        ("SELECT {x}", {"x": []}, "{x} cannot be []"),
        ("SELECT {x}", {"x": print}, "{x} cannot be <built-in function print>"),
        ("SELECT {x}", {"x": "\ud800"}, "half a character is no text"),
        ("SELECT '{x}'", {"x": None}, "{x} within quotes cannot be None"),
        ('SELECT "{x}"', {"x": 'a"b'}, '"{x}" cannot be'),
        ("EXECUTE IMMEDIATE 'SELECT {x}'", {"x": "1"}, "EXECUTE runs a text as SQL"),
        ("PREPARE p FROM SELECT {x}", {"x": "1"}, "PREPARE runs a text as SQL"),
    ],
)
def test_what_cannot_be_a_value_is_one_line(sql: str, values: dict[str, Any], words: str) -> None:
    """An unknown name and a value without a word in SQL are told in one line."""
    with pytest.raises(SqlError) as error:
        bind(sql, values)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 1
