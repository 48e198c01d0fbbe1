"""A backend on a real port whose reports come straight from the test, and a client to read it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn

from flightlib import settings as address_book
from flightlib.backend.app import create_app
from flightlib.backend.server import _Server
from flightlib.kafka import KafkaState, Received, now_ms
from flightlib.settings import Settings

UP = KafkaState("up", "Kafka is up; flights is being read.")


def plain_report(**given: Any) -> dict[str, Any]:
    """A decoded report; keyword arguments replace what a plain one says."""
    plain = {
        "flight_id": "UAL1",
        "callsign": "UAL1",
        "latitude": 40.5,
        "longitude": -74.5,
        "altitude": 35000,
        "heading": 90.0,
        "ground_speed": 450.0,
        "vertical_speed": 0.0,
        "phase": "CRUISE",
        "status": "ON_TIME",
        "timestamp": now_ms(),
    }
    return {**plain, **given}


@dataclass
class Feed:
    """Stands where Kafka's reader stands: the test delivers reports and tells states by hand."""

    topic: str
    deliver: Callable[[list[Received]], None]
    tell: Callable[[KafkaState], None]
    state: KafkaState = UP
    poison: int = 0
    lag: int = 0
    position: dict[int, int] = field(default_factory=dict)
    closed: bool = False
    caught_up: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.caught_up.set()

    def send(self, *reports: dict[str, Any], received_ms: int | None = None) -> None:
        """Deliver reports, received now unless told otherwise."""
        self.deliver([Received(r, received_ms or now_ms()) for r in reports])

    def refuse(self, _why: str) -> None:
        """Count a report that cannot be shown."""
        self.poison += 1

    def end(self) -> None:
        """Nothing runs here that would have to be told."""

    def close(self) -> None:
        """Note that the backend has let go."""
        self.closed = True


@dataclass
class OnAir:
    """A running backend: its address, its feeds by topic, its app."""

    url: str
    feeds: dict[str, Feed]
    app: Any
    stop: Callable[[], None]

    @property
    def flights(self) -> Feed:
        """The feed of `flights`, which starts with the first question."""
        if "flights" not in self.feeds:
            httpx.get(self.url + "/healthz", trust_env=False)
        return self.feeds["flights"]


@pytest.fixture
def report() -> Callable[..., dict[str, Any]]:
    """A factory of decoded reports."""
    return plain_report


@pytest.fixture
def on_air() -> Iterator[Callable[..., OnAir]]:
    """Start backends on free ports; all are stopped after the test."""
    stops: list[Callable[[], None]] = []

    def start(heartbeat_s: float = 15.0, **given: Any) -> OnAir:
        settings: Settings = address_book.load(**given)
        feeds: dict[str, Feed] = {}

        def follow(topic: str, deliver: Any, tell: Any) -> Feed:
            feeds[topic] = Feed(topic, deliver, tell)
            return feeds[topic]

        app = create_app(settings, follow=follow, heartbeat_s=heartbeat_s)
        listener = socket.create_server(("127.0.0.1", 0))
        server = _Server(app)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        stops.append(lambda: _stop(server, thread))
        stop = stops[-1]
        while not server.started:
            time.sleep(0.005)
        return OnAir(f"http://127.0.0.1:{listener.getsockname()[1]}", feeds, app, stop)

    yield start
    for stop in stops:
        stop()


def _stop(server: uvicorn.Server, thread: threading.Thread) -> None:
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive(), "the backend did not stop"


@dataclass
class Event:
    """One server-sent event as a client reads it; a comment has the name "comment"."""

    name: str
    data: Any
    id: str | None


class Reader:
    """Reads one stream event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self.response, self._lines = response, response.iter_lines()

    def next(self, *names: str) -> Event:
        """Give the next event with one of these names, or the next of any name."""
        while True:
            event = self._read()
            if not names or event.name in names:
                return event

    def _read(self) -> Event:
        fields: dict[str, str] = {}
        for line in self._lines:
            if line:
                name, _, value = line.partition(": ")
                fields[name or "comment"] = value
            elif "event" in fields:
                return Event(fields["event"], json.loads(fields["data"]), fields.get("id"))
            elif fields:
                (name, value) = fields.popitem()
                return Event(name, value, None)
        raise EOFError("the stream has ended")


@pytest.fixture
def listen() -> Callable[..., Any]:
    """Open a stream: `with listen(url, headers) as reader`."""

    @contextmanager
    def opened(url: str, last: str | None = None) -> Iterator[Reader]:
        headers = {"Last-Event-ID": last} if last else {}
        with (
            httpx.Client(timeout=30, trust_env=False) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            assert response.status_code == 200, response.read()
            yield Reader(response)

    return opened
