"""What is on the air during a measurement: a backend, and a sky, each as a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from flightlib.crowd.limits import raise_open_files
from flightlib.errors import MeasureError
from flightlib.kafka import TOPICS, empty, ensure_topics, message_count
from flightlib.live.link import caller
from flightlib.measure.bench import Bench
from flightlib.settings import HOST

ANSWER_S = 15.0
READY_S, PUBLISHED_S = 30.0, 60.0


@dataclass(frozen=True)
class OnAir:
    """A backend that runs in a process of its own; `before` is what topics held until it began."""

    bench: Bench
    process: subprocess.Popen[bytes]
    port: int
    before: Mapping[str, int]

    def topic(self, name: str) -> dict[str, Any]:
        """Tell what the backend says of a topic; nothing while it does not answer."""
        try:
            url = f"http://{HOST}:{self.port}/healthz"
            with caller(url, ANSWER_S) as client:
                told = client.get(url).json()
        except httpx.HTTPError:
            return {}
        return dict(told["topics"][name])

    def heard(self, topic: str) -> int:
        """Count the messages of a topic that it has read."""
        told = self.topic(topic)
        return int(told.get("reports", 0)) + int(told.get("poison", 0))

    def written(self, topic: str) -> int:
        """Count the messages that Kafka has of a topic since this backend began."""
        return message_count(topic, self.bench.settings) - self.before[topic]


@contextmanager
def on_air(bench: Bench) -> Iterator[OnAir]:
    """Run a backend for as long as a `with` lasts; the topics are empty when it begins.

    What an earlier figure published would still be in its picture, and in its way.
    """
    settings = bench.settings
    raise_open_files()
    ensure_topics(settings)
    for topic in TOPICS:
        empty(topic, settings)
    before = {topic: message_count(topic, settings) for topic in TOPICS}
    port = settings.backend_port
    process = bench.process("flightlib", "serve", "--port", str(port), log="backend.log")
    backend = OnAir(bench, process, port, before)
    try:
        bench.until(lambda: backend.topic("flights"), "the backend", READY_S)
        yield backend
    finally:
        bench.end(process)


@contextmanager
def publishing(backend: OnAir, flights: int) -> Iterator[subprocess.Popen[bytes]]:
    """Publish a sky, in a process of its own; it has got into its pace when the `with` begins."""
    bench, before = backend.bench, backend.heard("flights")
    log = "publisher.log"
    process = bench.process("flightlib", "generate", "--flights", str(flights), log=log)

    def in_pace() -> bool:
        if process.poll() is not None:
            said = (bench.folder / log).read_text(encoding="utf-8")[-300:]
            raise MeasureError(f"The publisher ended: {said}")
        return backend.heard("flights") > before + bench.warm_rounds * flights

    try:
        bench.until(in_pace, f"reports of {flights:,} flights", PUBLISHED_S)
        yield process
    finally:
        bench.end(process)
