"""What is shown while the engines' files are fetched, on a terminal and elsewhere."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from flightlib.cli.bars import Abandoned, Bars


def shown(terminal: bool) -> tuple[str, str]:
    """Fetch a little of everything; give what was shown until then, and what came after."""
    page = io.StringIO()
    console = Console(file=page, force_terminal=terminal, width=100, highlight=False)
    with Bars(console) as bars:
        bars.say("To fetch, once: 3 MB.")
        for task, size in (("kafka", 1_000_000), ("trino", 2_000_000), ("flink", 0)):
            bars.begin(task, size, "fetching")
            bars.advance(task, size)
        bars.begin("trino", 5_000_000, "unpacking")
        bars.advance("trino", 5_000_000)
        for task in ("kafka", "trino", "flink"):
            bars.end(task)
        bars.close()
        before = page.getvalue()
        console.print("kafka is healthy")
    return before, page.getvalue()[len(before) :]


def test_without_a_terminal_each_engine_is_one_line() -> None:
    """A log file gets no bars: one line for each engine, with its own bytes, when it is ready."""
    before, after = shown(terminal=False)
    assert before.splitlines() == [
        "To fetch, once: 3 MB.",
        "kafka        ready: 1.0 MB fetched",
        "trino        ready: 2.0 MB fetched, 5.0 MB unpacked",
        "flink        ready: nothing to fetch",
    ]
    assert after == "kafka is healthy\n"


def test_on_a_terminal_the_bars_end_before_the_next_line() -> None:
    """The last picture has every engine's own bytes, and stands above what is printed next."""
    before, after = shown(terminal=True)
    for words in ("1.0 MB fetched", "2.0 MB fetched, 5.0 MB unpacked", "nothing to fetch"):
        assert words in before
    assert "1/1 bytes" not in before
    assert after == "kafka is healthy\n"


def test_nothing_to_do_prints_nothing() -> None:
    """With all files here not even an empty line is printed."""
    page = io.StringIO()
    with Bars(Console(file=page, force_terminal=True)):
        pass
    assert page.getvalue() == ""


def test_fetching_stops_when_nobody_waits() -> None:
    """After `abandon` the next bytes reported stop the one who fetches."""
    bars = Bars(Console(file=io.StringIO()))
    bars.begin("kafka", 10, "fetching")
    bars.advance("kafka", 5)
    bars.abandon()
    with pytest.raises(Abandoned):
        bars.advance("kafka", 5)
