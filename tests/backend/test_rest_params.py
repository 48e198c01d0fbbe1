"""Parameters of the REST routes: what is taken, in which form, and how the rest is refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
import pytest
from scripted_lake import Lake, client, get


@pytest.mark.parametrize(
    ("path", "parameter", "words"),
    [
        ("/flights?mintes=5", "mintes", "Did you mean 'minutes'?"),
        ("/flights?minutes=0", "minutes", "a whole number from 1 to 1440"),
        ("/flights?minutes=1441", "minutes", "'1441'"),
        ("/flights?minutes=", "minutes", "''"),
        ("/flights?minutes=5&since=2026-01-01", "minutes", "give one"),
        ("/flights?since=yesterday", "since", "ISO 8601"),
        ("/flights?since=1700000000", "since", "ISO 8601"),
        ("/flights?until=0001-01-01", "until", "years 1970 to 2999"),
        ("/flights?since=2026-01-02&until=2026-01-01", "since", "is not before until"),
        ("/flights?since=2026-01-01&until=2026-01-01", "since", "is not before until"),
        ("/flights?snapshot=abc", "snapshot", "'abc'"),
        ("/flights?snapshot=9999999999999999999", "snapshot", "Iceberg snapshot"),
        ("/flights?limit=0", "limit", "from 1 to 10000"),
        ("/flights?limit=3&limit=4", "limit", "given 2 times"),
        ("/flights?status=DELAID", "status", "Did you mean 'DELAYED'?"),
        ("/flights?status=ON_TIME,", "status", "''"),
        ("/flights?region=41_-75", "region", "for example 40_-75"),
        ("/flights?min_altitude=high", "min_altitude", "-2000 to 100000"),
        ("/flights?min_altitude=200&max_altitude=100", "min_altitude", "swap them"),
        ("/flights/delays?by=minuet", "by", "Did you mean 'minute'?"),
        ("/flights/minutes?by=minute", "by", "allowed: region"),
        ("/flights/density?cell=nan", "cell", "from 0.25 to 10"),
        ("/flights/density?cell=11", "cell", "from 0.25 to 10"),
        ("/flights/regions?cell=2", "cell", "allowed: minutes"),
        ("/flights/A/track?status=DELAYED", "status", "allowed: minutes"),
        (f"/flights/{'x' * 101}/track", "flight_id", "1 to 100 characters"),
        ("/flights?limit='; DROP TABLE flight_data; --", "limit", "whole number"),
    ],
)
def test_a_wrong_parameter_is_refused_in_one_line(path: str, parameter: str, words: str) -> None:
    """422 names the parameter, what was given and what is allowed; Trino hears nothing of it."""
    lake = Lake()
    answer = get(lake, path)
    assert answer.status_code == 422
    body = answer.json()
    assert body["parameter"] == parameter
    assert parameter in body["detail"]
    assert words in body["detail"]
    assert "\n" not in body["detail"]
    assert lake.asked == []


def values_of(path: str) -> tuple[str, list[Any]]:
    """Ask, and give the SQL and the values that reached Trino."""
    lake = Lake()
    assert get(lake, path).status_code in (200, 404)
    ((sql, values),) = lake.asked
    return sql, list(values)


def test_filters_reach_trino_as_values() -> None:
    """Each filter is a condition with a `?`; words may be repeated, joined, and in any order."""
    query = "status=delayed&status=DIVERTED,DELAYED&region=40_-75&region=-5_010"
    sql, values = values_of(f"/flights?{query}&min_altitude=100&max_altitude=40000&limit=7")
    assert "status IN (?, ?) AND region IN (?, ?) AND altitude >= ? AND altitude <= ?" in sql
    assert values[2:] == ["DELAYED", "DIVERTED", "-5_10", "40_-75", 100, 40000, 7]


def test_time_is_always_bound_at_both_ends() -> None:
    """Times are turned to UTC and bound, so that only the days asked for are read."""
    sql, values = values_of("/flights?since=2026-01-01T12:00:00+02:00&until=2026-01-01T11:00")
    assert "timestamp >= ? AND timestamp < ?" in sql
    assert values[:2] == [datetime(2026, 1, 1, 10), datetime(2026, 1, 1, 11)]


def test_hostile_text_stays_a_value() -> None:
    """What a client writes never becomes a part of the SQL."""
    evil = "'; DROP TABLE flight_data; --"
    sql, values = values_of(f"/flights/{evil}/track")
    assert "DROP" not in sql
    assert evil in values
    assert sql.count("?") == len(values)


@pytest.mark.parametrize(
    "path",
    [
        "/flights",
        "/flights/regions",
        "/flights/delays",
        "/flights/delays?by=region",
        "/flights/minutes",
        "/flights/minutes?by=region",
        "/flights/density?cell=0.5",
        "/flights/A/track",
    ],
)
def test_each_question_has_as_many_values_as_places(path: str) -> None:
    """Every `?` of every statement has its value, and the snapshot is written as a number."""
    sql, values = values_of(path)
    assert sql.count("?") == len(values)
    assert "FOR VERSION AS OF 2\n" in sql
    assert "{" not in sql


def test_openapi_tells_limits_and_columns() -> None:
    """The description has each parameter's limits and the rows' columns."""
    with client(Lake()) as http:
        told = http.get("/openapi.json").json()
    route = told["paths"]["/flights"]["get"]
    limits = {p["name"]: p["schema"] for p in route["parameters"]}
    assert (limits["minutes"]["minimum"], limits["minutes"]["maximum"]) == (1, 1440)
    assert limits["snapshot"]["pattern"]
    assert all(p["description"] for p in route["parameters"])
    assert "processed_time" in told["components"]["schemas"]["FlightsRow"]["properties"]
    assert {"200", "304", "404", "406", "422", "503", "504"} <= route["responses"].keys()
    assert set(route["responses"]["200"]["content"]) == {
        "application/json",
        "text/csv",
        "application/vnd.apache.arrow.stream",
    }


def test_the_index_names_every_route() -> None:
    """`/` lists the REST paths, and each is in OpenAPI."""
    with client(Lake()) as http:
        listed = http.get("/").json()["paths"]
        told = http.get("/openapi.json").json()["paths"]
    assert "/flights/{flight_id}/track" in listed
    assert {path for path in listed if path != "/openapi.json"} == set(told) - {"/"}


def test_a_browser_of_another_origin_may_read_the_headers() -> None:
    """CORS exposes what names the snapshot."""
    with client(Lake()) as http:
        answer: httpx.Response = http.get("/flights", headers={"Origin": "http://localhost:3000"})
    assert "X-Snapshot-Id" in answer.headers["access-control-expose-headers"]
