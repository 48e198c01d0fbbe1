"""The gateway's client and this process's session, against a Flink that a test scripts."""

from __future__ import annotations

import socket
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from scripted_flink import NOT_READY, ScriptedFlink, page, refusal

from flightlib.errors import EngineDown, SqlError
from flightlib.flink.gateway import Change, Column, Gateway, SessionLost, page_of, type_text, value
from flightlib.flink.rest import Refused
from flightlib.flink.scan import Statement
from flightlib.flink.session import BATCH, Session
from flightlib.flink.shaping import Shaping
from flightlib.settings import Settings, load

LOCAL, ZONED = "TIMESTAMP_WITHOUT_TIME_ZONE", "TIMESTAMP_WITH_LOCAL_TIME_ZONE"
VIEW = "CREATE VIEW v AS SELECT 1"


def own(flink: ScriptedFlink) -> list[list[str]]:
    """Give what each open session was told, but for the tables it knows from its start."""
    return [
        [text for text in texts if "CREATE TABLE" not in text and "regional" not in text]
        for texts in flink.sessions.values()
    ]


def shape(session: Session, *texts: str) -> None:
    """Run statements that shape a session."""
    for text in texts:
        session.shape(Statement(text, 1))


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ({"type": "VARCHAR", "length": 2147483647}, "STRING"),
        ({"type": "CHAR", "length": 3}, "CHAR(3)"),
        ({"type": "INTEGER"}, "INT"),
        ({"type": "BIGINT"}, "BIGINT"),
        ({"type": "DECIMAL", "precision": 5, "scale": 2}, "DECIMAL(5, 2)"),
        ({"type": "DECIMAL", "precision": 5, "scale": 0}, "DECIMAL(5, 0)"),
        ({"type": "TIMESTAMP_WITHOUT_TIME_ZONE", "precision": 3}, "TIMESTAMP(3)"),
        ({"type": "TIMESTAMP_WITH_LOCAL_TIME_ZONE", "precision": 3}, "TIMESTAMP_LTZ(3)"),
    ],
)
def test_types_are_written_as_sql_does(told: dict[str, Any], text: str) -> None:
    """A column's type reads as it would in a CREATE TABLE."""
    assert type_text(told) == text


@pytest.mark.parametrize(
    ("kind", "field", "expected"),
    [
        (LOCAL, "2026-01-02T03:04:05", datetime(2026, 1, 2, 3, 4, 5)),
        (LOCAL, "2026-01-02T03:04:05.678", datetime(2026, 1, 2, 3, 4, 5, 678_000)),
        (LOCAL, "2026-01-02 03:04:05.1", datetime(2026, 1, 2, 3, 4, 5, 100_000)),
        (LOCAL, "2026-01-02T03:04", datetime(2026, 1, 2, 3, 4)),
        (ZONED, "2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123_456)),
        ("DECIMAL", 1.5, Decimal("1.5")),
        ("VARCHAR", "a", "a"),
        ("INTEGER", 5, 5),
        (LOCAL, None, None),
        ("DECIMAL", None, None),
    ],
)
def test_values(kind: str, field: Any, expected: Any) -> None:
    """Times become naive UTC datetimes to the microsecond, decimals stay exact, the rest stays."""
    assert value({"type": kind}, field) == expected


def test_a_page_has_columns_and_changes() -> None:
    """One answer gives its columns, its rows with their kind, its job and whether more may come."""
    told = page((1,), ["UPDATE_AFTER", (2,)], job="j1")
    made = page_of(told, last=False)
    assert made.ready
    assert made.columns == (Column("n", "INT"),)
    assert made.changes == (Change("INSERT", (1,)), Change("UPDATE_AFTER", (2,)))
    assert (made.job_id, made.last) == ("j1", False)
    assert not page_of(NOT_READY, last=False).ready


def test_nobody_who_answers_is_an_engine_that_is_down() -> None:
    """A gateway that does not listen is named with its address and the command that starts it."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(EngineDown, match=rf"Gateway .* 127\.0\.0\.1:{port}\. .*up`"):
            Gateway(load(gateway_port=port)).open()


def test_a_session_that_is_gone_is_told_apart_from_a_refusal(
    flink: ScriptedFlink, settings: Settings
) -> None:
    """A lost session can be made anew, a statement that is refused cannot be mended so."""
    gateway = Gateway(settings)
    handle = gateway.open()
    gateway.close(handle)
    with pytest.raises(SessionLost):
        gateway.submit(handle, "SELECT 1")
    flink.answer("SELECT 2", refusal("a.b.SomeException: no"))
    operation = gateway.submit(gateway.open(), "SELECT 2")
    with pytest.raises(Refused) as error:
        operation.page()
    assert error.value.status == 500
    assert error.value.errors[0] == "Internal server error."


def test_pages_go_on_to_the_last(flink: ScriptedFlink, settings: Settings) -> None:
    """A result is read through pages that are not ready or empty, and not beyond its end."""
    flink.answer("SELECT", NOT_READY, page((1,), job="j1"), page(), page((2,)), page(last=True))
    gateway = Gateway(settings)
    operation = gateway.submit(gateway.open(), "SELECT 1")
    pages = list(operation.pages())
    assert [change.row for one in pages for change in one.changes] == [(1,), (2,)]
    assert [one.ready for one in pages] == [False, True, True, True, True]
    assert operation.page().last


def test_a_session_knows_the_tables_and_gives_answers(
    flink: ScriptedFlink, settings: Settings
) -> None:
    """The first statement opens a session with flightlib's tables; the next ones use it."""
    session = Session(settings)
    flink.answer("SELECT 7", page((7,), job="j1"), page(last=True))
    answer = session.run(Statement("SELECT 7", 1), {"a": "b"})
    assert (answer.rows, answer.job_id) == (((7,),), "j1")
    assert answer.columns == (Column("n", "INT"),)
    assert flink.said[-1] == ("SELECT 7", {"a": "b"})
    (texts,) = flink.sessions.values()
    assert len(texts) == 4
    session.run(Statement("SHOW TABLES", 1))
    assert len(flink.sessions) == 1
    session.close()
    session.close()
    assert flink.sessions == {}


def test_a_refusal_is_one_line_at_its_place_in_the_cell(
    flink: ScriptedFlink, settings: Settings
) -> None:
    """What Flink refuses names the line of the cell and the nearest table there is."""
    where = "From line 1, column 15 to line 1, column 21: Object 'flightz' not found"
    flink.answer("flightz", refusal(f"a.b.ValidationException: SQL validation failed. {where}"))
    flink.answer("SHOW TABLES", page(("flights",), ("regional",), last=True))
    with pytest.raises(SqlError) as error:
        Session(settings).run(Statement("SELECT * FROM flightz", 3))
    assert str(error.value) == (
        "Flink refuses this at line 3, column 15: table 'flightz' not found. "
        "Did you mean 'flights'?"
    )


def test_a_lost_session_is_made_anew_with_all_that_shaped_it(
    flink: ScriptedFlink, settings: Settings
) -> None:
    """After the gateway was started anew the next statement finds the views of before."""
    session = Session(settings)
    shape(session, VIEW, "SET 'a' = 'b'")
    flink.forget()
    session.run(Statement("SELECT 1", 1))
    assert own(flink) == [[VIEW, "SET 'a' = 'b'", "SELECT 1"]]


def test_two_sessions_share_what_shapes_them(flink: ScriptedFlink, settings: Settings) -> None:
    """What one session is told the other repeats before its next statement, once."""
    shaping = Shaping()
    one, two = Session(settings, shaping=shaping), Session(settings, bounded=True, shaping=shaping)
    shape(one, VIEW)
    two.run(Statement("SELECT 1", 1))
    shape(two, "CREATE VIEW w AS SELECT 2")
    one.run(Statement("SELECT 2", 1))
    one.run(Statement("SELECT 3", 1))
    assert own(flink) == [
        [VIEW, "CREATE VIEW w AS SELECT 2", "SELECT 2", "SELECT 3"],
        [VIEW, "SELECT 1", "CREATE VIEW w AS SELECT 2"],
    ]


def test_the_bounded_session_is_in_batch_mode_and_the_mode_is_not_shared(
    flink: ScriptedFlink, settings: Settings
) -> None:
    """How a session runs its queries is its own."""
    shaping = Shaping()
    one, two = Session(settings, bounded=True, shaping=shaping), Session(settings, shaping=shaping)
    assert one.runtime_mode() == "batch"
    assert flink.properties == BATCH
    shape(one, "SET 'execution.runtime-mode' = 'streaming'")
    two.run(Statement("SELECT 1", 1))
    assert own(flink)[1] == ["SELECT 1"]
    flink.properties.clear()
    assert two.runtime_mode() == "streaming"


def test_running_a_create_again_drops_the_former(flink: ScriptedFlink, settings: Settings) -> None:
    """A cell with a CREATE may be changed and run again, in one session or in the other."""
    shaping = Shaping()
    one, two = Session(settings, shaping=shaping), Session(settings, shaping=shaping)
    shape(one, VIEW)
    two.run(Statement("SELECT 1", 1))
    shape(two, "CREATE VIEW v AS SELECT 2")
    one.run(Statement("SELECT 2", 1))
    drop = "DROP VIEW IF EXISTS `v`"
    assert own(flink) == [
        [VIEW, drop, "CREATE VIEW v AS SELECT 2", "SELECT 2"],
        [VIEW, "SELECT 1", drop, "CREATE VIEW v AS SELECT 2"],
    ]


def test_a_create_that_is_refused_is_not_remembered(
    flink: ScriptedFlink, settings: Settings
) -> None:
    """What Flink does not take shapes no session."""
    flink.answer("VIEW v", refusal("a.b.ValidationException: no"))
    session = Session(settings)
    with pytest.raises(SqlError):
        shape(session, VIEW)
    assert session.shaping.statements == ()


def test_names_are_none_where_nobody_can_be_asked(settings: Settings) -> None:
    """A suggestion is no reason to fail: without a gateway there are no names."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        alone = settings.model_copy(update={"gateway_port": held.getsockname()[1]})
        assert Session(alone).names("table") == []
        assert Session(alone).names("column") == []


def test_a_create_in_another_catalog_drops_that_one(
    flink: ScriptedFlink, settings: Settings
) -> None:
    """A name is dropped where it was made, and its neighbours of that catalog stay."""
    session = Session(settings)
    shape(session, "CREATE VIEW lake.a AS SELECT 1", "CREATE VIEW lake.b AS SELECT 1")
    shape(session, "CREATE VIEW lake.b AS SELECT 2")
    assert "CREATE VIEW lake.a AS SELECT 1" in session.shaping.statements
    assert flink.said[-2][0] == "DROP VIEW IF EXISTS `lake`.`b`"
