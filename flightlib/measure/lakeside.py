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
from flightlib.measure.bench import Bench
from flightlib.measure.lessons import filled
from flightlib.settings import HOST, Settings

JOB = "to-lake"
WRITTEN_S = 120.0


@dataclass(frozen=True)
class Lakeside:
    """What runs: its addresses, and the processes of the publisher and the backend."""

    settings: Settings
    url: str
    publisher: subprocess.Popen[bytes]
    backend: subprocess.Popen[bytes]

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
    kafka.empty("flights", settings)  # what an earlier figure published is no part of this lake
    lake.reset(settings)
    publisher = bench.process("flightlib", "generate", "--flights", str(flights))
    port = str(settings.backend_port)
    backend = bench.process("flightlib", "serve", "--port", port, log="backend.log")
    here = Lakeside(settings, f"http://{HOST}:{port}", publisher, backend)
    try:
        (writer,) = filled(JOB)
        setup = tuple(statement.text for statement in filled("numbered"))
        Job(JOB, settings).start(writer, setup, None)
        bench.until(lambda: near.answers(here.url + "/healthz"), "the backend")
        bench.until(lambda: _seen(here), "rows in an answer", WRITTEN_S)
        yield here
    finally:
        bench.end(publisher, backend)
        lake.reset(settings)


def _seen(here: Lakeside) -> bool:
    try:
        return bool(here.rows("/flights?limit=1"))
    except MeasureError:  # the first questions to a Trino that has just started may take too long
        return False
