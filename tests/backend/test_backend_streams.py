"""The streams over a real port: what a client gets, first, next, on its return, and at its end."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from flightlib.kafka import KafkaState, now_ms

Start = Callable[..., Any]


def wait_for(condition: Callable[[], bool], within_s: float = 20.0) -> None:
    """Wait until something is so."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.01)


def health(backend: Any) -> dict[str, Any]:
    """Ask the backend how it is."""
    answer = httpx.get(backend.url + "/healthz", trust_env=False)
    assert answer.status_code == 200
    return dict(answer.json())


def test_a_stream_begins_with_state_and_snapshot(
    on_air: Start, listen: Start, report: Start
) -> None:
    """First the state of Kafka, then every live flight, with all that a frame promises."""
    backend = on_air()
    backend.flights.send(report(flight_id="A"), report(flight_id="B"))
    with listen(backend.url + "/flights/sse") as reader:
        assert reader.response.headers["content-type"].startswith("text/event-stream")
        first, second, third = reader.next(), reader.next(), reader.next()
    assert (first.name, first.data) == ("retry", "1000")
    assert second.name == "state"
    assert second.data == {"kafka": "up", "message": "Kafka is up; flights is being read."}
    assert third.name == "snapshot"
    assert set(third.data) == {
        "seq",
        "sent_ms",
        "newest_ms",
        "reports_per_s",
        "flights",
        "gone",
    }
    assert [f["flight_id"] for f in third.data["flights"]] == ["A", "B"]
    assert third.id == f"{third.id.split('-')[0]}-{third.data['seq']}"
    assert third.data["newest_ms"] <= third.data["sent_ms"]


def test_an_empty_sky_is_told_as_an_empty_snapshot(on_air: Start, listen: Start) -> None:
    """With no flight there is still a snapshot, so a client knows that it is empty."""
    with listen(on_air().url + "/processed_flights/sse") as reader:
        empty = reader.next("snapshot")
    assert (empty.data["flights"], empty.data["newest_ms"]) == ([], None)


def test_updates_hold_only_what_changed(on_air: Start, listen: Start, report: Start) -> None:
    """After the snapshot a client hears of changed flights alone."""
    backend = on_air()
    backend.flights.send(report(flight_id="A"), report(flight_id="B"))
    with listen(backend.url + "/flights/sse?every=0.25") as reader:
        reader.next("snapshot")
        backend.flights.send(report(flight_id="B", altitude=36000, timestamp=now_ms() + 1000))
        update = reader.next("update")
    assert [(f["flight_id"], f["altitude"]) for f in update.data["flights"]] == [("B", 36000)]
    assert update.data["gone"] == []


def test_coming_back_yields_what_changed_meanwhile(
    on_air: Start, listen: Start, report: Start
) -> None:
    """With Last-Event-ID a client gets the changes since, not the whole sky again."""
    backend = on_air()
    backend.flights.send(report(flight_id="A"), report(flight_id="B"))
    with listen(backend.url + "/flights/sse") as reader:
        last = reader.next("snapshot").id
    backend.flights.send(report(flight_id="C"))
    with listen(backend.url + "/flights/sse", last) as reader:
        back = reader.next("snapshot", "update")
    assert back.name == "update"
    assert [f["flight_id"] for f in back.data["flights"]] == ["C"]


@pytest.mark.parametrize("last", ["junk", "00000000-1", "-", "x" * 500, "99999999999999999999-1"])
def test_an_id_from_elsewhere_yields_a_snapshot(
    on_air: Start, listen: Start, report: Start, last: str
) -> None:
    """An id that is garbage or of another backend's life gives a whole picture."""
    backend = on_air()
    backend.flights.send(report(flight_id="A"))
    with listen(backend.url + "/flights/sse", last) as reader:
        assert len(reader.next("snapshot", "update").data["flights"]) == 1


def test_a_flight_leaves_a_filter_and_falls_silent(
    on_air: Start, listen: Start, report: Start
) -> None:
    """Both a flight outside the box and one silent for a minute are told as gone."""
    backend = on_air()
    backend.flights.send(report(flight_id="A"), report(flight_id="B"))
    box = "/flights/sse?every=0.25&bbox=-75,40,-74,41"
    with listen(backend.url + box) as reader:
        reader.next("snapshot")
        backend.flights.send(
            report(flight_id="A", longitude=-80.0, timestamp=now_ms() + 1000),
        )
        assert reader.next("update").data["gone"] == ["A"]
        # Received 59.9 seconds ago: a moment more and it is silent for a minute.
        old = now_ms() - 59_900
        backend.flights.send(report(flight_id="C", timestamp=old), received_ms=old)
        assert reader.next("update").data["flights"][0]["flight_id"] == "C"
        assert reader.next("update").data["gone"] == ["C"]


def test_trouble_with_kafka_is_told_as_it_happens(on_air: Start, listen: Start) -> None:
    """A state event comes when Kafka goes and when it returns, between frames."""
    backend = on_air()
    feed = backend.flights
    with listen(backend.url + "/flights/sse?every=5") as reader:
        reader.next("snapshot")
        for state in (KafkaState("down", "Kafka is not answering."), KafkaState("up", "Back.")):
            feed.tell(state)
            assert reader.next("state").data == state._asdict()
    feed.tell(KafkaState("down", "Kafka is not answering."))
    wait_for(lambda: not health(backend)["ready"])


def test_a_heartbeat_comes_while_there_is_nothing_to_say(on_air: Start, listen: Start) -> None:
    """A comment keeps the connection known to be alive."""
    with listen(on_air(heartbeat_s=0.05).url + "/flights/sse") as reader:
        reader.next("snapshot")
        assert [reader.next().data for _ in range(3)] == ["heartbeat"] * 3


def test_a_hundred_clients_share_each_frame(on_air: Start, report: Start) -> None:
    """A hundred open streams cost one encoding a frame, and all get the same bytes."""
    backend = on_air()
    feed = backend.flights
    channel = backend.app.state.channels["flights"]
    feed.send(report(flight_id="A"))
    clients = [_plain_stream(backend.url, "/flights/sse?every=0.25") for _ in range(100)]
    wait_for(lambda: channel.clients == 100)
    heard = [_read_until(c, b"event: snapshot") for c in clients]
    before = channel.frames
    feed.send(report(flight_id="A", timestamp=now_ms() + 1000))
    heard = [_read_until(c, b"event: update") for c in clients]
    assert channel.frames == before + 1
    assert len({bytes_.split(b"event: update")[1] for bytes_ in heard}) == 1
    for client in clients:
        client.close()
    wait_for(lambda: channel.clients == 0)


def _plain_stream(url: str, path: str, receive_buffer: int | None = None) -> socket.socket:
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(20)
    client.connect(("127.0.0.1", httpx.URL(url).port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return client


def _read_until(client: socket.socket, words: bytes) -> bytes:
    """Read until an event with these words is complete."""
    heard = b""
    while words not in heard or b"\n\n" not in heard[heard.index(words) :]:
        part = client.recv(65536)
        assert part, "the stream has ended"
        heard += part
    return heard


def test_a_client_that_does_not_read_gets_a_snapshot_not_a_queue(
    on_air: Start, report: Start
) -> None:
    """Frames made while a client was stuck are not kept for it: a snapshot makes up for them."""
    backend = on_air()
    feed, channel = backend.flights, backend.app.state.channels["flights"]
    names = [f"F{n:05}" for n in range(2000)]
    client = _plain_stream(backend.url, "/flights/sse?every=0.25", receive_buffer=4096)
    _read_until(client, b"event: snapshot")
    stuck_since, stamp = channel.frames, now_ms()
    while channel.frames < stuck_since + 8:
        stamp += 1
        feed.send(*[report(flight_id=n, timestamp=stamp) for n in names])
        time.sleep(0.05)
    heard = _read_until(client, b"event: snapshot")
    assert heard.count(b"event: update") < 8
    client.close()
    wait_for(lambda: channel.clients == 0)


def test_one_client_too_many_is_asked_to_come_later(on_air: Start, listen: Start) -> None:
    """Over the limit: 503, when to come back, and the setting that allows more."""
    backend = on_air(max_clients=2)
    url = backend.url + "/flights/sse"
    with listen(url) as one, listen(url) as two:
        one.next("snapshot")
        two.next("snapshot")
        refused = httpx.get(url, trust_env=False)
        assert refused.status_code == 503
        assert int(refused.headers["retry-after"]) > 0
        assert "FLIGHTLIB_MAX_CLIENTS" in refused.json()["detail"]
    wait_for(lambda: health(backend)["clients"] == 0)
    with listen(url) as again:
        again.next("snapshot")


@pytest.mark.parametrize("query", ["every=0", "status=LATE", "bbox=1", "evry=1", "every=1&every=2"])
def test_a_wrong_parameter_is_refused_by_name(on_air: Start, query: str) -> None:
    """422, with one line that names the parameter and what is allowed; no seat is taken."""
    backend = on_air()
    answer = httpx.get(f"{backend.url}/flights/sse?{query}", trust_env=False)
    assert answer.status_code == 422
    assert answer.json()["parameter"] == query.split("=")[0]
    assert answer.json()["parameter"] in answer.json()["detail"]
    assert health(backend)["clients"] == 0


def test_health_tells_of_kafka_freshness_and_poison(on_air: Start, report: Start) -> None:
    """/healthz is 200 with the truth in it: ready, flights, reports and what was passed over."""
    backend = on_air()
    backend.flights.send(report(flight_id="A"), report(flight_id="B", latitude=999.0))
    told = health(backend)
    assert (told["status"], told["ready"]) == ("ok", True)
    flights = told["topics"]["flights"]
    assert (flights["kafka"], flights["flights"], flights["reports"]) == ("up", 1, 2)
    assert flights["poison"] == 1


def test_metrics_are_prometheus_text(on_air: Start, report: Start) -> None:
    """/metrics has each count with its topic, and two backends do not mix theirs."""
    one, other = on_air(), on_air()
    one.flights.send(report(flight_id="A"))
    one.flights.position = {0: 5, 3: 12}
    text = httpx.get(one.url + "/metrics", trust_env=False).text
    assert 'flightlib_next_offset{partition="3",topic="flights"} 12.0' in text
    assert 'flightlib_reports_total{topic="flights"} 1.0' in text
    assert 'flightlib_kafka_up{topic="flights"} 1.0' in text
    assert "flightlib_flights" in text
    other_text = httpx.get(other.url + "/metrics", trust_env=False).text
    assert 'flightlib_reports_total{topic="flights"} 0.0' in other_text


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:8888", True),
        ("https://127.0.0.1", True),
        ("http://localhost.example.org", False),
        ("https://example.org", False),
    ],
)
def test_only_pages_of_this_machine_may_read(on_air: Start, origin: str, allowed: bool) -> None:
    """CORS lets localhost in by default and nobody else."""
    answer = httpx.get(on_air().url + "/healthz", headers={"Origin": origin}, trust_env=False)
    assert (answer.headers.get("access-control-allow-origin") == origin) is allowed


def test_the_api_describes_itself_without_the_network(on_air: Start) -> None:
    """OpenAPI lists both streams with their parameters; no page loads a script from elsewhere."""
    backend = on_air()
    told = httpx.get(backend.url + "/openapi.json", trust_env=False).json()
    for topic in ("flights", "processed_flights"):
        names = {p["name"] for p in told["paths"][f"/{topic}/sse"]["get"]["parameters"]}
        assert names == {
            "bbox",
            "status",
            "region",
            "min_altitude",
            "max_altitude",
            "delayed",
            "every",
        }
    assert httpx.get(backend.url + "/docs", trust_env=False).status_code == 404
    assert "/flights/sse" in httpx.get(backend.url, trust_env=False).json()["paths"]


def test_each_request_is_one_line_of_the_log(
    on_air: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Method, target as it came, status, time and size; a line break in a target forges nothing."""
    caplog.set_level(logging.INFO, "flightlib.backend.access")
    httpx.get(on_air().url + "/flights/sse?status=x%0aGET%20/forged", trust_env=False)
    wait_for(lambda: bool(caplog.records))
    (line,) = [r.getMessage() for r in caplog.records if r.name.endswith("access")]
    assert line.startswith("GET /flights/sse?status=x%0aGET%20/forged 422 ")
    assert len(line.splitlines()) == 1


def test_stopping_ends_streams_and_lets_go_of_kafka(on_air: Start, listen: Start) -> None:
    """At the end every stream comes to its end, and every reader of Kafka is closed."""
    backend = on_air()
    with listen(backend.url + "/flights/sse") as reader:
        reader.next("snapshot")
        backend.stop()
        with pytest.raises(EOFError):
            reader.next("never")
    assert [feed.closed for feed in backend.feeds.values()] == [True]
