"""How the frames of one server are given to another."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flightlib.crowd.relay import blocks, relay

EVENTS = (
    b'id: a-1\nevent: snapshot\ndata: {"seq":1,"flights":[]}\n\n'
    b": heartbeat\n\n"
    b'event: state\ndata: {"kafka":"down"}\n\n'
    b'id: a-2\nevent: update\ndata: {"seq":2,"flights":[]}\n\n'
)


class Handler(BaseHTTPRequestHandler):
    """Streams the events to who asks, and keeps what is posted."""

    protocol_version = "HTTP/1.1"
    posts: list[tuple[str, bytes]]

    def do_GET(self) -> None:
        """Answer with the whole stream, and its end."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(EVENTS)))
        self.end_headers()
        self.wfile.write(EVENTS)

    def do_POST(self) -> None:
        """Keep a message and its event's name."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append((self.headers["X-EventSource-Event"], body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        # Closed without a word, as a server does that has no connections left.
        self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    """An HTTP server on loopback."""
    Handler.posts = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_events_are_told_apart_line_by_line() -> None:
    """An event has its fields; a comment has an empty name."""
    found = list(blocks(iter(EVENTS.splitlines(keepends=True))))
    assert [one.get(b"event") for one in found] == [b"snapshot", None, b"state", b"update"]
    assert found[1] == {b"": b"heartbeat"}


def test_each_frame_is_posted_once_with_its_name(
    server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    """Frames go on as they are, in order, though the server closes connections that are kept."""
    host, port = "127.0.0.1", server.server_address[1]
    told = {"stream": (host, port, "/s"), "publish": (host, port, "/p")}
    plan, posted = tmp_path / "plan.json", tmp_path / "posted"
    plan.write_text(json.dumps({**told, "posted": str(posted)}), encoding="utf-8")
    relay(plan)
    assert Handler.posts == [
        ("snapshot", b'{"seq":1,"flights":[]}'),
        ("update", b'{"seq":2,"flights":[]}'),
    ]
    assert [line.split()[0] for line in posted.read_text().splitlines()] == ["1", "2"]
