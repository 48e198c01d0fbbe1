"""Look at a stream for a while: a crowd on one side, Kafka on the other, a sky behind both."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import pandas as pd

from flightlib.kafka import Reader, now_ms, watermarks
from flightlib.measure.crowd import Crowd, Receipts
from flightlib.measure.onair import OnAir, publishing
from flightlib.settings import Settings

TAKE_S = 0.05
"""As long as the backend's own reader waits for a batch: this one gets a report when that does."""
SETTLE_S = 1.0
STEADY_S = 4.0


class Ear(threading.Thread):
    """Reads a topic beside the backend, as the backend does, and notes when each report came."""

    def __init__(self, topic: str, settings: Settings) -> None:
        super().__init__(name=f"ear-{topic}", daemon=True)
        self._topic, self._settings = topic, settings
        start = {p: high for p, (_, high) in watermarks(topic, settings).items()}
        self._reader, self._ending = Reader(topic, start, settings), threading.Event()
        self._begin, self._heard = sum(start.values()), 0
        self._rows: list[tuple[str, int, int, float]] = []
        self.newest: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        """Read until told to end."""
        while not self._ending.is_set():
            taken = self._reader.take(TAKE_S)
            came_s = time.time()
            for one in taken:
                if one.report is not None:
                    self._note(one.report, one.written_ms or 0, came_s)
            self._heard += len(taken)
        self._reader.close()

    def _note(self, report: dict[str, Any], written_ms: int, came_s: float) -> None:
        flight_id, event_ms = report["flight_id"], report["timestamp"]
        self._rows.append((flight_id, event_ms, written_ms, came_s))
        held = self.newest.get(flight_id)
        if held is None or event_ms > held["timestamp"]:
            self.newest[flight_id] = report

    def has_all(self) -> bool:
        """Say whether everything that the topic holds by now was read."""
        ends = watermarks(self._topic, self._settings).values()
        return self._heard >= sum(high for _, high in ends) - self._begin

    def reports(self) -> pd.DataFrame:
        """Give what came: flight_id, event_ms, written_ms (to Kafka), came_s (epoch seconds)."""
        kinds = {"event_ms": "int64", "written_ms": "int64", "came_s": "float64"}
        table: pd.DataFrame = pd.DataFrame(self._rows, columns=["flight_id", *kinds]).astype(kinds)
        return table

    def __enter__(self) -> Ear:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self.join()


@dataclass(frozen=True)
class Look:
    """What was seen: the reports of each topic, what clients got, and when all were there.

    `newest` is each flight's newest report on the topic that was streamed; the times are epoch ms.
    """

    reports: Mapping[str, pd.DataFrame]
    newest: Mapping[str, dict[str, Any]]
    receipts: Receipts
    begin_ms: int
    end_ms: int


def look(
    backend: OnAir,
    paths: Sequence[str],
    keep: Sequence[int],
    flights: int,
    seconds: float,
    topics: Sequence[str] = ("flights",),
    pass_time: Callable[[float], None] = time.sleep,
) -> Look:
    """Publish a sky and let clients follow it; then end the sky, and wait until all know all.

    The last of `topics` is the one that `paths` stream. `pass_time` lets the seconds go by, and
    may look at something meanwhile. Raises MeasureError when something that should come does not.
    """
    bench, streamed = backend.bench, topics[-1]
    with ExitStack() as stack:
        ears = {topic: stack.enter_context(Ear(topic, bench.settings)) for topic in topics}
        publisher = stack.enter_context(publishing(backend, flights))
        bench.until(lambda: backend.topic(streamed).get("flights"), f"reports on {streamed}")
        crowd = stack.enter_context(Crowd(bench, backend.port, paths, keep))
        crowd.join()
        time.sleep(SETTLE_S)
        begin_ms = now_ms()
        pass_time(seconds)
        end_ms = now_ms()
        bench.end(publisher)
        await_all(backend, topics)
        for topic, ear in ears.items():
            bench.until(ear.has_all, f"the end of {topic}")
        receipts = crowd.leave()
    reports = {topic: ear.reports() for topic, ear in ears.items()}
    return Look(reports, ears[streamed].newest, receipts, begin_ms, end_ms)


def await_all(backend: OnAir, topics: Sequence[str]) -> None:
    """Wait until the backend has read all that was written, and no more is being written.

    The publisher has ended. A job that writes from one topic to the next may still be at it: of
    several topics none may grow for a while.
    """
    count, since_s, still_s = dict[str, int](), 0.0, STEADY_S * (len(topics) - 1)

    def steady() -> bool:
        nonlocal count, since_s
        written = {topic: backend.written(topic) for topic in topics}
        if written != count:
            count, since_s = written, time.monotonic()
        if time.monotonic() - since_s < still_s:
            return False
        return all(backend.heard(topic) == written[topic] for topic in topics)

    backend.bench.until(steady, f"the backend to read all of {', '.join(topics)}")
