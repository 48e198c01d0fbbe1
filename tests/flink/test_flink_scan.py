"""SQL is told apart from quoted text and comments, and cut into statements."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.flink.fill import fill
from flightlib.flink.scan import creates, first_word, one_line, pieces, statements

SQLISH = st.lists(
    st.sampled_from(
        ["SELECT", " ", "\n", "'", "''", "`", "--", "/*", "*/", "-", "/", ";", "é", "0"]
    )
    | st.text(max_size=3),
    max_size=30,
).map("".join)


@given(SQLISH)
def test_joined_pieces_are_the_whole(sql: str) -> None:
    """Whatever the text, nothing of it is lost, added or moved."""
    assert "".join(text for _, text in pieces(sql)) == sql


@given(SQLISH)
def test_every_statement_stands_where_it_is_said_to(sql: str) -> None:
    """A statement is found in the script, beginning on the line that is told."""
    lines = sql.split("\n")
    for text, line in statements(sql):
        assert "\n".join(lines[line - 1 :]).find(text.split("\n")[0]) >= 0
        assert text in "\n".join(lines[line - 1 :])


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("a 'it''s; --' b", [("code", "a "), ("text", "'it''s; --'"), ("code", " b")]),
        ("`a``;b`.c", [("name", "`a``;b`"), ("code", ".c")]),
        ("a -- it's\nb", [("code", "a "), ("comment", "-- it's"), ("code", "\nb")]),
        ("a /* ' ; */ b", [("code", "a "), ("comment", "/* ' ; */"), ("code", " b")]),
        ("'-- no comment'", [("text", "'-- no comment'")]),
        ("a - b / c * d", [("code", "a - b / c * d")]),
        ("'open ; end", [("text", "'open ; end")]),
        ("`open", [("name", "`open")]),
        ("/* open", [("comment", "/* open")]),
        ("", []),
    ],
)
def test_pieces(sql: str, found: list[tuple[str, str]]) -> None:
    """Quotes, backticks and comments each end where Flink ends them."""
    assert list(pieces(sql)) == found


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1", [("SELECT 1", 1)]),
        ("SELECT 1;\n\nSELECT 2;", [("SELECT 1", 1), ("SELECT 2", 3)]),
        ("SELECT ';', `a;b` -- c;d\n;SELECT 2", [("SELECT ';', `a;b` -- c;d", 1), ("SELECT 2", 2)]),
        ("\n\nSELECT /* ; */ 1;;;", [("SELECT /* ; */ 1", 3)]),
        ("-- only this\n/* and this; */;", []),
        (" ;\n; \n", []),
        ("-- why\nSELECT 1", [("-- why\nSELECT 1", 1)]),
    ],
)
def test_statements(sql: str, found: list[tuple[str, int]]) -> None:
    """Semicolons of code alone cut, comments alone are none, and lines are counted from one."""
    assert statements(sql) == found


@pytest.mark.parametrize(
    "head", ["EXECUTE STATEMENT SET", "EXPLAIN STATEMENT SET", "execute statement\nset"]
)
def test_a_statement_set_is_one_statement(head: str) -> None:
    """A set ends with the END after its last semicolon, and what follows is another statement."""
    one = f"{head}\nBEGIN\nINSERT INTO a SELECT 1;\nINSERT INTO b SELECT 2;\nEND"
    lines = one.count("\n")
    assert statements(f"{one};\nSELECT 3") == [(one, 1), ("SELECT 3", lines + 2)]


def test_the_end_of_a_case_ends_no_statement_set() -> None:
    """An INSERT of a set may end with a CASE."""
    one = "EXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT CASE WHEN x THEN 1 END; END -- it"
    assert statements(f"{one}\n; SELECT 3") == [(one, 1), ("SELECT 3", 2)]


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select 1", "SELECT"),
        ("-- a\n/* b */ ((with a AS", "WITH"),
        ("-- nothing", ""),
        ("'text'", ""),
        ("", ""),
    ],
)
def test_first_word(sql: str, word: str) -> None:
    """The first word is found behind comments and brackets, in capitals."""
    assert first_word(sql) == word


@pytest.mark.parametrize(
    ("sql", "plain"),
    [
        ("SELECT  'a  b'\n\tFROM `x  y` ;", "SELECT 'a  b' FROM `x  y`"),
        ("SELECT 1 -- one\n FROM t", "SELECT 1 FROM t"),
        ("SELECT/* no blank */1", "SELECT 1"),
        ("SELECT 1; -- done", "SELECT 1"),
        ("-- a\nSELECT 'it''s -- no comment'", "SELECT 'it''s -- no comment'"),
    ],
)
def test_one_line(sql: str, plain: str) -> None:
    """Comments go and blanks become one, but not within quotes."""
    assert one_line(sql) == plain


@given(SQLISH)
def test_a_comment_in_front_makes_no_difference(sql: str) -> None:
    """Blanks and a comment before a statement are no part of its one line."""
    assert one_line(f"\n -- c\n{sql}") == one_line(sql)


@pytest.mark.parametrize(
    ("sql", "made"),
    [
        ("CREATE TABLE t (x INT)", ("TABLE", "`t`")),
        ("create or replace\n temporary  view `v w` as select 1", ("TEMPORARY VIEW", "`v w`")),
        ("CREATE VIEW\n-- what\nv AS SELECT 1", ("VIEW", "`v`")),
        ("CREATE TABLE IF NOT EXISTS lake.db.`t` (x INT)", ("TABLE", "`lake`.`db`.`t`")),
        ("CREATE TEMPORARY SYSTEM FUNCTION f AS 'x'", ("TEMPORARY SYSTEM FUNCTION", "`f`")),
        ("DROP TABLE t", None),
        ("SELECT 'CREATE TABLE t'", None),
        ("CREATE CATALOG c WITH ()", None),
    ],
)
def test_creates(sql: str, made: tuple[str, str] | None) -> None:
    """A CREATE tells the kind and the full quoted name of what it makes."""
    assert creates(sql) == made


def test_two_slashes_begin_a_comment_as_flink_has_it() -> None:
    """What follows // is neither SQL nor quoted text; a value after it is still a literal."""
    assert [one.text for one in statements("SELECT 1 // it's; one\n; SELECT 2")] == [
        "SELECT 1 // it's; one",
        "SELECT 2",
    ]
    assert fill("// it's\nWHERE v = {x}", {"x": "1 OR 1=1"}) == "// it's\nWHERE v = '1 OR 1=1'"


def test_a_hint_is_sql() -> None:
    """A hint counts when two statements are compared, and its places are filled."""
    hinted = "SELECT * FROM t /*+ OPTIONS('a' = '{x}') */"
    assert one_line(hinted) != one_line("SELECT * FROM t")
    assert fill(hinted, {"x": "b"}) == "SELECT * FROM t /*+ OPTIONS('a' = 'b') */"
