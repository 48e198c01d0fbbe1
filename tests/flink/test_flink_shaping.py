"""What shapes a session is kept so that another can be shaped alike, however cells were run."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.flink.shaping import Shaping

A = "CREATE VIEW a AS SELECT 1"
A2 = "CREATE VIEW a AS SELECT 2"
B = "CREATE VIEW b AS SELECT * FROM a"
DROP_A = "DROP VIEW IF EXISTS `a`"


def after(*texts: str) -> tuple[str, ...]:
    """Give what is kept after these were run."""
    shaping = Shaping()
    for text in texts:
        shaping.remember(text)
    return shaping.statements


@pytest.mark.parametrize(
    ("run", "kept"),
    [
        ((A, B), (A, B)),
        ((A, B, A), (A, B)),
        ((A, B, "CREATE  VIEW a -- one\nAS SELECT 1;"), (A, B)),
        ((A, B, A2), (DROP_A, A2, B)),
        ((A, "SET 'x' = '1'", A), (A, "SET 'x' = '1'")),
        (("SET 'x' = '1'", "SET 'x' = '2'", "SET 'x' = '1'"), ("SET 'x' = '2'", "SET 'x' = '1'")),
        (("SET 'x' = '1'", "RESET", "SET 'x' = '1'"), ("RESET", "SET 'x' = '1'")),
        ((A, "DROP VIEW a", A), ("DROP VIEW a", DROP_A, A)),
        ((A, "SET 'execution.runtime-mode' = 'batch'"), (A,)),
        (
            ("CREATE TABLE t (x INT)", "ALTER TABLE t SET ('a' = 'b')", "CREATE TABLE t (y INT)"),
            ("DROP TABLE IF EXISTS `t`", "CREATE TABLE t (y INT)"),
        ),
        (
            (A, B, "CREATE VIEW c AS SELECT 3", "CREATE VIEW a AS SELECT * FROM c"),
            ("CREATE VIEW c AS SELECT 3", DROP_A, "CREATE VIEW a AS SELECT * FROM c", B),
        ),
    ],
)
def test_what_is_kept(run: tuple[str, ...], kept: tuple[str, ...]) -> None:
    """A cell that is run again changes nothing, and a changed one stays before what uses it."""
    assert after(*run) == kept


def test_a_python_function_stays_before_the_view_that_uses_it() -> None:
    """Registering a changed function again keeps its settings and itself in front of its users."""
    settings = ("SET 'python.files' = '/x'", "SET 'python.executable' = '/py'")
    drop = "DROP TEMPORARY FUNCTION IF EXISTS `f`"
    made = "CREATE TEMPORARY FUNCTION `f` AS 'm1.f' LANGUAGE PYTHON"
    view = "CREATE VIEW v AS SELECT F(1) AS x"
    again = made.replace("m1", "m2")
    assert after(*settings, drop, made, view, *settings, drop, again) == (
        *settings,
        drop,
        again,
        view,
    )


def test_each_session_gets_what_it_lacks_once() -> None:
    """Numbers say what a session has; a change gives new ones for its statements alone."""
    shaping = Shaping([A, B])
    have = {number for number, _ in shaping.lacking(frozenset())}
    assert shaping.lacking(have) == []
    new = shaping.remember(A2)
    assert [text for _, text in shaping.lacking(have)] == [DROP_A, A2]
    assert shaping.lacking(have | new) == []
    assert shaping.remember(A2) == set()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["", "a", "b"])), max_size=12))
def test_what_is_kept_can_be_run_in_its_order(cells: list[tuple[str, str]]) -> None:
    """Whatever cells were run, and whenever Flink took them, a new session takes them in order.

    Each cell makes a view over an earlier letter's view, if there is one yet, or over the flights.
    """
    shaping, there = Shaping(), set[str]()
    for name, over in cells:
        base = over if over < name and over in there else "flights"
        shaping.remember(f"CREATE VIEW {name} AS TABLE {base}")
        there.add(name)
    known = {"flights"}
    for text in shaping.statements:
        if made := re.match(r"CREATE VIEW (\w) AS TABLE (\w+)", text):
            assert made[2] in known, shaping.statements
            known.add(made[1])
    assert known == {"flights", *there}
