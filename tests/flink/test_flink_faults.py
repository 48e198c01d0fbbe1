"""What Flink's stack traces mean, in one line."""

from __future__ import annotations

import pytest

from flightlib.flink.faults import causes, in_words

ROOT = "org.apache.flink.table.gateway.service.utils.SqlGatewayException: "
VALIDATION = "org.apache.flink.table.api.ValidationException: "
PARSER = "org.apache.flink.table.api.SqlParserException: "
CALCITE = "org.apache.calcite.sql.validate.SqlValidatorException: "
KNOWN = {
    "table": ["flights", "processed_flights", "regional"],
    "column": ["altitude", "latitude"],
    "function": ["floor", "CONCAT"],
}


def answer(*told: str) -> list[str]:
    """Give the gateway's error texts for a chain of causes, the innermost last."""
    trace = f"{ROOT}{ROOT}Failed to fetchResults.\n\tat org.apache.flink.A.b(A.java:85)\n"
    for cause in told:
        trace += f"Caused by: {cause}\n\tat org.apache.calcite.C.d(C.java:1)\n\t... 12 more\n"
    server = f"<Exception on server side:\n{trace}\nEnd of exception on server side>"
    return ["Internal server error.", server]


def missing(what: str, place: str = "line 1, column 15 to line 1, column 21") -> list[str]:
    """Give the texts for a name that the validator does not find."""
    return answer(
        f"{VALIDATION}SQL validation failed. From {place}: {what}",
        f"org.apache.calcite.runtime.CalciteContextException: From {place}: {what}",
        f"{CALCITE}{what}",
    )


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("Object 'flightz' not found", "table 'flightz' not found. Did you mean 'flights'?"),
        (
            "Column 'altitud' not found in any table; did you mean 'altitude'?",
            "column 'altitud' not found. Did you mean 'altitude'?",
        ),
        (
            "Column 'LATITUDE_' not found in table 'f'",
            "column 'LATITUDE_' not found. Did you mean 'latitude'?",
        ),
        (
            "No match found for function signature FLOR(<NUMERIC>)",
            "function 'FLOR' not found. Did you mean 'floor'?",
        ),
        (
            "Object 'x' not found",
            "table 'x' not found. There are: flights, processed_flights, regional.",
        ),
    ],
)
def test_a_missing_name_comes_with_the_nearest(what: str, line: str) -> None:
    """A name that is not there is named with its kind, and with what there is."""
    told = in_words(missing(what), names=KNOWN.__getitem__)
    assert told == f"Flink refuses this at line 1, column 15: {line}"


def test_a_missing_name_without_names_to_compare_is_still_one_line() -> None:
    """Where the catalog cannot be asked, the name alone is told."""
    told = in_words(missing("Object 'flightz' not found"))
    assert told == "Flink refuses this at line 1, column 15: table 'flightz' not found."


@pytest.mark.parametrize(("first_line", "line"), [(1, 2), (4, 5), (17, 18)])
def test_a_position_counts_in_the_cell(first_line: int, line: int) -> None:
    """The line is that of the cell: the statement's own first line is added."""
    place = "line 2, column 8 to line 2, column 15"
    told = in_words(missing("Object 'flightz' not found", place), first_line)
    assert told.startswith(f"Flink refuses this at line {line}, column 8: ")


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (
            'SQL parse failed. Encountered "flights" at line 1, column 15.\n'
            'Was expecting one of:\n    <EOF> \n    "AS" ...\n    ',
            "at line 3, column 15: flights is not expected.",
        ),
        (
            "SQL parse failed. Incorrect syntax near the keyword 'FROM' at line 1, column 8.\n"
            "Was expecting one of:\n",
            "at line 3, column 8: FROM is not expected.",
        ),
        (
            "SQL parse failed. Lexical error at line 2, column 9.  "
            'Encountered: "#" (35), after : ""',
            'at line 4, column 9: Lexical error. Encountered: "#" (35), after : "".',
        ),
    ],
)
def test_a_parse_error_says_what_is_not_expected(told: str, line: str) -> None:
    """A parse error leaves out the long list of what would have been allowed."""
    assert in_words(answer(PARSER + told), 3) == f"Flink refuses this {line}"


@pytest.mark.parametrize(
    ("told", "line"),
    [
        (
            f"{VALIDATION}Table with identifier 'default_catalog.default_database.flightz' "
            f"does not exist.",
            "table 'flightz' not found. Did you mean 'flights'?",
        ),
        (
            f"{VALIDATION}Cannot find table '`default_catalog`.`default_database`.`flightz`' in",
            "table 'flightz' not found. Did you mean 'flights'?",
        ),
        (
            "org.apache.flink.table.catalog.exceptions.TableAlreadyExistException: "
            "Table (or view) default_database.v already exists in Catalog default_catalog.",
            "table 'v' exists already.",
        ),
        ("java.lang.NullPointerException", "NullPointerException."),
    ],
)
def test_what_has_no_position_names_none(told: str, line: str) -> None:
    """A refusal without a place in the SQL says only what is wrong."""
    assert in_words(answer(told), names=KNOWN.__getitem__) == f"Flink refuses this: {line}"


@pytest.mark.parametrize(
    ("errors", "line"),
    [
        (["Internal server error."], "Internal server error."),
        ([], "no reason."),
        (["something\nunheard of."], "something unheard of."),
    ],
)
def test_an_answer_without_a_trace_is_told_as_it_is(errors: list[str], line: str) -> None:
    """Whatever the gateway says comes out as one line that ends."""
    assert in_words(errors) == f"Flink refuses this: {line}"


def test_causes_are_listed_from_the_outside_in() -> None:
    """Each exception of a trace gives its words, a silent one its kind, and frames give none."""
    trace = (
        "org.apache.flink.runtime.JobException: Recovery is suppressed\n"
        "\tat org.apache.flink.Job.run(Job.java:1) ~[flink-dist-2.1.3.jar:2.1.3]\n"
        "Caused by: java.io.IOException\n"
        "\tat a.b.C.d(C.java)\n"
        "Caused by: java.lang.ArithmeticException: / by zero\n"
    )
    assert causes(trace) == ["Recovery is suppressed", "IOException", "/ by zero"]
    assert causes("no trace at all") == []
