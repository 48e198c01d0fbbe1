"""REST under load: the questions that are drawn, what is noted of an answer, and the numbers."""

from __future__ import annotations

from collections import Counter
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from scripted_lake import Lake, client

from flightlib.measure import rest

REGIONS = ["40_-75", "35_-120", "25_-85"]
FLIGHTS = [f"F{n}" for n in range(300)]


@pytest.fixture
def http() -> TestClient:
    """A backend that answers anything."""
    return client(Lake())


def test_questions_vary_and_keep_their_shares() -> None:
    """There are 200 besides a track of each flight, and each topic is drawn as often as said."""
    asked = rest.questions(FLIGHTS, REGIONS)
    assert len({one["path"] for one in asked}) == len(asked) == rest.VARIANTS + len(FLIGHTS)
    weights: Counter[str] = Counter()
    for one in asked:
        weights[one["topic"]] += one["weight"]
    assert {topic: round(weight) for topic, weight in weights.items()} == rest.SHARES
    assert asked == rest.questions(FLIGHTS, REGIONS)


def test_every_question_is_one_that_the_backend_takes(http: TestClient) -> None:
    """None is refused, so no answer is quick because it was wrong."""
    with http:
        for one in rest.questions(FLIGHTS[:3], REGIONS):
            assert http.get(one["path"]).status_code == 200, one["path"]


def test_a_question_is_pinned_to_what_was_answered(http: TestClient) -> None:
    """Its filters stay; the time and the snapshot are those of the answer."""
    with http:
        answer = http.get("/flights?minutes=5&status=DELAYED&limit=20")
        again = rest.pinned("/flights?minutes=5&status=DELAYED&limit=20", answer.headers)
        told = parse_qs(urlsplit(again).query)
        assert (told["status"], told["limit"], "minutes" in told) == (["DELAYED"], ["20"], False)
        same = http.get(again)
        assert same.headers["x-snapshot-id"] == answer.headers["x-snapshot-id"]
        assert same.json() == answer.json()


def test_errors_count_and_kinds_of_answers_are_told_apart() -> None:
    """Those from the rows at hand and those from Trino have numbers of their own."""
    samples = pd.DataFrame(
        {
            "latency_ms": [10.0, 20.0, 900.0, 5.0],
            "status": [200, 200, 200, 503],
            "answer": ["hit", "rows", "miss", ""],
            "age_s": [1.0, 1.0, 2.0, float("nan")],
        }
    )
    numbers = rest.numbers(samples, 2.0)
    assert numbers["errors"] == 1
    assert numbers["answers_per_s"] == 2
    assert numbers["trino_p99_ms"] == 900
    assert numbers["trino_percent"] == 25
    assert numbers["at_hand_p99_ms"] <= 20


def test_the_age_of_an_answer_is_that_of_its_commit() -> None:
    """A commit on a full second is read as any other; an answer without one has no age."""
    at = ["1970-01-01T00:00:01.250Z", "1970-01-01T00:00:02Z", None]
    told = rest.aged(pd.DataFrame({"begun_s": [3.0] * 3, "latency_ms": 500.0, "committed": at}))
    assert told.age_s[:2].tolist() == [2.25, 1.5]
    assert pd.isna(told.age_s[2])
    assert "committed" not in told
