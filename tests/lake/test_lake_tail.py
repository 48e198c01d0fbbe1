"""The newest rows kept at hand: what Trino is asked, what is held, and when it is let go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from flightlib.lake import Question, Recent, Snapshot, State, Tail, TooLong, placed, recent, tally
from flightlib.lake.recent import WHOLE, moment
from flightlib.lake.tail import Torn

BEGIN_MS = 1_700_000_000_000
LATE_S = 3


class Table:
    """A table of ten rows a second, a commit each second, that answers as Trino does."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, list[Any]]] = []  # the number of the commit, and the row
        self.snapshots: list[Snapshot] = []
        self.asked: list[str] = []
        self.longest = 0

    def commit(self, seconds: int = 1, operation: str = "append", per_s: int = 10) -> Snapshot:
        """Write some seconds; one row of each is three seconds late."""
        number, count = len(self.snapshots) + 1, seconds * per_s
        at_ms = (self.snapshots[-1].committed_ms if self.snapshots else BEGIN_MS) + seconds * 1000
        for i in range(count):
            event_ms = at_ms - 1000 * seconds + i * 1000 // per_s
            event_ms -= LATE_S * 1000 if i % per_s == per_s - 1 else 0
            self.rows.append((number, self._row(f"F{i % 7}", event_ms)))
        total = len(self.rows)
        self.snapshots.append(Snapshot(number, at_ms, operation, count, total, 1, "job"))
        return self.snapshots[-1]

    @staticmethod
    def _row(flight_id: str, event_ms: int) -> list[Any]:
        at = moment(event_ms * 1000).isoformat(" ")
        return [flight_id, 40.5, -74.5, 31_000, "ON_TIME", at, "40_-75", 1, 31_000.0, at]

    def state(self) -> State:
        """Tell the commits."""
        return State("flight_data", tuple(self.snapshots), self.snapshots[-1], (), {}, "here")

    def ask(self, sql: str, values: Sequence[Any]) -> list[list[Any]]:
        """Answer what the tail asks."""
        self.asked.append(sql)
        if "table_changes" in sql:
            after, upto = map(int, re.findall(r"snapshot_id => (\d+)", sql))
            return [[*row, "insert"] for number, row in self.rows if after < number <= upto]
        (at,) = map(int, re.findall(r"VERSION AS OF (\d+)", sql))
        since, until = (
            [*values, datetime.max, datetime.max][:2] if values else (datetime.min, datetime.max)
        )
        found = [
            r for n, r in self.rows if n <= at and since <= datetime.fromisoformat(r[5]) < until
        ]
        (most,) = map(int, re.findall(r"LIMIT (\d+)", sql) or [len(found)])
        self.longest = max(self.longest, len(found[:most]))
        return found[:most]

    def expected(self, rows: Recent) -> list[str]:
        """Give the times of the rows that should be held, in order."""
        since = datetime.min if rows.since_us == WHOLE else moment(rows.since_us)
        at = rows.snapshot.snapshot_id
        return sorted(
            r[5] for n, r in self.rows if n <= at and datetime.fromisoformat(r[5]) >= since
        )


def held(rows: Recent | None) -> list[str]:
    """Give the times of the rows that are held, in order."""
    assert rows is not None
    columns = (block["timestamp"].tolist() for block in rows.blocks)
    return [moment(us).isoformat(" ") for column in columns for us in column]


@pytest.fixture
def table() -> Table:
    """A table with some commits."""
    table = Table()
    for _ in range(30):
        table.commit()
    return table


def test_a_small_table_is_held_as_a_whole_and_followed(table: Table) -> None:
    """After each commit all rows are there, those that came late in their place."""
    tail = Tail(table.ask)
    assert tail.step(table.state())
    for _ in range(5):
        table.commit()
        assert tail.step(table.state())
        assert tail.recent is not None
        assert tail.recent.since_us == WHOLE
        assert held(tail.recent) == table.expected(tail.recent) == sorted(held(tail.recent))
        assert not tail.step(table.state())
    assert len(table.asked) == 6


def test_a_large_table_is_held_from_the_newest_rows_back(table: Table) -> None:
    """Each step is bounded; what is held is always all from its time on, and grows to the whole."""
    tail = Tail(table.ask, step_rows=50)
    while tail.step(table.state()):
        assert tail.recent is not None
        assert held(tail.recent) == table.expected(tail.recent)
    assert tail.recent is not None
    assert tail.recent.since_us == WHOLE
    assert len(table.asked) > 3


def test_no_more_is_held_than_fits(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest rows go, and the rows say from when on they are complete."""
    monkeypatch.setattr(recent, "BLOCK_ROWS", 64)
    tail = Tail(table.ask, most_rows=620, step_rows=100)
    while tail.step(table.state()):
        pass
    for _ in range(60):
        table.commit()
        while tail.step(table.state()):
            pass
    assert tail.recent is not None
    assert 620 <= len(tail.recent) < 620 + 100
    assert held(tail.recent) == table.expected(tail.recent)
    older = placed(Question("flights", minutes=10), tail.recent.snapshot, BEGIN_MS)
    assert not tail.recent.covers(older)


def test_reports_that_lie_closer_than_they_were_written_are_held_too(table: Table) -> None:
    """Many reports of one second, written over a long time, come in steps that are bounded."""
    for i in range(2000):
        table.rows.append((30, table._row(f"G{i}", BEGIN_MS + 15_000 + i // 4)))
    last = table.snapshots[-1]
    table.snapshots[-1] = replace(last, total_records=len(table.rows))
    later = [
        replace(
            last,
            snapshot_id=30 + i,
            committed_ms=last.committed_ms + 100_000 * i,
            total_records=len(table.rows),
        )
        for i in range(1, 3)
    ]
    table.snapshots += later
    tail = Tail(table.ask, step_rows=50)
    while tail.step(table.state()):
        if tail.recent is not None:
            assert held(tail.recent) == table.expected(tail.recent)
    assert tail.recent is not None
    assert tail.recent.since_us == WHOLE
    assert table.longest == 101
    table.commit()
    assert tail.step(table.state())
    assert held(tail.recent) == table.expected(tail.recent)


def test_before_reports_of_one_moment_that_are_too_many_it_ends(table: Table) -> None:
    """However short a time is asked for, they come all at once: what is newer stays at hand."""
    table.rows += [(30, table._row(f"G{i}", BEGIN_MS + 29_500)) for i in range(500)]
    table.snapshots[-1] = replace(table.snapshots[-1], total_records=len(table.rows))
    tail = Tail(table.ask, step_rows=50)
    while tail.step(table.state()):
        pass
    assert tail.recent is not None
    assert tail.recent.since_us > (BEGIN_MS + 29_500) * 1000
    for _ in range(3):
        assert held(tail.recent) == table.expected(tail.recent)
        table.commit()
        assert tail.step(table.state())
        assert not tail.step(table.state())


def test_a_question_that_took_too_long_is_asked_of_a_shorter_time(table: Table) -> None:
    """What Trino could not give within its time is asked for in smaller pieces."""
    patience = 3

    def ask(sql: str, values: Sequence[Any]) -> list[list[Any]]:
        nonlocal patience
        if values and patience:
            patience -= 1
            raise TooLong("30 s are over")
        return table.ask(sql, values)

    tail = Tail(ask, step_rows=50)
    for _ in range(3):
        with pytest.raises(TooLong):
            tail.step(table.state())
    while tail.step(table.state()):
        pass
    assert tail.recent is not None
    assert held(tail.recent) == table.expected(tail.recent)
    assert tail.recent.since_us == WHOLE


def test_compaction_changes_nothing_and_costs_no_question(table: Table) -> None:
    """Files that were put together hold the same rows."""
    tail = Tail(table.ask)
    tail.step(table.state())
    before, last = len(table.asked), table.commit(seconds=0, operation="replace")
    assert tail.step(table.state())
    assert tail.recent is not None
    assert tail.recent.snapshot == last
    assert len(table.asked) == before


def test_rows_that_do_not_add_up_are_not_held(table: Table) -> None:
    """Rows that were deleted, or that Trino does not give, tear the tail."""
    tail = Tail(table.ask)
    tail.step(table.state())
    table.commit()
    table.rows.pop()
    with pytest.raises(Torn, match="10 rows were added, and Trino gives 9"):
        tail.step(table.state())
    tail.forget()
    assert tail.step(table.state())
    table.commit(operation="overwrite")
    with pytest.raises(Torn, match="taken"):
        tail.step(table.state())


def test_a_flood_is_not_held(table: Table) -> None:
    """A table whose last minute would not fit is left to Trino."""
    tail = Tail(table.ask, most_rows=500)
    assert not tail.step(table.state())
    assert tail.recent is None


def test_a_snapshot_that_was_rolled_back_is_let_go(table: Table) -> None:
    """What is held afterwards is of the snapshot that is the newest again."""
    tail = Tail(table.ask)
    tail.step(table.state())
    table.snapshots.pop()
    assert tail.step(table.state())
    assert tail.recent is not None
    assert tail.recent.snapshot == table.snapshots[-1]
    assert held(tail.recent) == table.expected(tail.recent)


def test_rows_already_held_stay_as_they_are(table: Table) -> None:
    """An answer that is being worked out is of its own snapshot, whatever comes meanwhile."""
    tail = Tail(table.ask)
    tail.step(table.state())
    before = tail.recent
    assert before is not None
    question = Question("track", minutes=1440, flight_id="F3")
    window = placed(question, before.snapshot, before.snapshot.committed_ms)
    rows = tally(question, window, before)
    table.commit(seconds=5)
    tail.step(table.state())
    assert tail.recent is not before
    assert tally(question, window, before) == rows
