"""Reports a second through the lesson's filter in Flink, beside a job that writes nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from flightlib import kafka
from flightlib.flink import Statement
from flightlib.measure.backlog import Looks, ends, frame, paces, publish, watch, working
from flightlib.measure.bench import Bench
from flightlib.measure.figure import FLINK, Figure, Found, Goal
from flightlib.measure.lessons import filled
from flightlib.settings import Settings

JOB, BASELINE, TARGET = "high-altitude", "measured-blackhole", "processed_flights"
NOWHERE = (
    f"CREATE TEMPORARY TABLE nowhere WITH ('connector' = 'blackhole') LIKE {TARGET} (EXCLUDING ALL)"
)
WAIT_S = 0.5


def measure(
    bench: Bench, flights: int = 10_000, reports: int = 1_000_000, rounds: int = 3
) -> Found:
    """Measure, by turns, the lesson's filter and the same SELECT into Flink's blackhole.

    Both read the same backlog from its first report, each time in a job begun anew. The first
    round warms Java's compiler and is kept out of the numbers, but for the cold one. What a job
    has read is what counts: at each checkpoint, once a second, the filter waits until Kafka has
    acknowledged all it wrote.
    """
    settings = bench.settings
    backlog = publish(settings, flights, reports)
    (lesson,) = filled(JOB, high_ft=backlog.high_ft)
    nowhere = Statement(lesson.text.replace(f"INTO {TARGET}", "INTO nowhere", 1), 1)
    runs: dict[tuple[str, int], Looks] = {}
    start, written = ends(settings, TARGET), 0
    for number in range(rounds):
        start = ends(settings, TARGET)
        with working(settings, JOB, lesson, (), backlog) as job:
            runs[JOB, number] = watch(job, backlog.reports)
        written += sum(ends(settings, TARGET).values()) - sum(start.values())
        with working(settings, BASELINE, nowhere, (NOWHERE,), backlog) as job:
            runs[BASELINE, number] = watch(job, backlog.reports)
    samples = frame(runs)
    counts = {
        "reports above 35,000 ft": (backlog.high * rounds, written),
        "different ones in the last round": (backlog.high, _distinct(settings, start)),
    }
    return Found(samples, _numbers(paces(samples, backlog.reports)), counts)


def _numbers(per_s: pd.DataFrame) -> dict[str, float]:
    """Judge the rounds (a row each, a column for each job): the first is the cold one."""
    warm = per_s.iloc[1:] if len(per_s) > 1 else per_s
    return {
        "warm_per_s": float(warm[JOB].median()),
        "cold_per_s": float(per_s[JOB].iloc[0]),
        "blackhole_per_s": float(warm[BASELINE].median()),
        "ratio": float((warm[JOB] / warm[BASELINE]).median()),
    }


def _distinct(settings: Settings, start: Mapping[int, int]) -> int:
    """Count the different messages from offsets on; no two reports have the same bytes."""
    seen: set[int] = set()

    def note(value: bytes) -> dict[str, Any]:
        seen.add(hash(value))
        return {}

    left = {p: end for p, end in ends(settings, TARGET).items() if end > start[p]}
    reader = kafka.Reader(TARGET, {p: start[p] for p in left}, settings, decode=note)
    try:
        while any(reader.reached.get(p, 0) < end for p, end in left.items()):
            reader.take(WAIT_S)
    finally:
        reader.close()
    return len(seen)


FIGURE = Figure(
    "filter",
    "the filter in Flink, working off a backlog",
    measure,
    (
        Goal("warm_per_s", "at least 150,000 reports a second, warm", least=150_000),
        Goal("ratio", "at least 0.8 of what Flink's blackhole reaches", least=0.8),
    ),
    quick={"flights": 1000, "reports": 20_000, "rounds": 1},
    needs=FLINK,
)
