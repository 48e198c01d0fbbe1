"""A thousand SSE clients that ask for fifty different parts of the sky."""

from __future__ import annotations

from itertools import product
from urllib.parse import parse_qsl

import pandas as pd

from flightlib.backend.filters import Filter, parse
from flightlib.measure.bench import Bench
from flightlib.measure.figure import KAFKA, Figure, Found, Goal, percentiles
from flightlib.measure.looks import look
from flightlib.measure.onair import on_air
from flightlib.measure.stages import TOTAL, as_frame, counted, joined, latencies, middles

EVERY = "every=0.25"
CELLS = [f"region={south}_{west}" for south, west in product((30, 35, 40), range(-120, -70, 10))]
BOXES = [f"bbox={w},{s},{w + 12},{s + 9}" for s, w in product((25, 34), range(-125, -65, 12))]
LEVELS = [f"min_altitude={low}&max_altitude={low + 4000}" for low in range(0, 40_000, 4000)]
KINDS = ["status=ON_TIME", "status=DELAYED", "status=CANCELLED,DIVERTED", "delayed=true"]
BOTH = [f"{box}&{kind}" for box, kind in zip(BOXES, (KINDS[0], "delayed=false") * 5, strict=True)]
PARTS = (*CELLS, *BOXES, *LEVELS, *KINDS, *BOTH, "min_altitude=35000")
"""Fifty queries: cells, boxes, layers, kinds of flights, and boxes with kinds."""
NOTES = (
    "Of all pairs of a report that a client's filter lets through and that client, a frame each "
    "0.25 s. One client of each filter keeps all it is sent, to be compared with Kafka.",
)


def measure(bench: Bench, clients: int = 1000, flights: int = 1000, seconds: float = 30.0) -> Found:
    """Measure how old reports are when clients with many filters get them.

    The samples have a row for a report and a stage of its way ("total" for all of it): stage,
    latency_s.
    """
    groups = {part: range(n, clients, len(PARTS)) for n, part in enumerate(PARTS[:clients])}
    paths = [f"/flights/sse?{PARTS[n % len(PARTS)]}&{EVERY}" for n in range(clients)]
    keep = [group[0] for group in groups.values()]
    with on_air(bench) as backend:
        seen = look(backend, paths, keep, flights, seconds)
    samples = as_frame(joined(latencies(seen, group[0], group) for group in groups.values()))
    same = {group[0]: (chosen(part), group) for part, group in groups.items()}
    return Found(samples, _numbers(samples), counted(seen, same), NOTES)


def chosen(part: str) -> Filter:
    """Give the filter of a query, as the backend reads it."""
    return parse(parse_qsl(part))[0]


def _numbers(samples: pd.DataFrame) -> dict[str, float]:
    stages = {str(stage): rows.latency_s for stage, rows in samples.groupby("stage", sort=False)}
    return {**percentiles(stages.pop(TOTAL), "s"), **middles(stages)}


FIGURE = Figure(
    "filters",
    f"{len(PARTS)} filters, 1,000 SSE clients, a frame each 0.25 s",
    measure,
    (Goal("p99_s", "p99 below 1 s", most=1.0),),
    quick={"clients": 100, "flights": 100, "seconds": 2.0},
    needs=KAFKA,
)
