"""`%%trino` on the real engines: values, journeys in time, changes, refusals, live tables."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from known import pids, until

from flightlib import lake
from flightlib.engines import Local
from flightlib.errors import FlightlibError, LakeError, SqlError
from flightlib.magics import Lessons, Trino, cells
from flightlib.settings import Settings
from flightlib.widgets import LiveTable

pytestmark = pytest.mark.stack
Run = Callable[..., Any]

TABLE = "try_trino"
HOSTILE = "x'; DROP TABLE try_trino; -- {a} ? \"`/*\n*/ é 🛩"
AT = datetime(2026, 1, 2, 3, 4, 5, 678_901)
EAST = timezone(timedelta(hours=2))
MAKE = """
CREATE TABLE try_trino (id bigint, name varchar, at timestamp(6), day date, share decimal(9, 4),
    high boolean, mean double);
INSERT INTO try_trino VALUES
    ({big}, {hostile}, {at}, {day}, {share}, true, {mean}),
    (2, 'plain', NULL, NULL, NULL, NULL, NULL)
"""


# As large as their answer is small: a set of 100 million numbers, and as many rows in order.
LARGE = (
    """SELECT count(DISTINCT x * 10000 + y) FROM UNNEST(sequence(1, 10000)) t(x)
    CROSS JOIN UNNEST(sequence(1, 10000)) u(y)""",
    """SELECT max(place) FROM (
        SELECT row_number() OVER (PARTITION BY n % 7 ORDER BY n DESC) AS place
        FROM (SELECT x * 10000 + y AS n FROM UNNEST(sequence(1, 10000)) t(x)
              CROSS JOIN UNNEST(sequence(1, 3000)) u(y)))""",
)


@pytest.fixture(scope="module")
def shell(stack: Settings) -> Iterator[InteractiveShell]:
    """A real shell with the magics, and the lake's tables made."""
    lake.create_tables(stack)
    made = InteractiveShell()
    made.register_magics(Trino)
    made.register_magics(Lessons)
    yield made
    cells.end_queries()
    made.history_manager.end_session()


@pytest.fixture
def run(shell: InteractiveShell, stack: Settings) -> Iterator[Run]:
    """Run a cell with these variables; a table of known rows is there, and goes afterwards."""

    def cell(text: str, **values: Any) -> Any:
        shell.user_ns |= values
        result = shell.run_cell(text)
        result.raise_error()
        return result.result

    drop = "DROP TABLE IF EXISTS try_trino"
    lake.ask(stack, drop)
    row = {"big": 2**62, "hostile": HOSTILE, "at": AT, "day": date(2026, 1, 2)}
    cell("%%trino" + MAKE, **row, share=Decimal("1.5"), mean=1e-7)
    yield cell
    lake.ask(stack, drop)


def refused(run: Run, cell: str, kind: type[FlightlibError] = SqlError, **values: Any) -> str:
    """Run a cell that is to be refused, and give the one line."""
    with pytest.raises(kind) as error:
        run(cell, **values)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


def test_every_kind_of_value_comes_back_as_it_went(run: Run) -> None:
    """What was inserted as bound values is read as the same values, each of its own type."""
    frame = run("%trino SELECT * FROM try_trino ORDER BY id DESC")
    types = ["int64", "object", "datetime64[ns]", "object", "object", "boolean", "float64"]
    assert [str(kind) for kind in frame.dtypes] == types
    assert frame.loc[0].tolist()[:2] == [2**62, HOSTILE]
    assert frame["at"][0] == pd.Timestamp(AT)
    assert (frame["day"][0], frame["share"][0]) == (date(2026, 1, 2), Decimal("1.5000"))
    assert (frame["high"][0], frame["mean"][0]) == (True, 1e-7)
    assert frame["mean"].isna()[1]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("name = {x}", HOSTILE),
        ("name = '{x}'", HOSTILE),
        ("name IN {x}", [HOSTILE, "'"]),
        ("name IN {x}", {HOSTILE}),
        ("id = {x}", np.int64(2**62)),
        ("id > -{x}", -3),
        ("at = {x}", AT),
        ("at = {x}", pd.Timestamp(AT)),
        (
            "at_timezone(with_timezone(at, 'UTC'), 'Asia/Tokyo') = {x}",
            AT.replace(tzinfo=timezone.utc),
        ),
        ("with_timezone(at, 'UTC') = {x}", (AT + timedelta(hours=2)).replace(tzinfo=EAST)),
        ("day = {x}", date(2026, 1, 2)),
        ("day = DATE {x}", "2026-01-02"),
        ("at < TIMESTAMP '2026-01-01' + INTERVAL {x} DAY", 5),
        ("share = {x}", Decimal("1.50")),
        ("mean < {x}", 0.5),
        ("high = {x}", True),
        ("cast(id AS decimal(38)) < {x}", 10**30),
        ("day > {x}", date(33, 1, 2)),
        ("name <> {x} AND high", "plain"),
    ],
)
def test_a_value_finds_its_row(run: Run, where: str, value: Any) -> None:
    """Of whatever kind a value is, it compares as that kind; it is never part of the SQL."""
    frame = run(f"%%trino\nSELECT id FROM try_trino\nWHERE id > 2 AND {where}", x=value)
    assert frame["id"].tolist() == [2**62]


def test_hostile_text_stays_a_value_everywhere(run: Run) -> None:
    """In a list, in a text, in a literal and beside it the table survives, and says the text."""
    frame = run("%trino SELECT {x} AS a, 'b{x}' AS b, concat({x}, '!') AS c", x=HOSTILE)
    assert frame.loc[0].tolist() == [HOSTILE, "b" + HOSTILE, HOSTILE + "!"]
    assert "plain name" in refused(run, '%trino SELECT "{x}"', x=HOSTILE)
    assert run("%trino SHOW TABLES LIKE {x}", x=HOSTILE).empty
    assert len(run("%trino SELECT * FROM try_trino")) == 2


def test_journeys_in_time(run: Run, stack: Settings) -> None:
    """A snapshot and a moment are written as Trino takes them; a wrong one names those it has."""
    before = lake.watch(stack, TABLE).newest().current
    assert before is not None
    run("%trino INSERT INTO try_trino (id) VALUES ({n})", n=3)
    count = "%trino SELECT count(*) AS n FROM try_trino FOR "
    moment = datetime.fromtimestamp(before.committed_ms / 1000, timezone.utc).astimezone(EAST)
    assert run(count + "VERSION AS OF {x}", x=before.snapshot_id)["n"].tolist() == [2]
    assert run(count + "TIMESTAMP AS OF {x}", x=moment)["n"].tolist() == [2]
    assert run(count + "VERSION AS OF {x}", x="main")["n"].tolist() == [3]
    told = refused(run, count + "VERSION AS OF {x}", LakeError, x=1)
    assert "there is no snapshot 1. There are " in told
    assert f"{before.snapshot_id} of " in told or "lists them" in told
    early = refused(run, count + "TIMESTAMP AS OF {x}", LakeError, x=datetime(2020, 1, 1))
    assert "the table had no snapshot yet at 2020-01-01 00:00:00 UTC. There are " in early


def test_changes_say_what_they_did(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows written, changed and deleted are counted; a new column is there at once."""
    run(
        "%%trino\nALTER TABLE try_trino ADD COLUMN extra double;\n"
        "UPDATE try_trino SET extra = {x} WHERE id = 2;\nDELETE FROM try_trino WHERE id > 2;\n"
        "CREATE TABLE try_trino_2 AS SELECT * FROM try_trino WHERE extra = {x};\n"
        "DROP TABLE try_trino_2",
        x=0.25,
    )
    out = capsys.readouterr().out
    for words in (
        "Add column: done.",
        "Update: 1 row changed.",
        "Delete: 1 row deleted.",
        "Create table: 1 row written.",
        "Drop table: done.",
    ):
        assert words in out
    assert run("%trino SELECT extra FROM try_trino")["extra"].tolist() == [0.25]


def test_a_session_is_kept(run: Run) -> None:
    """What SET SESSION says holds for the next statement."""
    run(
        "%%trino\nSET SESSION lake.expire_snapshots_min_retention = '0s';\n"
        "ALTER TABLE try_trino EXECUTE expire_snapshots(retention_threshold => {x});\n"
        "RESET SESSION lake.expire_snapshots_min_retention",
        x="0s",
    )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (
            "\nSELECT nam FROM {t} WHERE id > {x}",
            "at line 3, column 8: column 'nam' not found. Did",
        ),
        ("SELECT 1,\n nam FROM {t} WHERE id > {x}", "at line 3, column 2: column 'nam' not found."),
        ("SELECT 1\n FRM {t} WHERE id = {x}", "at line 3"),
        ("SELECT * FROM try_trin", "table 'try_trin' not found. Did you mean 'try_trino'?"),
        ("SELECT flor(1.5)", "function 'flor' not found. Did you mean 'floor'?"),
        ("SELECT * FROM lak.sky.a", "catalog 'lak' not found. Did you mean 'lake'?"),
        ("SELECT * FROM lake.ski.a", "schema 'ski' not found. Did you mean 'sky'?"),
        ("SELECT `id` FROM {t}", 'Trino quotes a name with ", not with `.'),
        ('SELECT * FROM {t} WHERE name = "A B"', "A text is written 'A B'"),
        ("SELECT", "the statement ends too soon"),
        ("SELECT 1 / 0", "Division by zero."),
        ("SELECT 1 + 'a'", "Cannot apply operator: integer + varchar(1)."),
        ("SELECT abs('a')", "Unexpected parameters (varchar(1)) for function abs."),
    ],
)
def test_a_refusal_is_one_line_with_place_and_nearest_name(run: Run, sql: str, words: str) -> None:
    """What Trino refuses is told as the cell's author can mend it."""
    kind = LakeError if "table '" in words else SqlError
    told = refused(run, "%%trino\n" + sql.replace("{t}", TABLE), kind, x=1)
    assert words in told
    assert len(told) < 400


def test_a_live_table_follows_the_lake(run: Run, stack: Settings) -> None:
    """A commit brings a new result in place of the old one, and the line says of which snapshot."""
    table = run("%trino --live 1s --as t SELECT count(*) AS n FROM try_trino WHERE id > {x}", x=0)
    assert isinstance(table, LiveTable)
    assert table.query.rows == [(2,)]
    lake.ask(stack, "INSERT INTO try_trino (id) VALUES (3)")
    until(lambda: table.query.rows == [(3,)], 60, "the new result")
    newest = lake.watch(stack, TABLE).newest().current
    assert newest is not None
    assert f"as of snapshot ...{str(newest.snapshot_id)[-4:]}" in table.query.message
    cells.end_queries()
    assert table.query.state == "stopped"
    table.close()


def test_an_interrupt_cancels_the_query_on_trino(run: Run, stack: Settings) -> None:
    """After an interrupt Trino works no more on what was asked."""
    sql = "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y)"
    slow = f"{sql} WHERE (x * y) % 7 = 1 AND 'mark' <> ''"
    find = (
        "SELECT state, error_code FROM system.runtime.queries WHERE query LIKE '%''mark''%' "
        "AND query NOT LIKE '%runtime%' ORDER BY created DESC LIMIT 1"
    )

    def interrupt() -> None:
        until(lambda: list(lake.ask(stack, find).rows) == [("RUNNING", None)], 60, "it runs")
        _thread.interrupt_main()

    thread = threading.Thread(target=interrupt)
    thread.start()
    assert "interrupted" in refused(run, f"%trino {slow}")
    thread.join()
    until(lambda: list(lake.ask(stack, find).rows) == [("FAILED", "USER_CANCELED")], 60, "its end")


def test_large_queries_are_refused_and_trino_lives(stack: Settings, own_engines: Local) -> None:
    """Four that want more memory than there is are each told so; a small one is answered then."""

    def refusal(sql: str) -> str:
        with pytest.raises(FlightlibError) as caught:
            lake.ask(stack, sql)
        return str(caught.value)

    before = pids(own_engines)["trino"]
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(refusal, LARGE * 2))
    assert all("memory" in words for words in said), said
    assert list(lake.ask(stack, "SELECT 1").rows) == [(1,)]
    assert pids(own_engines)["trino"] == before
