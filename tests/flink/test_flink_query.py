"""A SELECT at work: its rows, its end, and what it says when something is off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_flink import NOT_READY, ScriptedFlink, page, refusal

from flightlib.errors import SqlError
from flightlib.flink.query import PATIENCE, Query
from flightlib.flink.scan import Statement
from flightlib.flink.session import Session
from flightlib.settings import Settings

Start = Callable[..., Query]


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Start queries; each is stopped at the end, and no thread of theirs is left."""
    begun: list[Query] = []
    session = Session(settings)

    def begin(sql: str = "SELECT n", **given: Any) -> Query:
        begun.append(Query(session, Statement(sql, 1), **given))
        return begun[-1]

    yield begin
    for query in begun:
        query.stop()
    assert not [t for t in threading.enumerate() if t.name == "flightlib-query"]


def ended(query: Query) -> bool:
    """Wait for a query's end."""
    return query.wait_for(lambda q: not q.running, 30)


def test_rows_come_as_they_are_told(flink: ScriptedFlink, start: Start) -> None:
    """Rows of the first page and of later ones are there, with the columns and the job."""
    script = flink.answer("SELECT n", NOT_READY, page((1,), job="j1"))
    query = start()
    assert [column.name for column in query.columns] == ["n"]
    assert (query.job_id, query.rows, query.running) == ("j1", ((1,),), True)
    script.append(page((2,), ["UPDATE_BEFORE", (1,)], ["UPDATE_AFTER", (5,)]))
    assert query.wait_for(lambda q: q.total == 3, 30)
    assert query.rows == ((5,), (2,))
    assert query.frame()["n"].tolist() == [5, 2]
    assert query.changed_ms > 0
    assert flink.said[-1] == ("SELECT n", PATIENCE)
    assert "running · 3 rows" in repr(query)


def test_rows_that_were_given_out_do_not_change(flink: ScriptedFlink, start: Start) -> None:
    """Who holds the rows holds a picture of one moment."""
    script = flink.answer("SELECT n", page((1,)))
    query = start()
    before = query.rows
    script.append(page((2,)))
    assert query.wait_for(lambda q: q.total == 2, 30)
    assert (before, query.rows) == (((1,),), ((1,), (2,)))


def test_a_query_that_comes_to_its_end_is_finished(flink: ScriptedFlink, start: Start) -> None:
    """A bounded query ends by itself and its operation is let go."""
    flink.answer("SELECT n", page((1,)), page(last=True))
    query = start()
    assert ended(query)
    assert (query.state, query.message) == ("finished", "It came to its end.")
    query.stop()
    assert flink.closed == ["SELECT n"]


def test_a_query_of_one_page_is_finished_at_once(flink: ScriptedFlink, start: Start) -> None:
    """A query may be over before anyone has looked."""
    flink.answer("SELECT n", page((1,), last=True))
    query = start()
    assert (query.state, query.rows) == ("finished", ((1,),))


def test_a_limit_is_never_passed(flink: ScriptedFlink, start: Start) -> None:
    """The limit ends the query, and rows beyond it are not taken, though they came."""
    flink.answer("SELECT n", page((1,), (2,)), page((3,), (4,), (5,)), page((6,)))
    query = start(limit=3)
    assert ended(query)
    assert (query.state, query.rows, query.total) == ("finished", ((1,), (2,), (3,)), 3)
    assert query.message == "It reached its limit of 3 rows."


def test_a_query_ends_when_its_time_is_over(flink: ScriptedFlink, start: Start) -> None:
    """`for_s` ends a query that would go on."""
    flink.answer("SELECT n", page((1,)))
    query = start(for_s=0.01)
    assert ended(query)
    assert (query.state, query.message) == ("finished", "Its time is over.")


def test_stopping_lets_the_operation_go_and_keeps_the_rows(
    flink: ScriptedFlink, start: Start
) -> None:
    """A stopped query runs no more in Flink; stopping it again is harmless."""
    flink.answer("SELECT n", page((1,)))
    query = start()
    query.stop()
    query.stop()
    assert (query.state, query.message, query.rows) == ("stopped", "It was stopped.", ((1,),))
    assert flink.closed == ["SELECT n"]


def test_a_listener_may_stop_the_query(flink: ScriptedFlink, start: Start) -> None:
    """Stopping from within a callback waits for nobody."""
    script = flink.answer("SELECT n", page())
    query = start()
    query.on_change(lambda q: q.stop())
    script.append(page((1,)))
    assert ended(query)
    assert query.state == "stopped"


def test_what_flink_refuses_is_an_error_at_once(flink: ScriptedFlink, start: Start) -> None:
    """A statement that cannot be planned raises in one line; no thread is started."""
    told = 'a.b.SqlParserException: SQL parse failed. Encountered "FORM" at line 1, column 10.'
    flink.answer("SELECT n", NOT_READY, refusal(told))
    with pytest.raises(SqlError, match=r"^Flink refuses this at line 1, column 10: FORM is not"):
        start()


def test_a_failure_is_told_by_its_innermost_cause(flink: ScriptedFlink, start: Start) -> None:
    """A query whose job fails says why in one line and keeps its rows."""
    trace = "java.io.IOException: Job execution failed.\nCaused by: a.b.MathException: / by zero"
    flink.answer("SELECT n", page((1,)), refusal(trace))
    query = start()
    assert ended(query)
    assert (query.state, query.message) == ("failed", "The query failed: / by zero.")
    assert query.rows == ((1,),)


def test_a_gateway_that_was_started_anew_is_said(flink: ScriptedFlink, start: Start) -> None:
    """A query that went with its session says that it has to be run again."""
    flink.answer("SELECT n", page((1,)))
    query = start()
    flink.forget()
    assert ended(query)
    assert query.state == "failed"
    assert query.message == (
        "The SQL Gateway was started anew. Run the cell again when it is back."
    )


def test_a_slip_of_our_own_shows(
    flink: ScriptedFlink, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer nobody thought of ends the query with its kind, not a thread in silence."""
    flink.answer("SELECT n", page((1,)), {"results": {"data": [{"kind": 1}]}, "last": False})
    query = start()
    assert ended(query)
    assert (query.state, query.message) == ("failed", "KeyError: 'fields'")
    assert "A query failed" in caplog.text


def test_listeners_hear_every_change_until_they_forget(
    flink: ScriptedFlink, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Each change calls all listeners; one that fails, or has left, disturbs no other."""
    script = flink.answer("SELECT n", page())
    query = start()
    heard, left = list[int](), list[int]()

    def fails(_query: Query) -> None:
        raise ValueError("a listener's slip")

    query.on_change(fails)
    query.on_change(lambda q: heard.append(q.total))
    forget = query.on_change(lambda q: left.append(q.total))
    script.append(page((1,)))
    assert query.wait_for(lambda _: heard[-1:] == [1], 30)
    assert query.wait_for(lambda _: left[-1:] == [1], 30)
    forget()
    forget()
    script.append(page((2,), last=True))
    assert ended(query)
    query.stop()
    assert heard == [1, 2, 2]
    assert left == [1]
    assert "A listener failed" in caplog.text


def test_at_most_so_many_rows_are_held(flink: ScriptedFlink, start: Start) -> None:
    """A query that goes on for long keeps the newest rows and counts all."""
    flink.answer("SELECT n", page(*((n,) for n in range(10)), last=True))
    query = start(most=3)
    assert (query.rows, query.total) == (((7,), (8,), (9,)), 10)


def test_waiting_in_vain_is_told(flink: ScriptedFlink, start: Start) -> None:
    """Waiting ends at its deadline and says that it did not come about."""
    flink.answer("SELECT n", page())
    assert not start().wait_for(lambda q: q.total == 1, 0.01)
