"""Each request has an id that goes everywhere, and a time that is counted by its route."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from scripted_lake import Lake, client

from flightlib.lake import Answer
from flightlib.logs import JsonLines, request_id
from flightlib.observe import ask, backend

Start = Callable[..., Any]
HEADER = "x-request-id"


class Listening(Lake):
    """A lake that notes for which request each query is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def ask(self, sql: str, values: Sequence[Any], within_s: float) -> Answer:
        """Note the id, in the thread that asks, and answer."""
        self.heard.append(request_id.get())
        return super().ask(sql, values, within_s)


@pytest.mark.parametrize("path", ["/", "/metrics", "/flights", "/nowhere", "/flights?x=1"])
def test_every_answer_has_an_id(path: str) -> None:
    """A good id comes back, a bad one or none is replaced; failures have one too."""
    with client(Lake()) as http:
        assert http.get(path, headers={HEADER: "mine-1"}).headers[HEADER] == "mine-1"
        ids = {http.get(path, headers=given).headers[HEADER] for given in ({}, {HEADER: "a b"})}
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in ids)


def test_the_id_goes_with_the_question() -> None:
    """Whoever asks Trino, in a thread of its own, knows the request that the question is from."""
    lake = Listening()
    with client(lake) as http:
        http.get("/flights", headers={HEADER: "first"})
        http.get("/flights/regions", headers={HEADER: "second"})
    assert lake.heard == ["first", "second"]
    assert request_id.get() == ""


def test_the_log_in_json_has_the_request(caplog: pytest.LogCaptureFixture) -> None:
    """Id, method, target, route, status, nanoseconds, bytes and how the answer was come by."""
    caplog.set_level(logging.INFO, "flightlib.backend.access")
    with client(Lake()) as http:
        size = len(http.get("/flights?limit=3", headers={HEADER: "mine"}).content)
    (record,) = [r for r in caplog.records if r.name.endswith("access")]
    told = json.loads(JsonLines("flightlib-backend").format(record))
    assert told["http.request.id"] == "mine"
    assert (told["http.request.method"], told["url.original"]) == ("GET", "/flights?limit=3")
    assert (told["flightlib.route"], told["flightlib.answer"]) == ("/flights", "miss")
    assert (told["http.response.status_code"], told["http.response.body.bytes"]) == (200, size)
    assert told["event.duration"] > 0
    assert told["message"].endswith(" B mine")


def test_requests_are_counted_by_route_and_status() -> None:
    """Flights are one route, whichever they are; unknown addresses are one too."""
    with client(Lake()) as http:
        for path in (
            "/flights",
            "/flights",
            "/flights/A/track",
            "/flights/B/track",
            "/flights?x=1",
        ):
            http.get(path)
        for path in ("/no", "/such", "/page"):
            http.get(path)
        told = backend.read(http.get("/metrics").text)
    counted = told.samples["flightlib_request_seconds_count"]
    found = {(dict(labels)["route"], dict(labels)["status"]): n for labels, n in counted.items()}
    assert found == {
        ("/flights", "200"): 2,
        ("/flights", "422"): 1,
        ("/flights/{flight_id}/track", "200"): 2,
        ("none", "404"): 3,
    }
    assert told.counts("flightlib_request_seconds", route="/flights")[float("inf")] == 3


def test_metrics_say_how_fresh_the_lake_is_also_if_nobody_asked() -> None:
    """The newest commit is looked up for the page; when it is not to be had there is no sample."""
    lake = Lake(ages_s=(20, 7))
    name = "flightlib_rest_commit_timestamp_seconds"
    with client(lake) as http:
        committed_s = backend.read(http.get("/metrics").text).value(name)
        assert committed_s == lake.snapshots[-1].committed_ms / 1000
    lake.trouble["state"] = ValueError("gone")
    with client(lake) as http:
        assert backend.read(http.get("/metrics").text).value(name) is None


def test_frames_are_timed_from_the_reports_own_time(
    on_air: Start, listen: Start, report: Start
) -> None:
    """A report two seconds old is counted above two seconds; streams are in no request's time."""
    running = on_air()
    running.flights.lag = 12
    with listen(running.url + "/flights/sse?every=0.25") as reader:
        reader.next("snapshot")
        running.flights.send(report(timestamp=report()["timestamp"] - 2000))
        reader.next("update")
        told = ask(running.url)
    counts = told.counts("flightlib_report_to_frame_seconds", topic="flights")
    assert (counts[1.5], counts[float("inf")]) == (0, 1)
    assert told.value("flightlib_lag_reports", topic="flights") == 12
    assert told.value("flightlib_clients", topic="flights") == 1
    assert "/flights/sse" not in told.labels("flightlib_request_seconds_count", "route")


def test_refused_streams_are_counted(on_air: Start, listen: Start) -> None:
    """With all seats taken the next client is refused, and the page says how many were."""
    running = on_air(max_clients=1)
    with listen(running.url + "/flights/sse") as reader:
        reader.next("snapshot")
        full = httpx.get(running.url + "/flights/sse", trust_env=False)
        assert full.status_code == 503
        assert full.headers[HEADER]
        told = ask(running.url)
    assert told.value("flightlib_clients_limit") == 1
    assert told.value("flightlib_clients_refused_total") == 1


def test_the_engines_page_is_there_when_no_engine_is(on_air: Start) -> None:
    """With every engine down each has its 0, and nothing is said of what they hold."""
    nowhere = {f"{name}_port": 1 for name in ("kafka", "registry", "catalog", "flink", "trino")}
    running = on_air(**nowhere, gateway_port=1)
    answer = httpx.get(running.url + "/metrics/engines", timeout=30, trust_env=False)
    assert answer.status_code == 200
    told = backend.read(answer.text)
    assert set(told.samples["flightlib_engine_up"].values()) == {0.0}
    assert len(told.samples["flightlib_engine_up"]) == 8
    assert "flightlib_lake_rows" not in told.samples
