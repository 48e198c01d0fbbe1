"""The live table: rows as they come, as text, with the truth about the query below."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from browserlike import Sent, frames, of_type, say, until
from scripted_jobs import Column, ScriptedQuery

from flightlib.errors import FlightlibError, SettingError, StreamError
from flightlib.widgets import LiveTable, cells, sources
from flightlib.widgets.protocols import Query

ROW = (datetime(2026, 1, 2, 3, 4, 5), "40_-75", 1234, 31_000.25)


@pytest.fixture
def query() -> ScriptedQuery:
    """A running query without a row yet."""
    return ScriptedQuery()


@pytest.fixture
def table(query: ScriptedQuery, ending: Callable[..., LiveTable]) -> LiveTable:
    """A table of that query, shown in a browser."""
    widget = ending(LiveTable(query, rows=3))
    say(widget, type="hello")
    return widget


def told(sent: Sent) -> dict[str, Any]:
    """What the newest message says of the query."""
    freshness: dict[str, Any] = sent[-1][0].get("freshness", {}) if sent else {}
    return freshness


def test_rows_fill_the_table_as_they_come(
    table: LiveTable, query: ScriptedQuery, sent: Sent
) -> None:
    """Names and types come first, then each row as words, with the count of all."""
    until(lambda: frames(sent))
    assert frames(sent)[0]["rows"] == []
    names = [(c["name"], c["number"]) for c in frames(sent)[0]["columns"]]
    assert names == [
        ("window_end", False),
        ("region", False),
        ("flights", True),
        ("mean_altitude", True),
    ]
    query.give(ROW)
    until(lambda: frames(sent)[-1]["rows"])
    assert frames(sent)[-1]["rows"] == [["2026-01-02 03:04:05", "40_-75", "1,234", "31,000.2"]]
    assert told(sent)["total"] == 1
    assert table.query is query


def test_the_newest_rows_are_kept_and_all_are_counted(
    table: LiveTable, query: ScriptedQuery, sent: Sent
) -> None:
    """Of many rows the last few go to the browser."""
    query.give(*((None, f"row {i}", i, None) for i in range(50)))
    until(lambda: frames(sent) and len(frames(sent)[-1]["rows"]) == 3)
    assert [row[1] for row in frames(sent)[-1]["rows"]] == ["row 47", "row 48", "row 49"]
    assert told(sent)["total"] == 50
    assert "50 rows" in repr(table)


def test_a_fast_query_does_not_flood_the_browser(
    table: LiveTable, query: ScriptedQuery, sent: Sent
) -> None:
    """However often a query changes, the browser gets a picture now and then, and the last one."""
    until(lambda: frames(sent))
    for i in range(300):
        query.give((None, str(i), i, None))
    until(lambda: frames(sent)[-1]["rows"] and frames(sent)[-1]["rows"][-1][1] == "299")
    assert len(frames(sent)) < 20
    assert table.query is query


def test_the_stop_button_stops_the_query(
    table: LiveTable, query: ScriptedQuery, sent: Sent
) -> None:
    """A browser's word is enough, and the table then says that the query was stopped."""
    say(table, type="stop")
    until(lambda: query.stops == 1)
    until(lambda: told(sent).get("state") == "stopped" and told(sent)["ended"])


def test_a_stop_that_fails_is_told(
    table: LiveTable, query: ScriptedQuery, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the query cannot be stopped, the line says why."""

    def refuse() -> None:
        raise FlightlibError("The gateway is away.")

    monkeypatch.setattr(table._source.stopper, "_act", refuse)
    say(table, type="stop")
    until(lambda: told(sent).get("message") == "The gateway is away.")
    assert query.running


def test_a_query_that_ends_says_why(table: LiveTable, query: ScriptedQuery, sent: Sent) -> None:
    """State and message reach the browser, with no rate any more."""
    query.give(ROW)
    query.become("failed", "The job failed: division by zero.")
    until(lambda: told(sent).get("state") == "failed")
    assert told(sent)["message"] == "The job failed: division by zero."
    assert (told(sent)["ended"], told(sent)["rows_per_s"]) == (True, 0.0)
    assert "division by zero" in repr(table)


def test_closing_a_table_leaves_the_query_running(table: LiveTable, query: ScriptedQuery) -> None:
    """The query belongs to whoever made it."""
    table.close()
    assert query.running
    assert query._callbacks == []


def test_a_snapshot_is_a_table_that_stays(table: LiveTable, query: ScriptedQuery) -> None:
    """It waits for the first row, and has it in HTML and in plain text, with a caption."""
    threading.Timer(0.1, query.give, [ROW]).start()
    bundle = table.snapshot()._repr_mimebundle_()
    for text in bundle.values():
        for words in ("window_end", "2026-01-02 03:04:05", "1,234", "1 row · running", "UTC"):
            assert words in text
    assert "text-align:right" in bundle["text/html"]


def test_a_snapshot_of_many_rows_says_how_many(table: LiveTable, query: ScriptedQuery) -> None:
    """The caption tells the rows shown from the rows there are."""
    query.give(*((None, str(i), i, None) for i in range(2000)))
    assert "the newest 3 of 2,000 rows" in table.snapshot().words


def test_hostile_rows_stay_words(ending: Callable[..., LiveTable]) -> None:
    """What looks like markup, in a name, a type or a value, is not markup in the snapshot."""
    bad = "<script>alert('1')</script>"
    query = ScriptedQuery([Column(bad, f"ROW<{bad}>")])
    query.give((bad,))
    html = ending(LiveTable(query)).snapshot().html
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3


@pytest.mark.parametrize(
    ("state", "message", "words"),
    [
        ("running", "", r"No row came within 0\.1 s\. The query is running\."),
        ("running", "Nothing is published.", r"within 0\.1 s\. Nothing is published\."),
        ("failed", "Column 'x' not found.", r"No row came\. Column 'x' not found\."),
        ("finished", "", r"No row came\. The query is finished\."),
    ],
)
def test_a_snapshot_of_nothing_fails_and_says_why(
    table: LiveTable, query: ScriptedQuery, state: str, message: str, words: str
) -> None:
    """Without a row a report must not look fine."""
    query.become(state, message)
    with pytest.raises(StreamError, match=words):
        table.snapshot(within_s=0.1)


class WholeQuery(ScriptedQuery):
    """A query whose rows are one result, with a message at all times."""

    whole, trouble = True, ""


def test_a_whole_result_is_shown_from_its_top(ending: Callable[..., LiveTable], sent: Sent) -> None:
    """Of a query that is asked anew the first rows are shown, live and still."""
    query = WholeQuery()
    widget = ending(LiveTable(query, rows=3))
    query.give(*((None, f"row {i}", i, None) for i in range(50)))
    say(widget, type="hello")
    until(lambda: frames(sent))
    assert [row[1] for row in frames(sent)[-1]["rows"]] == ["row 0", "row 1", "row 2"]
    assert told(sent)["whole"]
    still = widget.snapshot().words
    assert "row 0" in still
    assert "the first 3 of 50 rows" in still


def test_a_message_alone_is_no_trouble() -> None:
    """A query that always says how old its rows are is in trouble only when it says so."""
    query = WholeQuery()
    query.message = "as of snapshot ...0153, 1.2 s old"
    source = sources.QuerySource(query)
    assert (source.told()["message"], source.told()["trouble"]) == (query.message, False)
    query.trouble = "Trino is not answering."
    assert source.told()["trouble"]
    plain = ScriptedQuery()
    plain.message = "No slot is free."
    assert sources.QuerySource(plain).told()["trouble"]


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("integer", True),
        ("INT NOT NULL", True),
        ("bigint", True),
        ("real", True),
        ("decimal(5, 2)", True),
        ("interval day to second", False),
        ("INTERVAL SECOND(3)", False),
        ("varchar", False),
    ],
)
def test_numbers_of_both_engines_are_lined_up(kind: str, number: bool) -> None:
    """Flink's and Trino's words for numbers are known, and an interval is none."""
    assert cells.is_number(Column("x", kind)) is number


def test_a_table_of_no_query_is_refused(query: ScriptedQuery) -> None:
    """What is not a query, and a number of rows that is too large, are named."""
    assert isinstance(query, Query)
    with pytest.raises(SettingError, match="A table shows a running query, not 'SELECT 1'"):
        LiveTable("SELECT 1")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="rows cannot be 500; allowed: 1 to 200"):
        LiveTable(query, rows=500)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, None),
        (True, "true"),
        (1234567, "1,234,567"),
        (Decimal("1234.50"), "1,234.50"),
        (31000.26, "31,000.3"),
        (-7.129, "-7.13"),
        (0.123456, "0.1235"),
        (0.00001234, "1.234e-05"),
        (float("nan"), "nan"),
        (datetime(2026, 1, 2, 3, 4, 5, 250_000), "2026-01-02 03:04:05.250"),
        (date(2026, 1, 2), "2026-01-02"),
        ({"a": 1}, "{'a': 1}"),
        ("x" * 300, "x" * 200 + "…"),
    ],
)
def test_a_value_is_written_as_people_read_it(value: Any, words: str | None) -> None:
    """Each kind of value has one way to be written."""
    assert cells.word(value) == words


def test_the_rate_is_that_of_the_last_seconds() -> None:
    """A burst long ago does not count, and a steady pace is told as it is."""
    rate = sources.Rate()
    assert rate.after(100, 0.0) == 0.0
    assert rate.after(110, 1.0) == 10.0
    for second in range(2, 20):
        last = rate.after(110 + 4 * (second - 1), float(second))
    assert last == pytest.approx(4.0)


def test_a_reloaded_page_gets_the_rows_again(
    table: LiveTable, query: ScriptedQuery, sent: Sent
) -> None:
    """A second hello is answered with scripts and rows, although nothing has changed."""
    query.give(ROW)
    until(lambda: frames(sent) and frames(sent)[-1]["rows"])
    count = len(frames(sent))
    say(table, type="hello", client="again")
    until(lambda: len(of_type(sent, "setup")) == 2 and len(frames(sent)) > count)
