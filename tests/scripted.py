"""A small real HTTP server on loopback that serves server-sent events as a test scripts them."""

from __future__ import annotations

import json
import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

END = "end"


def flight(flight_id: str = "UAL1", **given: Any) -> dict[str, Any]:
    """One flight as the stream tells it; keyword arguments replace what is plain."""
    plain = {
        "flight_id": flight_id,
        "callsign": flight_id,
        "aircraft_type": "B738",
        "registration": "N1",
        "operator": "UAL",
        "origin": "KSFO",
        "destination": "KDEN",
        "latitude": 39.0,
        "longitude": -110.0,
        "altitude": 36000,
        "heading": 75.0,
        "ground_speed": 450.0,
        "vertical_speed": 0.0,
        "phase": "CRUISE",
        "status": "ON_TIME",
        "region": "35_-110",
        "departure_delay": 60,
        "arrival_delay": None,
        "progress_percent": 40,
        "timestamp": time.time_ns() // 1_000_000,
    }
    return {**plain, **given}


def event(name: str, id_: str = "", **data: Any) -> str:
    """One server-sent event as it goes over the wire."""
    if name in ("snapshot", "update"):
        now = time.time_ns() // 1_000_000
        data = {
            "seq": 1,
            "sent_ms": now,
            "newest_ms": now,
            "reports_per_s": 10.0,
            "flights": [],
            "gone": [],
            **data,
        }
    head = f"id: {id_}\n" if id_ else ""
    return f"event: {name}\n{head}data: {json.dumps(data)}\n\n"


class Script:
    """What the server answers: each connection takes the next answer, then the queued events."""

    def __init__(self) -> None:
        self.events: queue.Queue[str] = queue.Queue()
        self.answers: queue.Queue[tuple[int, dict[str, str], bytes]] = queue.Queue()
        self.asked: list[tuple[str, str | None]] = []  # path and Last-Event-ID of each request
        self.greeting: Callable[[str], str] = lambda _path: ""  # what each connection hears first
        self.listeners = 0  # connections that would take what is said
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/flights/sse"

    def say(self, *events: str) -> None:
        """Send events to whoever is connected."""
        for one in events:
            self.events.put(one)

    def refuse(self, status: int, body: Any, **headers: str) -> None:
        """Let the next connection get this answer instead of a stream."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.put((status, names, json.dumps(body).encode()))


class Server:
    """The server itself; it can be stopped and come back on the same port."""

    def __init__(self, script: Script) -> None:
        self.script, self.port = script, 0
        self.stopping = threading.Event()

    def start(self) -> None:
        self.stopping.clear()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.serve(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.http.daemon_threads = False
        self.port = self.script.port = self.http.server_address[1]
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        script = self.script
        script.asked.append((handler.path, handler.headers.get("Last-Event-ID")))
        if not script.answers.empty():
            status, headers, body = script.answers.get()
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)
            return
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        script.listeners += 1
        try:
            handler.wfile.write(script.greeting(handler.path).encode())
            self.speak(handler)
        finally:
            script.listeners -= 1

    def speak(self, handler: BaseHTTPRequestHandler) -> None:
        """Say to one client what is queued, until it or the script hangs up."""
        while not self.stopping.is_set() and not hung_up(handler.connection):
            try:
                said = self.script.events.get(timeout=0.02)
            except queue.Empty:
                continue
            if said == END:
                return
            try:
                handler.wfile.write(said.encode())
            except OSError:
                return

    def stop(self) -> None:
        if self.stopping.is_set():
            return
        self.stopping.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def hung_up(connection: socket.socket) -> bool:
    """Whether the client has closed its end: what is queued is then for the next one."""
    readable, _, _ = select.select([connection], [], [], 0)
    return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""


@contextmanager
def serving() -> Iterator[Server]:
    """A running server; its `script` says what it serves."""
    running = Server(Script())
    running.start()
    try:
        yield running
    finally:
        running.stop()
