"""`flightlib generate` and `serve` on real engines, run as a user runs them."""

from __future__ import annotations

import json
import re
import signal
import socket

import httpx
import pytest
from known import flightlib, until

from flightlib.kafka import ensure_topics, message_count
from flightlib.settings import Settings

pytestmark = pytest.mark.stack


def acknowledged(output: str) -> int:
    """Read the final count, which must equal what was sent."""
    sent, written = re.search(r"([\d,]+) sent · ([\d,]+) acknowledged", output).groups()
    assert sent == written
    return int(written.replace(",", ""))


def test_generate_for_a_while_counts_what_kafka_has(kafka_stack: Settings) -> None:
    """`--for` ends by itself, and the count it prints is what the topic grew by."""
    ensure_topics(kafka_stack)
    before = message_count("flights", kafka_stack)
    command = flightlib(kafka_stack, "generate", "--flights", "50", "--for", "2")
    output, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (0, "")
    assert acknowledged(output) == message_count("flights", kafka_stack) - before > 50


@pytest.mark.parametrize("with_signal", [signal.SIGINT, signal.SIGTERM])
def test_generate_stops_cleanly_when_told(kafka_stack: Settings, with_signal: int) -> None:
    """Ctrl-C and an orderly kill end it with everything acknowledged and exit code 0."""
    ensure_topics(kafka_stack)
    before = message_count("flights", kafka_stack)
    command = flightlib(kafka_stack, "generate", "--flights", "50")
    until(lambda: message_count("flights", kafka_stack) > before)
    command.send_signal(with_signal)
    output, errors = command.communicate(timeout=60)
    assert (command.returncode, errors) == (0, "")
    assert acknowledged(output) == message_count("flights", kafka_stack) - before


def test_serve_logs_each_request_and_ends_at_ctrl_c(kafka_stack: Settings) -> None:
    """The backend alone answers, writes one line a request, and ends streams at Ctrl-C."""
    ensure_topics(kafka_stack)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = flightlib(kafka_stack, "serve", "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    until(lambda: _answers(url))
    assert httpx.get(url + "/healthz", timeout=30, trust_env=False).json()["ready"]
    with (
        httpx.Client(timeout=30, trust_env=False) as client,
        client.stream("GET", url + "/flights/sse") as stream,
    ):
        lines = stream.iter_lines()
        assert any("snapshot" in line for line in lines)
        command.send_signal(signal.SIGINT)
        assert not [line for line in lines if line.startswith("event: state")]
    _, log = command.communicate(timeout=60)
    assert command.returncode == 0
    assert f"Listening on {url}" in log
    assert len(re.findall(r"GET /healthz 200", log)) == 1
    assert len(re.findall(r"GET /flights/sse 200", log)) == 1


def test_logs_in_json_are_objects_a_line(
    kafka_stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The publisher's and the backend's logs are JSON when asked for, by option or variable."""
    ensure_topics(kafka_stack)
    made = flightlib(kafka_stack, "generate", "--flights", "20", "--for", "1", "--log", "json")
    output, log = made.communicate(timeout=60)
    assert (made.returncode, output) == (0, "")
    last = [json.loads(line) for line in log.splitlines()][-1]
    assert last["service.name"] == "flightlib-generate"
    assert last["flightlib.sent"] == last["flightlib.acknowledged"] > 0
    monkeypatch.setenv("FLIGHTLIB_LOG_FORMAT", "json")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    served = flightlib(kafka_stack, "serve", "--port", str(port))
    until(lambda: _answers(f"http://127.0.0.1:{port}"))
    headers = {"X-Request-Id": "json-1"}
    httpx.get(f"http://127.0.0.1:{port}/healthz", headers=headers, timeout=30, trust_env=False)
    served.send_signal(signal.SIGINT)
    _, log = served.communicate(timeout=60)
    lines = [json.loads(line) for line in log.splitlines()]
    (asked,) = [line for line in lines if line.get("url.original") == "/healthz"]
    assert (asked["http.request.id"], asked["http.response.status_code"]) == ("json-1", 200)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
