"""Report to SSE client, use case 1: event time against receipt, and where the time goes."""

from __future__ import annotations

import pandas as pd

from flightlib.backend.filters import Filter
from flightlib.measure.bench import Bench
from flightlib.measure.figure import KAFKA, Figure, Found, Goal, percentiles
from flightlib.measure.looks import look
from flightlib.measure.onair import on_air
from flightlib.measure.stages import TOTAL, as_frame, counted, latencies, middles

PATHS = {0.25: "/flights/sse?every=0.25", 1.0: "/flights/sse"}
"""By seconds between frames: the quickest a client may ask for, and what it gets unasked."""
NOTES = (
    "So many clients at each of two paces at once: a frame each 0.25 s, and each second, which is "
    "what a client gets that asks for nothing (default).",
    "Of all pairs of a report and a client. Two reports in a hundred are up to 20 s late on "
    "purpose; one that is no longer news when it comes is not shown.",
    "Kafka: until a second reader, which reads as the backend does, has the report.",
)


def measure(bench: Bench, clients: int = 100, flights: int = 1000, seconds: float = 30.0) -> Found:
    """Measure how old reports are when clients get them, at two paces.

    The samples have a row for a report and a stage of its way ("total" for all of it): stage,
    latency_s, every_s.
    """
    groups = {every_s: range(n * clients, (n + 1) * clients) for n, every_s in enumerate(PATHS)}
    paths = [path for path in PATHS.values() for _ in range(clients)]
    keep = [group[0] for group in groups.values()]
    with on_air(bench) as backend:
        seen = look(backend, paths, keep, flights, seconds)
    samples = pd.concat(
        [
            as_frame(latencies(seen, group[0], group), every_s=every_s)
            for every_s, group in groups.items()
        ],
        ignore_index=True,
    )
    same = {group[0]: (Filter(), group) for group in groups.values()}
    return Found(samples, _numbers(samples), counted(seen, same), NOTES)


def _numbers(samples: pd.DataFrame) -> dict[str, float]:
    stages = {
        every_s: {str(stage): rows.latency_s for stage, rows in one.groupby("stage", sort=False)}
        for every_s, one in samples.groupby("every_s")
    }
    quick, usual = stages[0.25], stages[1.0]
    unasked = {f"default_{n}": v for n, v in percentiles(usual[TOTAL], "s").items()}
    return {**percentiles(quick.pop(TOTAL), "s"), **unasked, **middles(quick)}


FIGURE = Figure(
    "sse",
    "report to SSE client, a frame each 0.25 s",
    measure,
    (Goal("p99_s", "p99 below 1 s", most=1.0),),
    quick={"clients": 5, "flights": 50, "seconds": 2.0},
    needs=KAFKA,
)
