"""A query's changes, applied in order, are the rows as they stand."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from flightlib.flink.gateway import Change
from flightlib.flink.rows import Rows

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "update", "delete", "leave", "enter"]),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    max_size=60,
)


def changelog(steps: list[tuple[str, int, int]]) -> list[Change]:
    """Make a changelog that Flink could send: what is taken out was there.

    Where a filter follows an aggregate, one half of an update may be missing.
    """
    there, changes = list[int](), list[Change]()
    for what, pick, new in steps:
        if what in ("insert", "enter") or not there:
            there.append(new)
            changes.append(Change("UPDATE_AFTER" if what == "enter" else "INSERT", (new,)))
            continue
        old = there.pop(pick % len(there))
        if what in ("delete", "leave"):
            changes.append(Change("DELETE" if what == "delete" else "UPDATE_BEFORE", (old,)))
        else:
            there.append(new)
            changes += [Change("UPDATE_BEFORE", (old,)), Change("UPDATE_AFTER", (new,))]
    return changes


@given(STEPS)
def test_rows_are_the_multiset_that_the_changes_leave(steps: list[tuple[str, int, int]]) -> None:
    """Whatever came in which order, the rows are those put in less those taken out."""
    rows, plain = Rows(), Counter[Any]()
    for change in changelog(steps):
        rows.apply([change])
        plain[change.row] += -1 if change.kind in ("UPDATE_BEFORE", "DELETE") else 1
        assert Counter(rows.now()) == +plain
    assert rows.total == sum(c.kind in ("INSERT", "UPDATE_AFTER") for c in changelog(steps))


@given(STEPS, st.integers(0, 60))
def test_it_does_not_matter_how_the_changes_are_cut(
    steps: list[tuple[str, int, int]], cut: int
) -> None:
    """Changes in one page or in two give the same rows in the same order."""
    changes = changelog(steps)
    whole, halves = Rows(), Rows()
    whole.apply(changes)
    halves.apply(changes[:cut])
    halves.now()
    halves.apply(changes[cut:])
    assert whole.now() == halves.now()


@given(STEPS, st.integers(1, 8))
def test_the_cap_holds_and_the_newest_stay(steps: list[tuple[str, int, int]], most: int) -> None:
    """Never more rows than the cap, and memory for no more than those."""
    rows = Rows(most)
    for change in changelog(steps):
        rows.apply([change])
        assert len(rows.now()) <= most
        assert sum(map(len, rows._places.values())) <= most
        assert len(rows._rows) <= most
    only_in = Rows(most)
    only_in.apply(Change("INSERT", (n,)) for n in range(20))
    assert only_in.now() == tuple((n,) for n in range(20 - most, 20))
    assert only_in.total == 20


def test_an_updated_row_keeps_its_place() -> None:
    """A count that grows does not jump to the end of the table."""
    rows = Rows()
    rows.apply(Change("INSERT", row) for row in [("a", 1), ("b", 1), ("c", 1)])
    rows.apply([Change("UPDATE_BEFORE", ("b", 1)), Change("UPDATE_AFTER", ("b", 2))])
    assert rows.now() == (("a", 1), ("b", 2), ("c", 1))


def test_a_row_that_a_filter_lets_go_leaves_no_ghost() -> None:
    """An update whose second half a filter takes out is a row less, and others keep theirs."""
    rows = Rows()
    rows.apply(Change("INSERT", row) for row in [("a", 9), ("b", 1), ("c", 1)])
    rows.apply([Change("UPDATE_BEFORE", ("a", 9))])
    assert rows.now() == (("b", 1), ("c", 1))
    rows.apply([Change("UPDATE_BEFORE", ("c", 1)), Change("UPDATE_AFTER", ("c", 2))])
    assert rows.now() == (("b", 1), ("c", 2))


def test_an_update_without_its_before_is_a_new_row() -> None:
    """Where Flink sends no UPDATE_BEFORE, nothing is lost."""
    rows = Rows()
    rows.apply([Change("INSERT", ("a", 1)), Change("UPDATE_AFTER", ("b", 1))])
    assert rows.now() == (("a", 1), ("b", 1))


def test_taking_out_what_was_let_go_is_harmless() -> None:
    """A row that fell out by the cap may still be updated or deleted by Flink."""
    rows = Rows(most=1)
    rows.apply(Change("INSERT", (n,)) for n in range(2))
    rows.apply(
        [Change("DELETE", (0,)), Change("UPDATE_BEFORE", (0,)), Change("UPDATE_AFTER", (5,))]
    )
    assert rows.now() == ((5,),)


def test_rows_that_cannot_be_hashed_are_rows_too() -> None:
    """Arrays and maps in a row are told apart by what they say."""
    rows = Rows()
    rows.apply(Change("INSERT", ([n], {"a": n})) for n in (1, 2))
    rows.apply([Change("DELETE", ([1], {"a": 1}))])
    assert rows.now() == (([2], {"a": 2}),)
