"""A lake that the test writes by hand, and clients of a backend in front of it."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from typing import Any

import httpx
from fastapi.testclient import TestClient

from flightlib.backend.answers import Answers
from flightlib.backend.app import create_app
from flightlib.kafka import now_ms
from flightlib.lake import Answer, Snapshot, State, shape_of, utc
from flightlib.lake.questions import Question

PLAIN = {"text": "40_-75", "whole": 3, "real": 1.5, "time": utc(1_700_000_000_123)}


def snapshot(number: int, committed_ms: int) -> Snapshot:
    """A commit of some rows."""
    return Snapshot(number, committed_ms, "append", 10, 10 * number, number, None)


class Lake:
    """Stands where the real lake stands: commits by hand, one plain row per answer.

    While `gate` is clear a query waits; `trouble` is raised by what its key names.
    """

    def __init__(self, ages_s: Sequence[float] = (10, 0.5)) -> None:
        self.snapshots = [
            snapshot(number, now_ms() - int(age_s * 1000)) for number, age_s in enumerate(ages_s, 1)
        ]
        self.asked: list[tuple[str, Sequence[Any]]] = []
        self.states = self.most = self.now = 0
        self.rows: int = 1
        self.trouble: dict[str, Exception] = {}
        self.gate = threading.Event()
        self.gate.set()
        self._lock = threading.Lock()

    def commit(self, age_s: float = 0.0) -> None:
        """Write something."""
        number = len(self.snapshots) + 1
        self.snapshots.append(snapshot(number, now_ms() - int(age_s * 1000)))

    def state(self) -> State:
        """Tell the commits."""
        self.states += 1
        self._raise("state")
        current = self.snapshots[-1] if self.snapshots else None
        return State("flight_data", tuple(self.snapshots), current, (), {}, "nowhere")

    def ask(self, sql: str, values: Sequence[Any], within_s: float) -> Answer:
        """Answer any statement with rows of its shape."""
        with self._lock:
            self.asked.append((sql, values))
            self.now += 1
            self.most = max(self.most, self.now)
        self.gate.wait(20)
        with self._lock:
            self.now -= 1
        self._raise("ask")
        return Answer((), (_row(sql),) * self.rows, 0.1)

    def check_writer(self) -> None:
        """Flink is there, unless the test says otherwise."""
        self._raise("writer")

    def _raise(self, what: str) -> None:
        if what in self.trouble:
            raise self.trouble[what]

    def versions(self) -> list[int]:
        """Give the snapshots that Trino was asked about, in order."""
        return [int(re.findall(r"VERSION AS OF (\d+)", sql)[0]) for sql, _ in self.asked]


def _row(sql: str) -> tuple[Any, ...]:
    topics = {
        "previous_latitude": ("positions", ""),
        "diverted": ("delays", "region" if "SELECT region" in sql else "minute"),
        "dense_rank": ("minutes", "region"),
        "round(": ("density", ""),
        "'minute'": ("minutes", ""),
        "reports": ("regions", ""),
        "flight_count": ("flights", ""),
        "flight_id = ?": ("track", ""),
    }
    topic, by = next(told for word, told in topics.items() if word in sql)
    return tuple(PLAIN[c.kind] for c in shape_of(Question(topic, by=by)).columns)


class Nothing:
    """A topic's reader that reads nothing."""

    def __init__(self, *_: Any) -> None:
        raise AssertionError("nobody asks for a stream here")


def client(lake: Lake, **given: Any) -> TestClient:
    """Give a client of a backend in front of a lake."""
    answers = Answers(lake, **given)
    return TestClient(create_app(follow=Nothing, answers=answers))


def get(lake: Lake, path: str, **headers: str) -> httpx.Response:
    """Ask once."""
    with client(lake) as http:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        return http.get(path, headers=told)
