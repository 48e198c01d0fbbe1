"""The line of `%%flink`, and what the magic refuses before any engine is asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell

from flightlib.errors import FlightlibError, JobError, SqlError
from flightlib.magics import sql
from flightlib.magics.options import Options, parse, seconds


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """A real shell with the magics; no engine is where its settings point."""
    monkeypatch.setenv("FLIGHTLIB_DATA", str(tmp_path / "data"))
    for name in ("KAFKA", "FLINK", "GATEWAY"):
        monkeypatch.setenv(f"FLIGHTLIB_{name}_PORT", "1")
    made = InteractiveShell()
    made.register_magics(sql.Flink)
    yield made
    made.history_manager.end_session()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The statements that the magic would run, in order."""
    statements: list[Any] = []

    def keep(_self: Any, statement: Any, _options: Options) -> None:
        statements.append(statement)

    monkeypatch.setattr(sql.Flink, "_run", keep)
    return statements


def error_of(shell: InteractiveShell, cell: str) -> FlightlibError:
    """Run a cell that is to fail with one of flightlib's errors, of one line."""
    error = shell.run_cell(cell).error_in_exec
    assert isinstance(error, FlightlibError), error
    assert len(str(error).splitlines()) == 1
    return error


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("", Options()),
        ("--job high-altitude", Options(job="high-altitude")),
        ("--job a --stop", Options(job="a", stop=True)),
        ("--job  a   --skip", Options(job="a", skip=True)),
        ("--since 3m --limit 100 --into df", Options(since_s=180, limit=100, into="df")),
        ("--for=1.5s --as t", Options(for_s=1.5, name="t")),
        ("--bounded\tSELECT 1", Options(bounded=True, sql="SELECT 1")),
        ("--limit 5 SELECT 'a  b' --x", Options(limit=5, sql="SELECT 'a  b' --x")),
        ("SELECT '--job a'", Options(sql="SELECT '--job a'")),
        ("-- only a comment", Options(sql="-- only a comment")),
        ("--since '3 m' --for \"1 h\"", Options(since_s=180, for_s=3600)),
        ("--needs pyflink --function f", Options(needs="pyflink", function="f")),
        ("--limit 5 SELECT {x}", Options(limit=5, sql="SELECT {x}")),
    ],
)
def test_a_line_is_options_then_sql(line: str, options: Options) -> None:
    """Options are read from the front, and the SQL after them stays as it is written."""
    assert parse(line) == options


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--bound", "unrecognized arguments: --bound"),
        ("--jobs a", "unrecognized arguments: --jobs"),
        ("--job", "--job: expected one argument"),
        ("--limit 0", "a number of rows cannot be '0'; allowed: 1 or more"),
        ("--limit 1.5", "a number of rows cannot be '1.5'"),
        ("--since soon", "a duration cannot be 'soon'; allowed: 20s, 3m, 1h"),
        ("--for 0s", "a duration cannot be '0s'"),
        ("--into 1a", "a variable cannot be named '1a'"),
        ("--as class", "a variable cannot be named 'class'"),
        ("--into 'a b", 'a variable cannot be named "\'a"'),
        ("--bounded=1", "--bounded: ignored explicit argument '1'"),
        ("--needs spark", "--needs cannot be 'spark'; allowed: pyflink."),
        ("--limit {n}", "{n} is no variable of this notebook"),
    ],
)
def test_a_wrong_option_is_one_line(line: str, words: str) -> None:
    """What is not allowed is named, with what is."""
    with pytest.raises(SqlError) as error:
        parse(line)
    assert words in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert "llowed" in str(error.value) or "Define" in str(error.value)


@given(st.text(max_size=30), st.sampled_from(["", "--job ", "--into", "--limit 5 ", "--for "]))
def test_no_line_fails_otherwise(text: str, option: str) -> None:
    """Any line at all is options, or an SqlError of one line."""
    try:
        parse(option + text)
    except SqlError as error:
        told = str(error)
    else:
        told = ""
    assert len(told.splitlines()) <= 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20s", 20),
        ("3m", 180),
        ("3min", 180),
        ("1h", 3600),
        ("500ms", 0.5),
        ("7", 7),
        (" 2 H ", 7200),
    ],
)
def test_durations(text: str, expected: float) -> None:
    """A duration has a unit, or is in seconds."""
    assert seconds(text) == expected


def test_options_are_filled_from_variables() -> None:
    """An option's value may come from the parameters cell; it stays one value."""
    values = {"name": "a-job", "n": 7, "odd": "a --stop"}
    assert parse("--job {name} --limit {n} SELECT {n}", values) == Options(
        job="a-job", limit=7, sql="SELECT {n}"
    )
    assert parse("--job {odd}", values) == Options(job="a --stop")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%flink --bound\nSELECT 1", "unrecognized arguments: --bound. Allowed: --job NAME"),
        ("%%flink\n\n-- nothing\n", "There is no SQL in this cell."),
        ("%flink", "There is no SQL in this cell."),
        ("%flink --stop", "There is no SQL in this cell."),
        (
            "%%flink\nINSERT INTO a SELECT 1",
            "needs a name to be found by. Write `%%flink --job NAME`",
        ),
        ("%%flink\nEXECUTE STATEMENT SET BEGIN INSERT INTO a SELECT 1; END", "needs a name"),
        ("%%flink --job a\nSELECT 1", "--job takes an INSERT"),
        ("%%flink --job a\nSHOW TABLES", "--job takes an INSERT"),
        ("%%flink --job a --stop\nINSERT INTO a SELECT 1", "--stop and --skip take no SQL"),
        (
            "%%flink --job a\nINSERT INTO a SELECT 1;\nINSERT INTO a SELECT 2",
            "EXECUTE STATEMENT SET",
        ),
        (
            "%%flink --job a\nBEGIN STATEMENT SET;\nINSERT INTO a SELECT 1;\nEND",
            "EXECUTE STATEMENT SET",
        ),
        ("%%flink\nSELEKT 1", "Did you mean 'SELECT'?"),
        ("%%flink\n'SELECT 1'", "A statement's first word cannot be \"'SELECT 1'\""),
        ("%%flink\nSELECT {nobody}", "{nobody} is no variable of this notebook"),
        ("%flink SELECT {nobody}", "{nobody} is no variable of this notebook"),
        ("%%flink\nSELECT {print}", "{print} is no variable of this notebook"),
        ("%flink --function nobody", "nobody is no function of this notebook"),
    ],
)
def test_what_needs_no_engine_is_refused_at_once(
    shell: InteractiveShell, cell: str, words: str
) -> None:
    """A slip in a cell is told in one line though no engine runs."""
    error = error_of(shell, cell)
    assert isinstance(error, SqlError)
    assert words in str(error)


def test_a_job_nobody_started_is_named(shell: InteractiveShell) -> None:
    """`%flink --job NAME` of an unknown job lists those there are, and a path is no name."""
    error = error_of(shell, "%flink --job nobody --stop")
    assert isinstance(error, JobError)
    assert str(error) == "There is no job 'nobody'; there are: none."
    assert "small letters" in str(error_of(shell, "%flink --job ../x"))


def test_a_value_in_the_magics_own_line_is_a_literal(
    shell: InteractiveShell, sent: list[Any]
) -> None:
    """IPython's own filling of a line, which would write a value as SQL, does not happen."""
    shell.user_ns |= {"status": "x' OR 'a' = 'a", "n": 1}
    for cell in ("%flink SELECT {status}, $n", "%%flink SELECT {status},\n{{n}}, {n + 1}"):
        shell.run_cell(cell).raise_error()
    assert [statement.text for statement in sent] == [
        "SELECT 'x'' OR ''a'' = ''a', $n",
        "SELECT 'x'' OR ''a'' = ''a',\n{n}, {n + 1}",
    ]


def test_positions_count_from_the_magics_line(shell: InteractiveShell, sent: list[Any]) -> None:
    """The line told of a statement is the editor's: the magic's own line is the first."""
    shell.run_cell("%%flink --bounded\nSELECT 1;\n\nSELECT 2").raise_error()
    assert [statement.line for statement in sent] == [2, 4]
