"""The proof: what it takes to hold, and what breaks it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flightlib.flink import Entry
from flightlib.lake.history import Snapshot
from flightlib.lake.proof import Proof, judge, read_since

SNAPSHOT = Snapshot(1, 1, "append", 1, 1, 1, "job")
MINUTE = datetime(2026, 1, 1)


def proof(groups: Sequence[Sequence[int]], read: int) -> Proof:
    """Judge a table whose groups hold these numbers."""
    rows = [
        (f"{i}_0", MINUTE, 0, len(numbers), max(numbers), len(set(numbers)))
        for i, numbers in enumerate(groups)
    ]
    return judge("to-lake", SNAPSHOT, read, rows, 1)


GROUPS = st.lists(st.integers(1, 30).map(lambda n: list(range(1, n + 1))), min_size=1, max_size=6)


@given(GROUPS)
def test_complete_groups_and_an_equal_total_hold(groups: list[list[int]]) -> None:
    """Numbers from 1 on without a gap, in all as many as were read: nothing lost or doubled."""
    told = proof(groups, sum(map(len, groups)))
    assert told.holds
    assert str(told).startswith("Nothing lost, nothing doubled")


@given(GROUPS, st.data())
def test_a_row_lost_or_doubled_is_found(groups: list[list[int]], data: st.DataObject) -> None:
    """One row less or more, anywhere, and the proof says that the counts do not agree."""
    read = sum(map(len, groups))
    place = data.draw(st.integers(0, len(groups) - 1))
    number = data.draw(st.sampled_from(groups[place]))
    twice = [*groups[:place], [*groups[place], number], *groups[place + 1 :]]
    assert not proof(twice, read).holds
    left = [n for n in groups[place] if n != number]
    lost = [g for g in (*groups[:place], left, *groups[place + 1 :]) if g]
    assert not proof(lost, read).holds


@given(GROUPS, st.data())
def test_a_lost_row_does_not_make_up_for_a_doubled_one(
    groups: list[list[int]], data: st.DataObject
) -> None:
    """With one row lost and another one twice the total agrees, and the groups still tell."""
    rows = [(i, n) for i, group in enumerate(groups) for n in group]
    assume(len(rows) > 1)
    lost, doubled = data.draw(st.permutations(rows))[:2]
    left = Counter(rows) - Counter([lost]) + Counter([doubled])
    held: dict[int, list[int]] = {}
    for place, number in left.elements():
        held.setdefault(place, []).append(number)
    assert not proof(list(held.values()), len(rows)).holds


def test_it_names_what_is_off() -> None:
    """Its page lists the broken groups, as text; rows of another writer are guessed at."""
    told = judge("to-lake", SNAPSHOT, 5, [("<b>", MINUTE, 0, 3, 5, 3)], 1)
    assert "&lt;b&gt;" in told._repr_html_()
    assert "1 of 1 groups are not exact" in str(told)
    assert "another writer" in str(judge("to-lake", SNAPSHOT, 1, [("a", MINUTE, 0, 3, 3, 3)], 1))
    assert "1 reports are missing" in str(
        judge("to-lake", SNAPSHOT, 4, [("a", MINUTE, 0, 3, 3, 3)], 1)
    )


@pytest.mark.parametrize(("skipped", "read"), [(0, 12), (2, 10)])
def test_poison_left_out_is_no_report(skipped: int, read: int) -> None:
    """What the job has read is what it has committed since it began, without what it skipped."""
    origin = {"flights": {"0": 5, "1": 0}}
    entry = Entry("to-lake", "", (), "", origin=origin, skipped=skipped)
    assert read_since(entry, {0: 10, 1: 7}) == read
