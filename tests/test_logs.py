"""Logs in JSON: one object a line, whatever is logged."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flightlib.logs import FIELDS, JsonLines, request_id, well_formed


def record(message: str, *values: Any, **given: Any) -> logging.LogRecord:
    """A record as a logger makes it."""
    made = logging.LogRecord("flightlib.x", logging.WARNING, "x.py", 1, message, values, None)
    made.__dict__.update(given)
    return made


def written(made: logging.LogRecord) -> dict[str, Any]:
    """Write it, and read it back."""
    line = JsonLines("flightlib-test").format(made)
    assert len(line.splitlines()) == 1
    return dict(json.loads(line))


def test_a_record_is_an_object_with_the_names_of_the_schema() -> None:
    """Time in UTC, level, logger, service and message stand under the names that ELK knows."""
    told = written(record("%d of %d", 1, 2, created=1_700_000_000.5))
    assert told["@timestamp"] == "2023-11-14T22:13:20.500Z"
    assert (told["log.level"], told["log.logger"]) == ("warning", "flightlib.x")
    assert (told["service.name"], told["message"]) == ("flightlib-test", "1 of 2")
    assert "http.request.id" not in told


@given(st.text())
def test_no_message_breaks_a_line(text: str) -> None:
    """Whatever text is logged comes back as it was, from a single line of ASCII."""
    assert written(record("%s", text))["message"] == text


def test_fields_stand_beside_the_message() -> None:
    """A line's own fields are members of the object; what JSON does not know becomes text."""
    told = written(record("x", **{FIELDS: {"event.duration": 5, "what": {1}}}))
    assert (told["event.duration"], told["what"]) == (5, "{1}")


def test_an_exception_is_told_in_the_same_object() -> None:
    """Type, message and trace of an exception are fields, not lines of their own."""
    try:
        raise ValueError("no\nsuch thing")
    except ValueError:
        told = written(record("failed", exc_info=sys.exc_info()))
    assert (told["error.type"], told["error.message"]) == ("ValueError", "no\nsuch thing")
    assert "Traceback" in told["error.stack_trace"]


def test_a_line_bears_the_id_of_the_request_it_is_written_for() -> None:
    """While a request is answered every line has its id."""
    before = request_id.set("abc")
    try:
        assert written(record("x"))["http.request.id"] == "abc"
    finally:
        request_id.reset(before)


@pytest.mark.parametrize("good", ["a", "0-1.2_Z", "x" * 64, "b3f1c2d4-5e6f-4711-9a0b-c1d2e3f4a5b6"])
def test_a_well_formed_id_is_kept(good: str) -> None:
    """Letters, digits, dots, dashes and underscores go through as they came."""
    assert well_formed(good) == good


@pytest.mark.parametrize(
    "bad", ["", "x" * 65, "a b", "a\nb", "-a", "a'b", 'a"b', "a/b", "a,b", "é", "٣"]
)
def test_any_other_id_is_replaced(bad: str) -> None:
    """What could forge a line or break a header gives a new id, another each time."""
    made = {well_formed(bad) for _ in range(5)}
    assert bad not in made
    assert len(made) == 5
    assert all(well_formed(one) == one for one in made)
