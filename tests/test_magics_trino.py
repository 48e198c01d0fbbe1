"""`%%trino`: what it sends, what it gives back, and what it refuses in one line."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from scripted_trino import SLOW, STARTING, ScriptedLake, done, refusal, rows, serving_lake

from flightlib.errors import EngineDown, FlightlibError, LakeError, SqlError
from flightlib.lake import live
from flightlib.magics import Lessons, Trino, cells, show, trino
from flightlib.magics.options import TrinoOptions, parse_trino
from flightlib.widgets import LiveTable

Run = Callable[[str], Any]


@pytest.fixture
def lake(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedLake]:
    """A scripted lake where the settings point."""
    with serving_lake() as scripted:
        for name in ("TRINO", "CATALOG"):
            monkeypatch.setenv(f"FLIGHTLIB_{name}_PORT", str(scripted.port))
        monkeypatch.setattr(live, "LOOK_S", 0.02)
        yield scripted
        cells.end_queries()


@pytest.fixture
def shell(lake: ScriptedLake) -> Iterator[InteractiveShell]:
    """A real shell with the magics."""
    made = InteractiveShell()
    made.register_magics(Trino)
    made.register_magics(Lessons)
    yield made
    made.history_manager.end_session()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the cells show beside their results, as plain text."""
    texts: list[str] = []
    monkeypatch.setattr(show, "display", lambda bundle, **_: texts.append(bundle["text/plain"]))
    return texts


@pytest.fixture
def run(shell: InteractiveShell, shown: list[str]) -> Run:
    """Run a cell and give its result; it raises what the cell raises."""

    def cell(text: str) -> Any:
        result = shell.run_cell(text)
        result.raise_error()
        return result.result

    return cell


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", TrinoOptions()),
        ("--limit 5 SELECT 1", TrinoOptions(limit=5, sql="SELECT 1")),
        ("--into df --as t", TrinoOptions(into="df", name="t")),
        ("--live 3s --for 20s", TrinoOptions(live_s=3, for_s=20)),
        ("--live", TrinoOptions(live_s=5)),
        ("--live SELECT 1", TrinoOptions(live_s=5, sql="SELECT 1")),
        ("--live --for 1m SELECT 1", TrinoOptions(live_s=5, for_s=60, sql="SELECT 1")),
        ("--live=2s", TrinoOptions(live_s=2)),
        ("--live {every} SELECT {every}", TrinoOptions(live_s=7, sql="SELECT {every}")),
        ("-- a comment", TrinoOptions(sql="-- a comment")),
    ],
)
def test_a_line_is_options_then_sql(line: str, options: TrinoOptions) -> None:
    """Options are read from the front, and the SQL after them stays as it is written."""
    assert parse_trino(line, {"every": 7}) == options


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--job a", "unrecognized arguments: --job. Allowed: --limit 100"),
        ("--bounded", "unrecognized arguments: --bounded. Allowed: --limit 100"),
        ("--live 0.1s", "a live query cannot rest '0.1s'; allowed: 1s or more"),
        ("--limit no", "a number of rows cannot be 'no'"),
    ],
)
def test_a_wrong_option_is_one_line(line: str, words: str) -> None:
    """What is not allowed is named with what is, and the magic by its own name."""
    with pytest.raises(SqlError) as error:
        parse_trino(line)
    assert str(error.value).startswith("%%trino does not understand its options")
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_query_gives_a_frame_with_its_types(run: Run, lake: ScriptedLake) -> None:
    """Each column has the type that says what Trino's does; gaps make no fractions."""
    lake.answer(
        "SELECT",
        rows(
            [2**62, 1, 1.5, True, "2026-01-02", "1.50", "2026-01-02 03:04:05.678901"],
            [None, 2, None, None, None, None, None],
            a="bigint",
            b="integer",
            c="double",
            d="boolean",
            e="date",
            f="decimal(5, 2)",
            g="timestamp(6)",
        ),
    )
    frame = run("%trino SELECT 1")
    kinds = ["Int64", "int64", "float64", "boolean", "object", "object", "datetime64[ns]"]
    assert [str(kind) for kind in frame.dtypes] == kinds
    assert frame["a"][0] == 2**62
    assert str(frame["f"][0]) == "1.50"
    assert frame["g"][0] == pd.Timestamp("2026-01-02 03:04:05.678901")
    assert frame["e"][0].isoformat() == "2026-01-02"


def test_a_frame_takes_any_times_and_names(run: Run, lake: ScriptedLake) -> None:
    """Two columns of one name, a time beyond pandas' range and no row at all are no trouble."""
    lake.answer("SELECT 1", {**rows(["9999-01-01 00:00:00"], a="timestamp(0)")})
    lake.answer("SELECT 2", rows(a="bigint", b="boolean", c="timestamp(3)", d="varchar"))
    twice = rows([1, 2], a="bigint")
    twice["columns"] = twice["columns"] * 2
    lake.answer("SELECT 3", twice)
    assert run("%trino SELECT 1")["a"][0].year == 9999
    assert run("%trino SELECT 2").shape == (0, 4)
    assert run("%trino SELECT 3").to_numpy().tolist() == [[1, 2]]


def test_values_go_beside_the_sql(shell: InteractiveShell, run: Run, lake: ScriptedLake) -> None:
    """A hostile value is a parameter for Trino, a text in what is shown, and nothing else."""
    shell.user_ns["x"] = "a'; DROP TABLE flight_data; --"
    run("%%trino\nSELECT *\nFROM flight_data WHERE status = {x}")
    assert [" ".join(said.split()) for said in lake.said] == [
        "EXECUTE IMMEDIATE 'SELECT * FROM flight_data WHERE status = ? ' "
        "USING 'a''; DROP TABLE flight_data; --'"
    ]


def test_a_value_in_the_magics_own_line_is_a_value(
    shell: InteractiveShell, run: Run, lake: ScriptedLake
) -> None:
    """IPython's own filling of a line, which would write a value as SQL, does not happen."""
    shell.user_ns |= {"x": "y' OR 'a' = 'a", "n": 1}
    run("%trino SELECT {x}, $n FROM t")
    assert "SELECT ?  , $n FROM t' USING 'y'' OR ''a'' = ''a'" in lake.said[0]


def test_the_statement_is_shown_with_its_values(
    shell: InteractiveShell, run: Run, shown: list[str]
) -> None:
    """Before the result stands the statement as one would write it by hand."""
    shell.user_ns["floor"] = 35_000
    run("%%trino\nSELECT 1 FROM flight_data WHERE altitude > {floor}")
    assert shown == ["SELECT 1 FROM flight_data WHERE altitude > 35000"]


def test_several_statements_run_in_order(run: Run, lake: ScriptedLake, shown: list[str]) -> None:
    """Statements run one after the other, each says what it did, the last gives the result."""
    lake.answer("CREATE", done("CREATE TABLE"))
    lake.answer("INSERT", done("INSERT", 1))
    lake.answer("DELETE", done("DELETE", 1_200))
    frame = run(
        "%%trino\nCREATE TABLE a (x int); INSERT INTO a VALUES (1); -- ; one\nDELETE FROM a;"
        "\nSELECT ';' AS n"
    )
    assert frame["n"].tolist() == [1]
    assert len(lake.said) == 4
    lines = [text for text in shown if text.endswith(".")]
    assert lines == ["Create table: done.", "Insert: 1 row written.", "Delete: 1,200 rows deleted."]


def test_nothing_runs_when_a_later_statement_is_wrong(run: Run, lake: ScriptedLake) -> None:
    """A wrong word or an unknown variable anywhere in a cell is found before Trino is asked."""
    for wrong in ("SELEKT 1", "SELECT {nobody}", "USE sky", "EXECUTE IMMEDIATE 'x'"):
        with pytest.raises(SqlError):
            run(f"%%trino\nDELETE FROM flight_data;\n{wrong}")
    assert lake.said == []


def test_a_limit_ends_a_query(
    run: Run, lake: ScriptedLake, shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a larger result the first rows are kept, and one line says that there are more."""
    lake.answer("SELECT", rows([1], [2], [3]))
    assert run("%trino --limit 2 SELECT 1")["n"].tolist() == [1, 2]
    assert shown[-1] == "These are the first 2 rows; there are more."
    assert run("%trino --limit 3 SELECT 1")["n"].tolist() == [1, 2, 3]
    assert shown[-1] == "SELECT 1"
    monkeypatch.setattr(trino, "MOST", 2)
    assert len(run("%trino SELECT 1")) == 2
    assert shown[-1].startswith("These are the first 2 rows; there are more. `--limit 20`")


def test_names_keep_a_frame(shell: InteractiveShell, run: Run) -> None:
    """`--into` and `--as` keep the frame under a name, and it is shown all the same."""
    frame = run("%trino --into a --as b SELECT 1")
    assert shell.user_ns["a"] is frame
    assert shell.user_ns["b"] is frame


def test_a_plan_is_shown_as_text(run: Run, lake: ScriptedLake, shown: list[str]) -> None:
    """An answer that is one text of several lines is readable as it is."""
    lake.answer("EXPLAIN", rows(["Fragment 0\n  Output"], plan="varchar"))
    assert run("%trino EXPLAIN SELECT 1") is None
    assert shown[-1] == "Fragment 0\n  Output"


def test_what_a_session_is_set_to_lasts(run: Run, lake: ScriptedLake) -> None:
    """SET SESSION holds for the statements after it, until RESET SESSION."""
    lake.answer("SESSION", done("SET SESSION"))
    run("%%trino\n-- why\nSET SESSION lake.a_min = 'it''s'; SELECT 1;\nRESET SESSION lake.a_min;")
    run("%trino SELECT 1")
    assert [bool(one) for one in lake.sessions] == [False, True, True, False]
    assert lake.sessions[1].startswith("lake.a_min=")


def test_a_trino_that_starts_is_waited_for(run: Run, lake: ScriptedLake, shown: list[str]) -> None:
    """While Trino starts the cell waits, and says so once."""
    lake.answer("SELECT", STARTING, STARTING, rows([5]))
    assert run("%trino SELECT 1")["n"].tolist() == [5]
    assert shown == ["SELECT 1", "Trino is starting; waiting up to 60 s."]


def test_a_trino_that_is_down_is_named(run: Run, lake: ScriptedLake) -> None:
    """Without Trino one line says what to type."""
    lake.trino_down = True
    with pytest.raises(EngineDown, match="Start the engines with `flightlib up trino`"):
        run("%trino SELECT 1")


@pytest.mark.parametrize(
    ("name", "text", "kind", "words"),
    [
        (
            "COLUMN_NOT_FOUND",
            "line 2:8: Column 'altitud' cannot be resolved",
            SqlError,
            "at line 4, column 8: column 'altitud' not found. Did you mean 'altitude'?",
        ),
        (
            "COLUMN_NOT_FOUND",
            "line 1:8: Column 'f.statu' cannot be resolved",
            SqlError,
            "at line 3, column 8: column 'f.statu' not found. Did you mean 'status'?",
        ),
        (
            "COLUMN_NOT_FOUND",
            "line 1:8: Column 'on time' cannot be resolved",
            SqlError,
            "A text is written 'ON TIME'; \"...\" quotes a name.",
        ),
        (
            "TABLE_NOT_FOUND",
            "line 1:15: Table 'lake.sky.flight_dat' does not exist",
            LakeError,
            "at line 3, column 15: table 'flight_dat' not found. Did you mean 'flight_data'?",
        ),
        (
            "TABLE_NOT_FOUND",
            "line 1:15: Table 'lake.sky.flight_data$snapshot' does not exist",
            LakeError,
            "Did you mean 'flight_data$snapshots'?",
        ),
        (
            "TABLE_NOT_FOUND",
            "line 1:1: Table 'lake.sky.region_stats' does not exist",
            LakeError,
            "Run `fl.lake.create_tables()`",
        ),
        (
            "CATALOG_NOT_FOUND",
            "line 1:15: Catalog 'lak' not found",
            SqlError,
            "catalog 'lak' not found. Did you mean 'lake'?",
        ),
        (
            "SCHEMA_NOT_FOUND",
            "line 1:15: Schema 'nowhere' does not exist",
            SqlError,
            "schema 'nowhere' not found. There are: information_schema, sky.",
        ),
        (
            "FUNCTION_NOT_FOUND",
            "line 1:8: Function 'flor' not registered",
            SqlError,
            "function 'flor' not found. Did you mean 'floor'?",
        ),
        (
            "SYNTAX_ERROR",
            "line 1:10: mismatched input 'flight_data'. Expecting: ',', 'EXCEPT', 'FETCH', 'FROM',"
            " 'GROUP', 'HAVING', 'LIMIT', <EOF>",
            SqlError,
            "at line 3, column 10: 'flight_data' is not expected here.",
        ),
        (
            "SYNTAX_ERROR",
            "line 1:8: mismatched input 'from'. Expecting: '*', 'ALL', <expression>",
            SqlError,
            "'from' is not expected here; expected: '*', 'ALL', <expression>.",
        ),
        (
            "SYNTAX_ERROR",
            "line 1:8: mismatched input '<EOF>'. Expecting: '*', 'ALL', <expression>",
            SqlError,
            "the statement ends too soon; expected: '*'",
        ),
        (
            "SYNTAX_ERROR",
            "line 1:8: backquoted identifiers are not supported; use double quotes",
            SqlError,
            'Trino quotes a name with ", not with `.',
        ),
        (
            "FUNCTION_NOT_FOUND",
            "line 1:8: Unexpected parameters (varchar(1)) for function abs. Expected: abs(bigint), "
            "abs(decimal(p,s)), abs(double), abs(integer), abs(real)",
            SqlError,
            "Expected: abs(bigint), abs(decimal(p,s)), abs(double), and more.",
        ),
        ("DIVISION_BY_ZERO", "Division by zero", SqlError, "Trino refuses this: Division by zero."),
        (
            "INVALID_ARGUMENTS",
            'No version history table sky."flight_data" at or before 2020-01-01T00:00:00Z',
            LakeError,
            "the table had no snapshot yet at 2020-01-01 00:00:00 UTC. There are 3: 7000001 of ",
        ),
        (
            "INVALID_ARGUMENTS",
            "Cannot find snapshot with reference name: nobody",
            LakeError,
            "there is no snapshot 'nobody'. There are 3: 7000001 of ",
        ),
        (
            "ICEBERG_CANNOT_OPEN_SPLIT",
            "Error opening Iceberg split file:/lake/a.parquet (offset=0)",
            LakeError,
            "A file of the table is missing or damaged",
        ),
        ("GENERIC_INTERNAL_ERROR", "long " * 200, SqlError, "long long..."),
    ],
)
def test_what_trino_refuses_is_one_line(
    run: Run, lake: ScriptedLake, name: str, text: str, kind: type[FlightlibError], words: str
) -> None:
    """Place and cause stand in one line, counted from the magic's, with the name that was meant."""
    lake.answer("SHOW CATALOGS", rows(["lake"], ["system"], n="varchar"))
    lake.answer("SHOW SCHEMAS", rows(["information_schema"], ["sky"], n="varchar"))
    lake.answer("SHOW FUNCTIONS", rows(["floor"], ["abs"], n="varchar"))
    lake.answer("flight_data f", refusal(name, text))
    with pytest.raises(kind) as error:
        run('%%trino\n\nSELECT * FROM flight_data f, "ON TIME"\nWHERE a = b AND `x` = 1')
    told = str(error.value)
    assert words in told
    assert len(told.splitlines()) == 1
    assert len(told) < 400


@pytest.mark.parametrize(
    ("kind", "text", "place"),
    [
        ("COLUMN_NOT_FOUND", "line 1:27: Column 'x' cannot be resolved", "line 2, column 8"),
        ("COLUMN_NOT_FOUND", "line 2:2: Column 'x' cannot be resolved", "line 3, column 2"),
        ("SYNTAX_ERROR", "line 2:21: mismatched input 'x'. Expecting: 'y'", "line 3, column 2"),
    ],
)
def test_a_place_is_that_of_the_cell_though_values_are_bound(
    shell: InteractiveShell, run: Run, lake: ScriptedLake, kind: str, text: str, place: str
) -> None:
    """The client's own words before a statement with values are taken off, as Trino counts them."""
    shell.user_ns["n"] = 1
    lake.answer("EXECUTE", refusal(kind, text))
    with pytest.raises(SqlError, match=f"at {place}:"):
        run("%%trino\nSELECT x,\n x FROM flight_data WHERE altitude > {n}")


def test_a_live_query_is_a_live_table(
    shell: InteractiveShell, run: Run, lake: ScriptedLake
) -> None:
    """`--live` shows a table that follows the lake, kept under a name, and a re-run replaces it."""
    lake.answer("SELECT", rows([5]), rows([6]))
    table = run("%trino --live 1s --as t SELECT count(*) AS n FROM flight_data")
    assert isinstance(table, LiveTable)
    assert shell.user_ns["t"] is table
    assert table.query.rows == [(5,)]
    lake.commit()
    assert table.query.wait_for(lambda q: q.rows == [(6,)], 30)
    again = run("%trino --live 1s --as t SELECT count(*) AS n FROM flight_data")
    assert table.query.state == "stopped"
    assert again.query.running
    cells.end_queries()
    assert again.query.state == "stopped"
    for one in (table, again):
        one.close()


def test_a_live_query_may_be_waited_for(
    shell: InteractiveShell, run: Run, lake: ScriptedLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--into` with `--for` keeps the last result when the time is over."""
    tables: list[LiveTable] = []
    monkeypatch.setattr(cells, "display", tables.append)
    lake.answer("SELECT", rows([5]))
    assert run("%trino --live --for 100ms --into df SELECT 1 AS n FROM flight_data") is None
    assert shell.user_ns["df"]["n"].tolist() == [5]
    assert tables[0].query.state == "finished"
    tables[0].close()


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%trino", "There is no SQL in this cell."),
        ("%%trino\n-- nothing\n", "There is no SQL in this cell."),
        ("%trino SELEC 1", "Did you mean 'SELECT'?"),
        ("%trino USE sky", "USE does not last here."),
        ("%trino --for 20s SELECT 1", "--for ends a live query."),
        ("%trino --live --into df SELECT 1", "give it one by --for 20s."),
        ("%trino --live SHOW TABLES", "--live takes a query as the cell's last statement"),
        ("%%trino --live\nSELECT 1;\nDELETE FROM t", "--live takes a query"),
        ("%trino SELECT {nobody}", "{nobody} is no variable of this notebook"),
    ],
)
def test_what_needs_no_engine_is_refused_at_once(
    run: Run, lake: ScriptedLake, cell: str, words: str
) -> None:
    """A slip in a cell is told in one line, and Trino is not asked."""
    with pytest.raises(SqlError) as error:
        run(cell)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert lake.said == []


def test_an_interrupt_cancels_the_query(run: Run, lake: ScriptedLake) -> None:
    """Interrupting the kernel ends the query on Trino too, and shows one line."""
    lake.answer("SELECT", SLOW)

    def interrupt() -> None:
        assert lake.waiting.wait(30)
        _thread.interrupt_main()

    threading.Thread(target=interrupt).start()
    with pytest.raises(SqlError, match="was interrupted, and cancelled on Trino"):
        run("%trino SELECT 1")
    assert lake.cancelled.is_set()


def test_a_lesson_may_show_an_error(run: Run, lake: ScriptedLake, shown: list[str]) -> None:
    """`%%fails` takes every error of `%trino` for one of flightlib's."""
    lake.answer("SELECT", refusal("DIVISION_BY_ZERO", "Division by zero"))
    run("%%fails\n%trino SELECT 1/0")
    assert shown[0] == "SELECT 1/0"
