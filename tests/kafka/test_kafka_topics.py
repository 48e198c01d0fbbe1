"""Topics and schemas that are not as they should be: said in one line, before anything is sent."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from flightlib.errors import EngineDown, TopicError
from flightlib.kafka import TOPICS, register, topics, writer_schema
from flightlib.kafka.topics import check
from flightlib.settings import Settings, load


def test_a_topic_as_planned_passes() -> None:
    """The plan itself is accepted: 8 and 4 partitions, one hour."""
    assert {t.name: t.partitions for t in TOPICS.values()} == {"flights": 8, "processed_flights": 4}
    for topic in TOPICS.values():
        check(topic, topic.partitions, 3_600_000)


@pytest.mark.parametrize(
    ("partitions", "retention_ms", "words"),
    [
        (4, 3_600_000, "flights has 4 partitions, expected 8"),
        (8, 604_800_000, "flights has retention.ms=604800000, expected 3600000"),
        (1, -1, "1 partitions, expected 8 and retention.ms=-1"),
    ],
)
def test_a_wrong_topic_is_described(partitions: int, retention_ms: int, words: str) -> None:
    """The error says what was found, what was expected, and what to type."""
    with pytest.raises(TopicError, match=words) as caught:
        check(TOPICS["flights"], partitions, retention_ms)
    assert "flightlib reset" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_question_to_a_kafka_that_is_away_names_it() -> None:
    """Asking for topics without Kafka is one line that says what to type."""
    with pytest.raises(EngineDown, match=r"Kafka is not answering on 127\.0\.0\.1:1\."):
        topics(load(kafka_port=1))


def test_a_registry_that_is_away_is_named() -> None:
    """Registering without a registry is one line that says what to type."""
    with pytest.raises(EngineDown, match=r"Schema Registry is not answering on 127\.0\.0\.1:1\."):
        register(load(registry_port=1))


class Refusing(http.server.BaseHTTPRequestHandler):
    """A registry that answers as the real one does when a schema breaks its readers."""

    def do_PUT(self) -> None:
        """Accept the compatibility rule."""
        self._answer(200, {"compatibility": "BACKWARD"})

    def do_POST(self) -> None:
        """Refuse the schema, with the field's path over two lines."""
        self._answer(409, {"error_code": 409, "message": "READER_FIELD_MISSING\n at /fields/28"})

    def do_GET(self) -> None:
        """Know nothing, and say so with a page instead of JSON."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(404)
        self.end_headers()
        self.wfile.write(b"<html>no such thing</html>")

    def _answer(self, code: int, body: object) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def refusing_registry() -> Iterator[Settings]:
    """Settings that point at a registry which refuses everything."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield load(registry_port=server.server_port)
        server.shutdown()
        serving.join()


def test_a_refused_schema_names_the_field(refusing_registry: Settings) -> None:
    """The registry's words, the path of the field among them, arrive on one line."""
    with pytest.raises(TopicError, match=r"flights-value: READER_FIELD_MISSING at /fields/28\."):
        register(refusing_registry)


def test_an_answer_that_is_no_json_is_still_one_line(refusing_registry: Settings) -> None:
    """Whatever stands at the registry's port, the error is readable."""
    with pytest.raises(TopicError, match="knows no schema 7: <html>no such thing</html>"):
        writer_schema(7, refusing_registry)
