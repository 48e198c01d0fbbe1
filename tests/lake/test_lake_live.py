"""A query that is asked anew after each commit: always one result, and the truth about its age."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from scripted_trino import SLOW, STARTING, ScriptedLake, refusal, rows

from flightlib.errors import EngineDown, LakeError, SqlError
from flightlib.lake import live
from flightlib.lake.bind import bind
from flightlib.lake.live import LiveQuery
from flightlib.lake.names import tables_in
from flightlib.settings import Settings
from flightlib.widgets.protocols import Query

Start = Callable[..., LiveQuery]
SQL = "SELECT count(*) AS n FROM flight_data WHERE altitude > {a}"


@pytest.fixture
def start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start live queries that look often; each is stopped at the end, and no thread is left."""
    monkeypatch.setattr(live, "LOOK_S", 0.02)
    begun: list[LiveQuery] = []

    def begin(sql: str = SQL, every_s: float = 0.01, **given: Any) -> LiveQuery:
        begun.append(LiveQuery(settings, bind(sql, {"a": 1}), every_s=every_s, **given))
        return begun[-1]

    yield begin
    for query in begun:
        query.stop()
    assert not [t for t in threading.enumerate() if t.name == "flightlib-live"]


def until(query: LiveQuery, holds: Callable[[LiveQuery], bool]) -> bool:
    """Wait for something, with a deadline."""
    return query.wait_for(holds, 30)


def test_the_first_result_is_there_at_once(start: Start, lake: ScriptedLake) -> None:
    """Rows, columns and the snapshot they are of are known when the query is; values are bound."""
    lake.answer("SELECT", rows([5]))
    query = start()
    assert isinstance(query, Query)
    assert ([c.name for c in query.columns], query.rows, query.total) == (["n"], [(5,)], 1)
    assert re.fullmatch(r"as of snapshot \.\.\.0003, \d\.\d s old", query.message)
    assert query.frame()["n"].tolist() == [5]
    assert lake.said[0].startswith("EXECUTE IMMEDIATE 'SELECT count(*)")
    assert query.sql == "SELECT count(*) AS n FROM flight_data WHERE altitude > 1"
    assert not query.trouble


def test_a_commit_replaces_the_rows(start: Start, lake: ScriptedLake) -> None:
    """After a new snapshot the query is asked again, and only its newest result is there."""
    lake.answer("SELECT", rows([5], [6]), rows([7]))
    query = start()
    before = query.rows
    lake.commit()
    assert until(query, lambda q: q.rows == [(7,)])
    assert (query.total, before) == (1, [(5,), (6,)])
    assert "...0004" in query.message


def test_without_a_commit_nothing_is_asked(start: Start, lake: ScriptedLake) -> None:
    """Looking at the catalog is enough while nothing is new; another table's commit is not news."""
    query = start()
    lake.commit("region_stats")
    time.sleep(0.3)
    assert (len(lake.said), query.running) == (1, True)


def test_it_rests_between_two_times(start: Start, lake: ScriptedLake) -> None:
    """However often a table is written, the query waits for `every_s`."""
    query = start(every_s=60.0)
    for _ in range(5):
        lake.commit()
        time.sleep(0.03)
    assert (len(lake.said), query.total) == (1, 1)


def test_a_query_of_no_table_is_asked_again_and_again(start: Start, lake: ScriptedLake) -> None:
    """Without a table of the lake there is nothing to watch: time alone counts."""
    query = start("SELECT now()")
    assert until(query, lambda _: len(lake.said) >= 3)
    assert re.fullmatch(r"\d\.\d s old", query.message)


def test_several_tables_are_named(start: Start, lake: ScriptedLake) -> None:
    """With two tables the line says which snapshot is whose, and which table is empty."""
    query = start('SELECT 1 AS n FROM flight_data, lake.sky."region_stats"')
    assert re.search(r"^as of flight_data \.\.\.0003, .* old, region_stats none$", query.message)
    lake.commit("region_stats")
    assert until(query, lambda q: "region_stats ...0001" in q.message)


@pytest.mark.parametrize(("engine", "name"), [("trino", "Trino"), ("catalog", "The Iceberg catal")])
def test_an_engine_that_goes_away_is_told_and_waited_for(
    start: Start, lake: ScriptedLake, engine: str, name: str
) -> None:
    """The rows stay, the line says what is missing, and the query goes on when it is back."""
    lake.answer("SELECT", rows([5]), rows([6]))
    query = start()
    setattr(lake, f"{engine}_down", True)
    lake.commit()
    assert until(query, lambda q: bool(q.trouble))
    assert query.message.startswith(f"{name}")
    assert "is not answering" in query.message
    assert query.message.endswith("goes on by itself.")
    assert (query.rows, query.running) == ([(5,)], True)
    setattr(lake, f"{engine}_down", False)
    assert until(query, lambda q: q.rows == [(6,)])
    assert until(query, lambda q: not q.trouble)


def test_a_table_that_is_emptied_or_dropped_is_waited_for(start: Start, lake: ScriptedLake) -> None:
    """Without its table the query says so; with the table back it goes on."""
    query = start()
    del lake.tables["flight_data"]
    assert until(query, lambda q: "There is no table 'flight_data'" in q.message)
    lake.tables["flight_data"] = 9
    assert until(query, lambda q: "...0009" in q.message and not q.trouble)


def test_a_statement_that_trino_refuses_fails_at_once(start: Start, lake: ScriptedLake) -> None:
    """A slip in the SQL is raised in one line, with its line in the cell and the nearest name."""
    text = "line 1:27: Column 'altitud' cannot be resolved"
    lake.answer("altitud", refusal("COLUMN_NOT_FOUND", text))
    with pytest.raises(SqlError) as error:
        start("SELECT altitud FROM flight_data WHERE altitude > {a}", first_line=4)
    assert str(error.value) == (
        "Trino refuses this at line 4, column 8: column 'altitud' not found. "
        "Did you mean 'altitude'?"
    )


def test_a_statement_that_is_refused_later_ends_it(start: Start, lake: ScriptedLake) -> None:
    """When Trino refuses what it took before, the query ends, says why and keeps its rows."""
    lake.answer("SELECT", rows([5]), refusal("DIVISION_BY_ZERO", "Division by zero"))
    query = start()
    lake.commit()
    assert until(query, lambda q: not q.running)
    assert (query.state, query.rows) == ("failed", [(5,)])
    assert query.message.startswith("Trino refuses this: Division by zero. The rows are as of")


def test_without_engines_it_does_not_start(start: Start, lake: ScriptedLake) -> None:
    """An engine that is down from the start is an error at once."""
    lake.trino_down = True
    with pytest.raises(EngineDown, match="flightlib up trino"):
        start()


def test_a_trino_that_starts_is_waited_for(start: Start, lake: ScriptedLake) -> None:
    """The first time a Trino that is starting is waited for, and one line says so."""
    lake.answer("SELECT", STARTING, STARTING, rows([5]))
    said: list[str] = []
    assert start(say=said.append).rows == [(5,)]
    assert said == ["Trino is starting; waiting up to 60 s."]


def test_it_ends_when_its_time_is_over(start: Start) -> None:
    """`for_s` ends it by itself."""
    query = start(for_s=0.05)
    assert until(query, lambda q: not q.running)
    assert query.state == "finished"
    assert query.message.startswith("Its time is over. The rows are as of snapshot")


def test_stopping_cancels_what_it_asks(start: Start, lake: ScriptedLake) -> None:
    """A query that Trino is busy with does not hold up the stop, and ends on Trino too."""
    lake.answer("SELECT", rows([5]), SLOW)
    query = start()
    lake.commit()
    assert lake.waiting.wait(30)
    query.stop()
    query.stop()
    assert lake.cancelled.is_set()
    assert (query.state, query.rows, query.trouble) == ("stopped", [(5,)], "")
    assert query.message.startswith("It was stopped.")


def test_a_listener_may_stop_it(start: Start, lake: ScriptedLake) -> None:
    """Stopping from within a callback waits for nobody."""
    query = start()
    query.on_change(lambda q: q.stop())
    lake.commit()
    assert until(query, lambda q: not q.running)
    assert query.state == "stopped"


def test_too_long_once_is_not_too_long_for_ever(
    start: Start, lake: ScriptedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A time that was cancelled is told, and the next one counts again."""
    monkeypatch.setattr(live, "WITHIN_S", 0.2)
    lake.answer("SELECT", rows([5]), SLOW, rows([6]))
    query = start()
    lake.commit()
    assert until(query, lambda q: "took longer than 0.2 s" in q.message)
    monkeypatch.setattr(live, "WITHIN_S", 60.0)
    assert until(query, lambda q: q.rows == [(6,)])


def test_no_more_rows_than_asked_for(start: Start, lake: ScriptedLake) -> None:
    """Of a larger result the first rows are kept, and the line says that there are more."""
    lake.answer("SELECT", rows([1], [2], [3]))
    query = start(most=2)
    assert query.rows == [(1,), (2,)]
    assert query.message.endswith("; there are more rows")


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT * FROM flight_data", ["flight_data"]),
        ('SELECT * FROM LAKE.sky."flight_data" f', ["flight_data"]),
        ('SELECT * FROM "flight_data$snapshots"', ["flight_data"]),
        ("SELECT 'flight_data' -- flight_data\n", []),
        ("SELECT * FROM flight_data_old", []),
        ("SELECT 1 FROM region_stats JOIN flight_data", ["flight_data", "region_stats"]),
    ],
)
def test_the_tables_of_a_statement(sql: str, found: list[str]) -> None:
    """Tables are found by name in code and quoted names, not in texts, comments or longer words."""
    assert tables_in(sql, ["flight_data", "region_stats"]) == found


def test_an_unknown_snapshot_says_which_there_are(start: Start, lake: ScriptedLake) -> None:
    """A journey to no snapshot names the first and the last there are."""
    lake.answer("SELECT", refusal("INVALID_ARGUMENTS", "Iceberg snapshot ID does not exists: 5"))
    with pytest.raises(LakeError) as error:
        start("SELECT 1 FROM flight_data FOR VERSION AS OF 5")
    words = r"there is no snapshot 5\. There are 3: 7000001 of .* UTC to 7000003 of .* UTC; `fl"
    assert re.search(words, str(error.value))
    assert len(str(error.value).splitlines()) == 1
