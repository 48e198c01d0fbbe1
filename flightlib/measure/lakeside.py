"""By the lake: a sky that is published, the lesson's job that writes it, a backend that answers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from flightlib import kafka, lake
from flightlib.errors import MeasureError
from flightlib.flink import Job
from flightlib.lake.schemas import FLIGHT_DATA
from flightlib.live.link import caller
from flightlib.measure import near
from flightlib.measure.backlog import TOPIC, send
from flightlib.measure.bench import Bench
from flightlib.measure.lessons import filled
from flightlib.settings import HOST, Settings

JOB = "to-lake"
FLOOD_FLIGHTS = 5000
WRITTEN_S = 120.0


@dataclass(frozen=True)
class Lakeside:
    """What runs: its addresses, and the processes of the backend and of those that publish."""

    settings: Settings
    url: str
    backend: subprocess.Popen[bytes]
    publishers: list[subprocess.Popen[bytes]]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask the backend. Raises MeasureError unless the answer is a good one."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            with caller(self.url, near.ANSWER_S) as asking:
                answer = asking.get(self.url + path, headers=told)
        except httpx.HTTPError as error:
            raise MeasureError(f"The backend does not answer {path}: {error!r}.") from None
        if answer.status_code not in (200, 304):
            raise MeasureError(f"{path} was answered by {answer.status_code}: {answer.text[:200]}")
        return answer

    def rows(self, path: str) -> list[dict[str, Any]]:
        """Ask the backend for the rows of an answer."""
        told = self.get(path).json()
        return list(next(value for value in told.values() if isinstance(value, list)))

    def commits(self) -> set[str]:
        """Give the ids of the snapshots that the table has."""
        state = lake.watch(self.settings, FLIGHT_DATA.name).newest()
        return {str(snapshot.snapshot_id) for snapshot in state.snapshots}

    def publish(self, bench: Bench, flights: int) -> None:
        """Let a sky of so many flights flow."""
        self.publishers.append(bench.process("flightlib", "generate", "--flights", str(flights)))

    def flood(self, bench: Bench, flights: int, reports: int) -> None:
        """Publish so many reports at once, and let the sky flow on behind them.

        A topic has one publisher at a time: the one that flowed before gives way.
        """
        send(self.settings, FLOOD_FLIGHTS, reports)
        sent = kafka.message_count(TOPIC, self.settings)
        self.publish(bench, flights)
        flowing = "reports after the backlog"
        bench.until(lambda: kafka.message_count(TOPIC, self.settings) > sent + flights, flowing)

    def await_commit_after(self, bench: Bench, snapshot: str) -> None:
        """Wait until the answers tell of another snapshot than this one."""

        def another() -> bool:
            return self.get("/flights?limit=1").headers["X-Snapshot-Id"] != snapshot

        bench.until(another, "the next commit")


@contextmanager
def lakeside(bench: Bench, flights: int) -> Iterator[Lakeside]:
    """Publish a sky of so many flights, write it into an empty lake, and serve it.

    When the `with` begins, rows have been seen in an answer; when it ends, the job is forgotten,
    the processes have ended, and the lake is empty again.
    """
    settings = bench.settings
    kafka.ensure_topics(settings)
    kafka.empty(TOPIC, settings)  # what an earlier figure published is no part of this lake
    lake.reset(settings)
    port = str(settings.backend_port)
    backend = bench.process("flightlib", "serve", "--port", port, log="backend.log")
    here = Lakeside(settings, f"http://{HOST}:{port}", backend, [])
    try:
        here.publish(bench, flights)
        (writer,) = filled(JOB)
        setup = tuple(statement.text for statement in filled("numbered"))
        Job(JOB, settings).start(writer, setup, None)
        bench.until(lambda: near.answers(here.url + "/healthz"), "the backend")
        bench.until(lambda: _seen(here), "rows in an answer", WRITTEN_S)
        yield here
    finally:
        bench.end(*here.publishers, backend)
        lake.reset(settings)


def _seen(here: Lakeside) -> bool:
    try:
        return bool(here.rows("/flights?limit=1"))
    except MeasureError:  # the first questions to a Trino that has just started may take too long
        return False
