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

Report = dict[str, Any]
Named = tuple[str, int]
"""What tells a report from all others: its flight and its event time (epoch ms)."""
TAKE_S = 0.05
"""As long as the backend's own reader waits for a batch: this one gets a report when that does."""
SETTLE_S = 1.0


def everything(_report: Report) -> bool:
    """Let every report through."""
    return True


class Ear(threading.Thread):
    """Reads a topic beside the backend, as the backend does, and notes when each report came."""

    def __init__(
        self, topic: str, settings: Settings, passes: Callable[[Report], bool] = everything
    ) -> None:
        super().__init__(name=f"ear-{topic}", daemon=True)
        self._topic, self._settings, self._passes = topic, settings, passes
        start = {p: high for p, (_, high) in watermarks(topic, settings).items()}
        self._reader, self._ending = Reader(topic, start, settings), threading.Event()
        self._begin, self._heard = sum(start.values()), 0
        self._rows: list[tuple[str, int, int, float]] = []
        self.newest: dict[str, dict[str, Any]] = {}
        self.seen: set[Named] = set()
        self.passing: set[Named] = set()
        """The reports that `passes` lets through."""

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

    def _note(self, report: Report, written_ms: int, came_s: float) -> None:
        flight_id, event_ms = report["flight_id"], report["timestamp"]
        self._rows.append((flight_id, event_ms, written_ms, came_s))
        self.seen.add((flight_id, event_ms))
        if self._passes(report):
            self.passing.add((flight_id, event_ms))
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
    passes: Callable[[Report], bool] = everything,
    pass_time: Callable[[float], None] = time.sleep,
) -> Look:
    """Publish a sky and let clients follow it; then end the sky, and wait until all know all.

    The last of `topics` is the one that `paths` stream; a job writes to it what `passes` says of
    the reports on the first. `pass_time` lets the seconds go by, and may look at something
    meanwhile. Raises MeasureError when something that should come does not.
    """
    bench, streamed = backend.bench, topics[-1]
    with ExitStack() as stack:
        settings = bench.settings
        ears = {topic: stack.enter_context(Ear(topic, settings, passes)) for topic in topics}
        publisher = stack.enter_context(publishing(backend, flights))
        bench.until(lambda: backend.topic(streamed).get("flights"), f"reports on {streamed}")
        crowd = stack.enter_context(Crowd(bench, backend.port, paths, keep))
        crowd.join()
        time.sleep(bench.warm_s(SETTLE_S, seconds))
        begin_ms = now_ms()
        pass_time(seconds)
        end_ms = now_ms()
        bench.end(publisher)
        await_all(backend, ears)
        receipts = crowd.leave()
    reports = {topic: ear.reports() for topic, ear in ears.items()}
    return Look(reports, ears[streamed].newest, receipts, begin_ms, end_ms)


def await_all(backend: OnAir, ears: Mapping[str, Ear]) -> None:
    """Wait until the backend and the ears have all that was written, and no more is to come.

    The publisher has ended. Of several topics the last is written by a job: each report that
    passes from the first one has to be on it, and a job that failed may write one twice.
    """
    all_ears = list(ears.values())
    first, last = all_ears[0], all_ears[-1]

    def all_there() -> bool:
        # In this order: what has come cannot go, and what is due is known once the first has all.
        return (
            first.has_all()
            and (first is last or first.passing <= last.seen)
            and all(backend.heard(topic) == backend.written(topic) for topic in ears)
            and all(ear.has_all() for ear in all_ears)
        )

    backend.bench.until(all_there, f"all of {', '.join(ears)} to be read")
