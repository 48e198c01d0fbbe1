"""What a table needs, judged by its history, and what may never be let go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_trino import ScriptedLake, done, refusal

from flightlib.errors import Outrun
from flightlib.lake.care import COMPACT_AFTER, EXPIRE_AFTER, KEEP_S, compact, due, retention_s
from flightlib.lake.history import Snapshot, State
from flightlib.settings import Settings

NOW_MS = 1_800_000_000_000


def snapshot(
    age_s: float, operation: str = "append", job_id: str | None = "job", rows: int = 1
) -> Snapshot:
    """One commit of so many seconds ago."""
    at = int(NOW_MS - age_s * 1000)
    return Snapshot(at, at, operation, rows, 1, 1, job_id if operation == "append" else None)


def state(*snapshots: Snapshot) -> State:
    """A table with this history."""
    found = tuple(sorted(snapshots, key=lambda s: s.committed_ms))
    return State("flight_data", found, found[-1] if found else None, (), {}, "file:///x")


def test_a_table_at_rest_needs_nothing() -> None:
    """Without commits, or with few and young ones, nothing is due."""
    assert due(state(), NOW_MS) == due(state(snapshot(1), snapshot(2)), NOW_MS)
    assert not due(state(), NOW_MS).compact
    assert not due(state(), NOW_MS).expire


def test_commits_since_the_last_compaction_make_the_next_one_due() -> None:
    """Only commits that added files count, and only those after the last compaction."""
    many = [snapshot(age) for age in range(1, COMPACT_AFTER + 1)]
    assert due(state(*many), NOW_MS).compact
    assert not due(state(*many[1:]), NOW_MS).compact
    assert not due(state(*many, snapshot(10.5, "replace")), NOW_MS).compact
    assert not due(state(*many[1:], snapshot(0.5, "overwrite")), NOW_MS).compact
    assert not due(state(*(snapshot(age, rows=0) for age in range(90))), NOW_MS).compact


def test_snapshots_beyond_their_time_make_expiry_due() -> None:
    """A few old ones wait; from a number on they go."""
    old = [snapshot(KEEP_S + age) for age in range(1, EXPIRE_AFTER + 1)]
    assert due(state(*old, snapshot(1)), NOW_MS).expire
    assert not due(state(*old[1:], snapshot(1)), NOW_MS).expire


def test_a_job_that_was_replaced_holds_nothing_back() -> None:
    """Only the commit that came last counts: an earlier job's may go when its time is over."""
    gone = snapshot(3 * KEEP_S, job_id="before")
    old = [snapshot(KEEP_S + age) for age in range(1, EXPIRE_AFTER + 1)]
    table = state(gone, *old, snapshot(1))
    assert retention_s(table, NOW_MS, KEEP_S) == KEEP_S
    assert due(table, NOW_MS).expire


@given(
    st.lists(
        st.tuples(
            st.floats(0, 1e6), st.sampled_from(["append", "replace"]), st.sampled_from("abc")
        ),
        max_size=40,
    ),
    st.floats(60, 1e5),
)
def test_the_last_commit_of_a_job_is_never_old_enough_to_go(
    history: list[tuple[float, str, str]], keep_s: float
) -> None:
    """Whatever was committed since, the newest commit of the job that wrote last stays."""
    table = state(*(snapshot(*row) for row in history))
    stay_s = retention_s(table, NOW_MS, keep_s)
    assert stay_s >= keep_s
    written = [s for s in table.snapshots if s.job_id]
    if written:
        assert (NOW_MS - written[-1].committed_ms) / 1000 < stay_s


def test_a_commit_that_came_first_is_no_failure(settings: Settings, lake: ScriptedLake) -> None:
    """Compaction that meets the keeper's own tries again, and gives up in one line in the end."""
    first = refusal("ICEBERG_COMMIT_ERROR", "Failed to commit during optimize: Missing files")
    lake.answer("optimize", first, done("ALTER TABLE EXECUTE"))
    assert "files became" in compact("flight_data", settings)
    assert sum("optimize" in statement for statement in lake.said) == 2
    lake.answer("optimize", first)
    with pytest.raises(Outrun, match="run it again"):
        compact("flight_data", settings)
