"""Report to REST answer: the newest report of an answer, its age, and the stages of its way."""

from __future__ import annotations

import orjson
import pandas as pd
import pytest

from flightlib.measure import lake

HEADERS = {"X-Snapshot-Committed": "2026-01-31T12:00:02.500000Z", "X-Snapshot-Id": "7"}


def test_the_newest_report_of_an_answer_is_its_first_row() -> None:
    """With its event time and its commit, in epoch milliseconds; without rows there is none."""
    row = {"flight_id": "F1", "timestamp": "2026-01-31T12:00:00.250000Z"}
    flight, event_ms, committed_ms, snapshot = lake.newest(
        orjson.dumps({"flights": [row]}), HEADERS
    )
    assert (flight, snapshot, committed_ms - event_ms) == ("F1", "7", 2250)
    assert lake.newest(b'{"flights": []}', HEADERS) is None


def test_stages_add_up_to_the_age_of_a_new_answer() -> None:
    """An answer that is the same as before counts by its age alone."""
    answers = pd.DataFrame(
        [
            (13.0, "F1", 10_000, 12_000, "1", True),
            (13.5, "F1", 10_000, 12_000, "1", False),
            (14.0, "F2", 11_000, 13_200, "2", True),
        ],
        columns=["came_s", "flight_id", "event_ms", "committed_ms", "snapshot", "new"],
    )
    rows = [("F1", 10_000, 10_050), ("F2", 11_000, 11_040)]
    reports = pd.DataFrame(rows, columns=["flight_id", "event_ms", "written_ms"])
    samples = lake.stages(answers, reports)
    ages = samples[samples.stage == "age"].latency_s.tolist()
    assert ages == pytest.approx([3.0, 3.5, 3.0])
    parts = samples[samples.stage != "age"].groupby("at_s").latency_s.sum().tolist()
    assert parts == pytest.approx([3.0, 3.0])
    assert lake.numbers(samples)["max_s"] == pytest.approx(3.5)


def test_an_answer_that_goes_back_is_counted() -> None:
    """Each answer is of a commit of the table, and none of an earlier one than before."""
    answers = pd.DataFrame({"snapshot": ["1", "2", "9"], "committed_ms": [1, 3, 2]})
    counts = lake.counts(answers, {"1", "2", "3"})
    assert counts["answers of a commit of the table"] == (3, 2)
    assert counts["answers older than the one before"] == (0, 1)
