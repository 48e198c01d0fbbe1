"""Reports a second into Kafka: as bytes that were made before, and as a sky makes them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pandas as pd

from flightlib.errors import MeasureError
from flightlib.kafka import Publisher, ensure_topics, message_count, now_ms, register
from flightlib.kafka.convoy import Batch
from flightlib.measure.bench import Bench
from flightlib.measure.figure import KAFKA, Figure, Found, Goal
from flightlib.records import FlightReport
from flightlib.settings import Settings
from flightlib.sky import Sky

TOPIC = "flights"
LOOK_S = 0.02


@dataclass(frozen=True, slots=True)
class _Made:
    """A batch whose bytes are there before they are asked for."""

    due_ms: Sequence[int]
    keys: Sequence[bytes]
    payloads: Sequence[bytes | None]

    def messages(self, schema_id: int) -> tuple[Sequence[bytes], Sequence[bytes | None]]:
        """Give the bytes."""
        return self.keys, self.payloads

    def reports(self) -> Sequence[FlightReport]:
        """Give nothing: these bytes are never refused."""
        return ()


class Turn:
    """A stream of some batches and no more, as a publisher takes it."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._batches = iter(batches)
        self.convoy: Any = None

    def __iter__(self) -> Iterator[FlightReport]:
        return iter(())

    def batches(self) -> Iterator[Batch]:
        """Give the batches."""
        return self._batches


def measure(
    bench: Bench, flights: int = 10_000, reports: int = 1_000_000, rounds: int = 3
) -> Found:
    """Measure, by turns, a producer with ready bytes and a sky through the same producer.

    Each turn lasts until Kafka has acknowledged about as many reports as asked for.
    """
    settings = bench.settings
    ensure_topics(settings)
    schema_id = register(settings, TOPIC)
    batches = Sky.busy(start_ms := now_ms(), flights).reports(start_ms, late_share=0.02).batches()
    # The first ticks plan and write every flight: that is the start of a sky, not its pace.
    ready: list[_Made] = []
    while sum(len(made.due_ms) for made in ready) < 3 * flights:
        batch = next(batches)
        ready.append(_Made(batch.due_ms, *batch.messages(schema_id)))
    turns = max(1, round(reports / (3 * flights)))
    before, rows = message_count(TOPIC, settings), []
    for number in range(rounds):
        made = iter(ready * turns)
        rows.append(("ready bytes", number, *turn(made, settings)))
        drawn = islice(batches, len(ready) * turns)
        rows.append(("sky", number, *turn(drawn, settings)))
    samples = pd.DataFrame(rows, columns=["source", "round", "reports", "reports_per_s", "cpu_us"])
    written = message_count(TOPIC, settings) - before
    return Found(samples, _numbers(samples), {"reports": (int(samples.reports.sum()), written)})


def _numbers(samples: pd.DataFrame) -> dict[str, float]:
    middle = samples.groupby("source")[["reports_per_s", "cpu_us"]].median()
    rates = samples.pivot_table(index="round", columns="source", values="reports_per_s")
    return {
        "sky_per_s": float(middle.reports_per_s["sky"]),
        "ready_per_s": float(middle.reports_per_s["ready bytes"]),
        "ratio": float((rates["sky"] / rates["ready bytes"]).median()),
    }


def turn(batches: Iterable[Batch], settings: Settings) -> tuple[int, float, float]:
    """Send batches as fast as they go; how many reports, how many a second, the CPU of each (µs).

    Raises MeasureError unless Kafka acknowledges all.
    """
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    publisher = Publisher(Turn(batches), settings=settings, paced=False).start()
    while publisher.status.running:
        time.sleep(LOOK_S)
    spent_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    status = publisher.stop()
    if status.errors or status.acknowledged != status.sent or not status.sent:
        raise MeasureError(f"Kafka did not take what was measured: {status}.")
    return status.sent, status.sent / spent_s, cpu_s / status.sent * 1e6


FIGURE = Figure(
    "sky",
    "sky to Kafka, as fast as it goes",
    measure,
    (
        Goal("sky_per_s", "at least 200,000 reports a second", least=200_000),
        Goal("ratio", "at least 0.8 of what ready bytes reach", least=0.8),
    ),
    quick={"flights": 1000, "reports": 50_000, "rounds": 1},
    needs=KAFKA,
)
