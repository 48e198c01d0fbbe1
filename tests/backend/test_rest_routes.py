"""The REST routes over HTTP: headers, 304, every kind of trouble in one line, and the counts."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from scripted_lake import Lake, client, get

from flightlib.backend.pool import Pool
from flightlib.errors import EngineDown, LakeError, SqlError
from flightlib.lake import TooLong


def line_of(answer: httpx.Response, status: int) -> str:
    """Check that an error is JSON with one line, and give the line."""
    assert answer.status_code == status, answer.text
    detail = answer.json()["detail"]
    assert "\n" not in detail
    assert "Traceback" not in answer.text
    return str(detail)


def test_an_answer_that_is_known_is_not_sent_again() -> None:
    """If-None-Match with the newest ETag gives 304 and asks no Trino, also in a fresh backend."""
    lake = Lake()
    first = get(lake, "/flights")
    again = get(lake, "/flights", If_None_Match=f'"other", W/{first.headers["etag"]}')
    assert (again.status_code, again.content, len(lake.asked)) == (304, b"", 1)
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["x-snapshot-id"] == "2"


def test_an_etag_names_snapshot_question_and_format() -> None:
    """Another commit, another question or another format has another ETag."""
    lake = Lake()
    tags = {
        get(lake, "/flights").headers["etag"],
        get(lake, "/flights?limit=5").headers["etag"],
        get(lake, "/flights?snapshot=1").headers["etag"],
        get(lake, "/flights", Accept="text/csv").headers["etag"],
    }
    assert len(tags) == 4
    assert all(tag.startswith(('"1-', '"2-')) for tag in tags)


def test_only_an_answer_of_one_snapshot_may_be_kept_for_ever() -> None:
    """With `snapshot` an answer is immutable; without it a client has to ask again."""
    lake = Lake()
    assert get(lake, "/flights").headers["cache-control"] == "no-cache"
    pinned = get(lake, "/flights?snapshot=1").headers
    assert "immutable" in pinned["cache-control"]
    assert "Accept" in pinned["vary"]


def test_an_unknown_snapshot_is_not_found() -> None:
    """404 names the snapshot and those that there are."""
    answer = get(Lake(), "/flights?snapshot=77")
    assert "'77'" in line_of(answer, 404)
    assert answer.json()["parameter"] == "snapshot"


def test_an_unknown_flight_is_not_found() -> None:
    """A track without a report in the window is a 404 naming the flight; others may be empty."""
    lake = Lake()
    lake.rows = 0
    assert "'UAL9'" in line_of(get(lake, "/flights/UAL9/track"), 404)
    assert get(lake, "/flights").json()["flights"] == []


DOWN = EngineDown("Trino", "127.0.0.1:8080", "flightlib up trino")


@pytest.mark.parametrize(
    ("what", "error", "status", "words"),
    [
        ("ask", DOWN, 503, "`flightlib up trino`"),
        ("state", EngineDown("The Iceberg catalog", "127.0.0.1:8181"), 503, "Iceberg catalog"),
        ("state", LakeError("There is no table 'flight_data'."), 503, "no table"),
        ("ask", TooLong("The query took longer than 10 s."), 504, "longer than 10 s"),
        ("ask", LakeError("A file is damaged: /data/x.parquet."), 500, "x.parquet"),
        ("ask", SqlError("Trino refuses this: no memory."), 500, "no memory"),
    ],
)
def test_trouble_is_told_in_one_line(what: str, error: Any, status: int, words: str) -> None:
    """Each kind has its status; what may pass says when to come again, and passes by itself."""
    lake = Lake()
    lake.trouble[what] = error
    with client(lake) as http:
        answer = http.get("/flights")
        assert words in line_of(answer, status)
        assert ("retry-after" in answer.headers) == (status == 503)
        lake.trouble.clear()
        assert http.get("/flights").status_code == 200


def test_a_full_line_is_a_503_with_retry_after() -> None:
    """When no more may wait, the client hears so and when to come again."""
    lake = Lake()
    with client(lake, pool=Pool(size=1, line=0)) as http:
        answer = http.get("/flights")
        assert "wait for Trino" in line_of(answer, 503)
        assert answer.headers["retry-after"] == "1"


def test_without_flink_an_open_window_is_refused_and_a_closed_one_answered() -> None:
    """When nothing was written for a while and Flink is away, the line says so and since when."""
    lake = Lake(ages_s=(20,))
    lake.trouble["writer"] = EngineDown("Flink", "127.0.0.1:8081", "flightlib up flink")
    with client(lake) as http:
        line = line_of(http.get("/flights"), 503)
        assert all(word in line for word in ("Flink", "`flightlib up flink`", "last commit"))
        assert "`until=`" in line
        closed = "/flights?since=2026-01-01&until=2026-01-02"
        assert http.get(closed).status_code == 200
        assert http.get("/flights?snapshot=1").status_code == 200
        lake.commit()
        assert http.get("/flights/regions?snapshot=1").status_code == 200


def test_with_flink_a_pause_is_no_trouble() -> None:
    """An old commit alone is no reason to refuse."""
    assert get(Lake(ages_s=(20,)), "/flights").status_code == 200


def test_metrics_count_answers_by_outcome() -> None:
    """How questions were answered, how many queries that took, and how long."""
    lake = Lake()
    with client(lake) as http:
        tag = http.get("/flights").headers["etag"]
        http.get("/flights")
        http.get("/flights", headers={"If-None-Match": tag})
        http.get("/flights?snapshot=77")
        told = http.get("/metrics").text
    for outcome in ("hit", "miss", "not_modified", "error"):
        assert f'flightlib_rest_answers_total{{outcome="{outcome}"}} 1.0' in told
    assert "flightlib_trino_query_seconds_count 1.0" in told
    assert "flightlib_rest_waiting 0.0" in told
