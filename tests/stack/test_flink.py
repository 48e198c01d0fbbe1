"""Flink SQL on the real cluster: lessons, live queries, and what is said when they fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from known import filled, lesson, publish, report, until

from flightlib import flink, records
from flightlib.engines import Local, table_environment
from flightlib.errors import EngineDown, JobError, SqlError
from flightlib.flink import PATIENCE, Cluster, Job, Query, Session, Statement
from flightlib.flink.cluster import OVER
from flightlib.kafka import now_ms, send_poison
from flightlib.settings import Settings, shared_folder

pytestmark = pytest.mark.stack
MINUTE_MS = 60_000


@pytest.fixture
def ask(stack: Settings) -> Iterator[Callable[..., flink.Answer]]:
    """Ask a bounded question about what is published after this fixture was made."""
    session = Session(stack, bounded=True)
    session.run(Statement("SHOW TABLES", 1))  # the topics exist from here on
    session.start_reading(now_ms())

    def question(*statements: Statement) -> flink.Answer:
        for shaping in statements[:-1]:
            session.shape(shaping)
        return session.run(statements[-1], PATIENCE)

    yield question
    session.close()


@pytest.fixture
def live(stack: Settings) -> Iterator[Session]:
    """A session for live queries; its queries end with it."""
    session = Session(stack)
    session.start_reading(None)
    yield session
    session.close()


def running(settings: Settings) -> list[str]:
    """The ids of all jobs that are not over."""
    return [i for i, job in Cluster(settings).jobs().items() if job.state not in OVER]


# --- the lessons ----------------------------------------------------------------------------------


def test_high_altitude_passes_what_flies_above_and_adds_the_region(
    ask: Callable[..., flink.Answer], stack: Settings
) -> None:
    """35,000 ft itself stays out, 35,001 passes; regions agree with Python, negatives included."""
    at = now_ms()
    places = [(41.0, -74.0), (-0.1, -0.1), (-5.0, 5.0), (89.9, 179.9), (0.0, 0.0), (-33.9, 151.2)]
    sent = [
        report(f"H{i}", at + i, altitude=35_001 + i, latitude=lat, longitude=lon)
        for i, (lat, lon) in enumerate(places)
    ]
    publish([*sent, report("LOW", at, altitude=35_000)], stack)
    (statement,) = filled("high-altitude", high_ft=35_000)
    select = statement.text.removeprefix("INSERT INTO processed_flights").strip()
    answer = ask(Statement(select, 1))
    names = [column.name for column in answer.columns]
    assert names == [*records.FIELDS[:-1], "timestamp", "region"]
    found = {row[0]: dict(zip(names, row, strict=True)) for row in answer.rows}
    assert {i: row["region"] for i, row in found.items()} == {
        r.flight_id: records.region(r.latitude, r.longitude) for r in sent
    }
    assert all(found[r.flight_id]["altitude"] == r.altitude for r in sent)


def test_minutes_count_and_average_by_region(
    ask: Callable[..., flink.Answer], stack: Settings
) -> None:
    """Per minute and region: reports, distinct flights, mean altitude; a minute grows in steps."""
    minute = now_ms() // MINUTE_MS * MINUTE_MS - MINUTE_MS
    publish(
        [
            report("A", minute + 1_000, altitude=30_000),
            report("A", minute + 2_000, altitude=32_000),
            report("B", minute + 45_000, altitude=40_000),
            report("C", minute + 3_000, altitude=10_000, latitude=30.0, longitude=-100.0),
        ],
        stack,
    )
    (statement,) = filled("minutes")
    answer = ask(statement)
    names = [column.name for column in answer.columns]
    rows = [dict(zip(names, row, strict=True)) for row in answer.rows]
    told = {
        (r["region"], int((r["window_end"] - r["window_start"]).total_seconds())): (
            r["reports"],
            r["flights"],
            r["mean_altitude"],
        )
        for r in rows
    }
    assert told["40_-75", 10] == (2, 1, 31_000.0)
    assert told["40_-75", 60] == (3, 2, 34_000.0)
    assert told["30_-100", 60] == (1, 1, 10_000.0)


def test_delayed_flights_are_those_late_by_status_or_by_time(
    ask: Callable[..., flink.Answer], stack: Settings
) -> None:
    """A flight counts once, whatever it reported; `late_s` itself is late."""
    at = now_ms()
    publish(
        [
            report("D1", at, operator="UAL", departure_delay=900),
            report("D1", at + 1, operator="UAL", departure_delay=1_500),
            report("D2", at, operator="UAL", status="DELAYED", departure_delay=None),
            report("OK", at, operator="UAL", departure_delay=899),
            report("D3", at, operator="DAL", departure_delay=3_600),
        ],
        stack,
    )
    answer = ask(*filled("delayed-flights", late_s=900))
    assert answer.rows == (("UAL", 2, 20.0), ("DAL", 1, 60.0))


def test_an_injection_through_a_variable_is_only_a_text(
    ask: Callable[..., flink.Answer], stack: Settings
) -> None:
    """A value that tries to be SQL matches the row that holds just that text, and no other."""
    evil = "x' OR '1' = '1"
    publish([report("E1", now_ms(), callsign=evil), report("E2", now_ms())], stack)
    sql = flink.fill("SELECT flight_id FROM flights WHERE callsign = {name}", {"name": evil})
    assert ask(Statement(sql, 1)).rows == (("E1",),)


# --- live queries ---------------------------------------------------------------------------------


def test_a_live_query_fills_until_its_limit_and_leaves_nothing(
    live: Session, stack: Settings
) -> None:
    """Rows come while it runs; at its limit it ends by itself, and its job ends on the cluster."""
    query = Query(live, Statement("SELECT flight_id, altitude FROM flights", 1), limit=3)
    assert query.running
    assert [column.type for column in query.columns] == ["STRING", "INT"]
    until(lambda: Cluster(stack).job(query.job_id or ""))
    publish([report(f"Q{i}", now_ms() + i) for i in range(5)], stack)
    assert query.wait_for(lambda q: not q.running, 60), repr(query)
    assert (query.state, query.total, len(query.rows)) == ("finished", 3, 3)
    assert list(query.frame().columns) == ["flight_id", "altitude"]
    until(lambda: query.job_id not in running(stack))


def test_a_live_query_ends_with_its_time_and_by_hand(live: Session, stack: Settings) -> None:
    """`for_s` ends a query that never gets a row, and so does stop; both free their slots."""
    brief = Query(live, Statement("SELECT * FROM flights", 1), for_s=1.0)
    asked = Query(live, Statement("SELECT * FROM flights", 1))
    assert brief.wait_for(lambda q: not q.running, 60)
    assert brief.message == "Its time is over."
    asked.stop()
    asked.stop()
    assert asked.state == "stopped"
    until(lambda: not {brief.job_id, asked.job_id} & set(running(stack)))


def test_an_updating_query_shows_each_group_once(live: Session, stack: Settings) -> None:
    """A count that grows is one row that changes, not a row for each change."""
    query = Query(live, Statement("SELECT operator, COUNT(*) FROM flights GROUP BY operator", 1))
    until(lambda: (d := Cluster(stack).details(query.job_id or "")) and d.state == "RUNNING")
    publish([report(f"U{i}", now_ms() + i, operator="XYZ") for i in range(20)], stack)
    assert query.wait_for(lambda q: ("XYZ", 20) in q.rows, 60), repr(query.rows)
    assert [row for row in query.rows if row[0] == "XYZ"] == [("XYZ", 20)]
    query.stop()


def test_a_window_that_waits_says_what_for(live: Session, stack: Settings) -> None:
    """With reports but no passing watermark the query names the moment it waits for."""
    minute = now_ms() // MINUTE_MS * MINUTE_MS - 10 * MINUTE_MS
    sql = (
        "SELECT window_end, COUNT(*) FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(`timestamp`), "
        "INTERVAL '1' MINUTE)) GROUP BY window_start, window_end"
    )
    query = Query(live, Statement(sql, 1))
    until(lambda: (d := Cluster(stack).details(query.job_id or "")) and d.state == "RUNNING")
    publish([report(f"W{i}", minute + 30_000) for i in range(40)], stack)
    assert query.wait_for(lambda q: "the watermark passes" in q.message, 60), repr(query)
    query.stop()


def test_poison_ends_a_live_query_in_one_line_and_is_read_past(
    live: Session, stack: Settings
) -> None:
    """The query names the message; run again from before it, it reads on after it."""
    began = now_ms()
    query = Query(live, Statement("SELECT flight_id FROM flights", 1))
    until(lambda: (d := Cluster(stack).details(query.job_id or "")) and d.state == "RUNNING")
    place = send_poison(settings=stack).split(", ")
    assert query.wait_for(lambda q: not q.running, 60)
    offset, partition = place[2].split(" ")[1], place[1].split(" ")[1]
    named = f"message {offset} of partition {partition} of flights is not Avro"
    assert (query.state, named in query.message) == ("failed", True), query.message
    assert [str(poison) for poison in live.start_reading(began)] == [named]
    again = Query(live, Statement("SELECT flight_id FROM flights", 1), limit=5)
    publish([report(f"P{i}", now_ms() + i) for i in range(40)], stack)
    assert again.wait_for(lambda q: q.state == "finished", 60), repr(again)


def test_a_query_outlives_nothing_it_should_not(stack: Settings, own_engines: Local) -> None:
    """A killed gateway ends a query in one line, and the session is made anew with its views."""
    session = Session(stack)
    session.shape(Statement("CREATE TEMPORARY VIEW few AS SELECT flight_id FROM flights", 1))
    session.start_reading(None)
    query = Query(session, Statement("SELECT * FROM few", 1))
    kill(own_engines, "gateway")
    assert query.wait_for(lambda q: not q.running, 60)
    assert query.state == "failed"
    assert "Run the cell again" in query.message
    until(lambda: all(row.healthy for row in own_engines.status(["gateway"])))
    assert ("few",) in session.run(Statement("SHOW TABLES", 1)).rows
    session.close()
    end_all_queries(stack)


def test_a_killed_kernel_leaves_no_query(stack: Settings) -> None:
    """When the process that asked is killed, its session runs out and its query ends."""
    script = (
        "from flightlib.flink import Query, Statement, session\n"
        "s = session(); s.start_reading(None)\n"
        "print(Query(s, Statement('SELECT callsign FROM flights', 1)).job_id, flush=True)\n"
        "input()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout
    job_id = child.stdout.readline().strip()
    until(lambda: job_id in running(stack))
    child.kill()
    child.communicate()
    until(lambda: job_id not in running(stack), 180)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "SELECT * FROM flightz",
            r"at line 3, column 15: table 'flightz' not found\. Did you mean 'flights'",
        ),
        (
            "SELECT altitud FROM flights",
            r"column 8: column 'altitud' not found\. Did you mean 'altitude'",
        ),
        ("SELECT uper(callsign) FROM flights", r"function 'uper' not found\. Did you mean 'upper'"),
        ("SELECT * FORM flights", r"at line 3, column 15: flights is not expected"),
        ("SELECT SUM(status) FROM flights", r"Cannot apply 'SUM' to arguments"),
        ("DROP TABLE nowhere", r"table 'nowhere' not found\. There are: flights"),
    ],
)
def test_a_refusal_is_one_line_with_place_and_nearest_name(
    live: Session, sql: str, words: str
) -> None:
    """Whatever Flink refuses is said in one line, at its place in the cell."""
    with pytest.raises(SqlError, match=words) as caught:
        live.run(Statement(sql, 3))
    assert "\n" not in str(caught.value)


def test_without_free_slots_a_job_says_so(live: Session, stack: Settings) -> None:
    """When queries hold every slot a job is refused in one line, and starts once they are gone."""
    hog = Session(stack)
    hog.shape(Statement("SET 'parallelism.default' = '16'", 1))
    hog.start_reading(None)
    query = Query(hog, Statement("SELECT flight_id FROM flights", 1))
    until(lambda: Cluster(stack).free_slots()[0] == 0)
    statement = filled("high-altitude", high_ft=35_000)[0]
    with pytest.raises(JobError, match="All 16 task slots of Flink are taken"):
        Job("crowded", stack).start(statement, (), None)
    query.stop()
    hog.close()
    until(lambda: Cluster(stack).free_slots()[0] == 16)


def test_flink_down_is_one_line(stack: Settings) -> None:
    """Without a gateway the error names it and what to type."""
    nowhere = stack.model_copy(update={"gateway_port": 9})
    with pytest.raises(EngineDown, match=r"SQL Gateway is not answering on .*:9\. .*flightlib up"):
        Session(nowhere).run(Statement("SELECT 1", 1))


# --- Python ---------------------------------------------------------------------------------------

with_pyflink = pytest.mark.skipif(not flink.has_pyflink(), reason="no wheel of PyFlink here")


@with_pyflink
def test_a_python_function_of_the_lesson_runs_in_flink(stack: Settings) -> None:
    """The notebook's own function and query give the great-circle distance."""
    space: dict[str, Any] = {}
    source = lesson_source("def miles_between")
    exec(compile(source, cached(source), "exec"), space)
    session = flink.session(stack)
    assert "miles_between" in repr(flink.flink_function(space["miles_between"]))
    began = now_ms()
    publish([report("PY", began, latitude=40.64, longitude=-73.78 - 1.0)], stack)
    session.start_reading(began)
    query = Query(session, Statement(lesson("python-function"), 1), limit=1)
    assert query.wait_for(lambda q: not q.running, 120), repr(query)
    assert query.rows[0][-1] == pytest.approx(60 * 0.7588, rel=0.01)
    session.close()


@with_pyflink
def test_the_table_api_sees_the_same_tables(stack: Settings) -> None:
    """A PyFlink environment on this cluster has the tables declared and runs a query."""
    script = (
        "from flightlib.engines import table_environment\n"
        "t = table_environment()\n"
        "print(sorted(t.list_tables()), sorted(t.list_views()))\n"
        'rows = t.execute_sql("SELECT COUNT(*) FROM (VALUES (1), (2), (3)) AS v(n)").collect()\n'
        "print([list(row) for row in rows][-1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, last = done.stdout.strip().splitlines()[-2:]
    assert first == "['flights', 'processed_flights', 'regional'] ['regional']"
    assert last == "[3]"
    assert table_environment.__doc__


def lesson_source(beginning: str) -> str:
    """Give the notebook's code cell that begins so."""
    import nbformat

    cells = nbformat.read(shared_folder("notebooks") / "02_flink_to_map.ipynb", as_version=4).cells
    return next(str(c.source) for c in cells if c.source.startswith(beginning))


def cached(source: str) -> str:
    """Let `inspect` find a source text by a file's name, as it does for a notebook's cells."""
    import linecache

    name = "<cell>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    return name


def kill(engines: Local, engine: str) -> None:
    """Kill an engine's process the hard way."""
    (row,) = engines.status([engine])
    assert row.pid
    os.kill(row.pid, signal.SIGKILL)
    until(lambda: engines.status([engine])[0].pid not in (None, row.pid))


def end_all_queries(settings: Settings) -> None:
    """Cancel what a killed gateway left running."""
    for job_id in running(settings):
        Cluster(settings).cancel(job_id)
    until(lambda: not running(settings))
