"""Report to SSE client through Flink, use case 2: the lesson's filter lies on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from flightlib.backend.filters import Filter
from flightlib.measure.backlog import Backlog, ends, working
from flightlib.measure.bench import Bench
from flightlib.measure.figure import FLINK, Figure, Found, Goal, percentiles
from flightlib.measure.lessons import filled
from flightlib.measure.looks import look
from flightlib.measure.onair import on_air
from flightlib.measure.stages import TOTAL, as_frame, counted, latencies, middles

JOB, HIGH_FT = "high-altitude", 35_000
PATH = "/processed_flights/sse?every=0.25"
TOPICS = ("flights", "processed_flights")
NOTES = (
    "Flink: from a report's writing to the topic flights until the job wrote it to "
    "processed_flights, by the times that Kafka keeps with each message.",
    "Of all pairs of a report above 35,000 ft and a client; what is late on purpose, as two "
    "reports in a hundred are, and no longer news when it comes is not shown.",
)


def measure(bench: Bench, clients: int = 100, flights: int = 1000, seconds: float = 30.0) -> Found:
    """Measure how old reports are when clients get them from the job's own topic.

    The samples have a row for a report and a stage of its way ("total" for all of it): stage,
    latency_s.
    """
    settings = bench.settings
    (lesson,) = filled(JOB, high_ft=HIGH_FT)
    everybody = range(clients)
    with (
        on_air(bench) as backend,
        working(settings, JOB, lesson, (), Backlog(ends(settings), HIGH_FT)),
    ):
        seen = look(backend, [PATH] * clients, [0], flights, seconds, TOPICS, is_high)
    samples = as_frame(latencies(seen, 0, everybody))
    counts = counted(seen, {0: (Filter(min_altitude=HIGH_FT + 1), everybody)})
    return Found(samples, _numbers(samples), counts, NOTES)


def is_high(report: Mapping[str, Any]) -> bool:
    """Say whether the lesson's filter passes a report on."""
    return bool(report["altitude"] > HIGH_FT)


def _numbers(samples: pd.DataFrame) -> dict[str, float]:
    stages = {str(stage): rows.latency_s for stage, rows in samples.groupby("stage", sort=False)}
    return {**percentiles(stages.pop(TOTAL), "s"), **middles(stages)}


FIGURE = Figure(
    "flink",
    "report to SSE client through Flink, a frame each 0.25 s",
    measure,
    (Goal("p99_s", "p99 below 2 s", most=2.0),),
    quick={"clients": 5, "flights": 50, "seconds": 2.0},
    needs=FLINK,
)
