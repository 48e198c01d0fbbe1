"""How many reports a second go into Kafka: as bytes made before, and as a sky makes them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from flightlib.errors import FlightlibError
from flightlib.kafka.baton import Baton
from flightlib.kafka.client import now_ms
from flightlib.kafka.convoy import Batch, Convoy
from flightlib.kafka.pump import Pump, producer
from flightlib.records import FlightReport
from flightlib.settings import Settings, load
from flightlib.sky import Sky

LOOK_S = 0.002


@dataclass(frozen=True, slots=True)
class Throughput:
    """Reports a second of a producer with ready bytes, and of a sky through the same producer.

    The CPU times are those of this process, in microseconds for each report.
    """

    reports: int
    ready_per_s: float
    sky_per_s: float
    ready_cpu_us: float
    sky_cpu_us: float

    @property
    def ratio(self) -> float:
        """The sky's share of what the producer can do."""
        return self.sky_per_s / self.ready_per_s

    def __str__(self) -> str:
        """Say it in one line."""
        return (
            f"{self.reports:,} reports: ready bytes {self.ready_per_s:,.0f}/s "
            f"({self.ready_cpu_us:.2f} µs of CPU each), sky {self.sky_per_s:,.0f}/s "
            f"({self.sky_cpu_us:.2f} µs), ratio {self.ratio:.2f}"
        )


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


def measure_throughput(
    topic: str,
    settings: Settings | None = None,
    flights: int = 10_000,
    reports: int = 1_000_000,
    rounds: int = 3,
    schema_id: int = 1,
) -> list[Throughput]:
    """Measure, by turns, a producer with ready bytes and a sky through the same producer.

    Each turn lasts until Kafka has acknowledged about as many reports as asked for. The topic
    must be there; its messages are of no use to anybody else. Raises FlightlibError when Kafka
    does not take them all.
    """
    settings = settings or load()
    batches = Sky(flights).reports(now_ms(), late_share=0.02).batches()
    # The first ticks plan and write every flight: that is the start of a sky, not its pace.
    ready: list[_Made] = []
    while sum(len(made.due_ms) for made in ready) < 3 * flights:
        batch = next(batches)
        ready.append(_Made(batch.due_ms, *batch.messages(schema_id)))
    turns = max(1, round(reports / (3 * flights)))
    found = []
    for _ in range(rounds):
        made = iter(ready * turns)
        ready_per_s, ready_cpu_us, _ = _turn(made, topic, settings, schema_id)
        drawn = islice(batches, len(ready) * turns)
        sky_per_s, sky_cpu_us, sent = _turn(drawn, topic, settings, schema_id)
        found.append(Throughput(sent, ready_per_s, sky_per_s, ready_cpu_us, sky_cpu_us))
    return found


def _turn(
    batches: Iterator[Batch], topic: str, settings: Settings, schema_id: int
) -> tuple[float, float, int]:
    """Send batches as fast as they go; the reports a second, the CPU of each, and how many."""
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    pump = Pump(
        Convoy(batches),
        topic,
        prepare=lambda: schema_id,
        connect=lambda trouble: producer(settings, trouble),
        address=settings.kafka,
        baton=Baton(settings, topic),
        paced=False,
    )
    while pump.running:
        time.sleep(LOOK_S)
    spent_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    pump.stop(10)
    status = pump.ledger.status(now_ms(), running=False)
    if status.errors or status.acknowledged != status.sent or not status.sent:
        raise FlightlibError(f"Kafka did not take what was measured: {status}.")
    return status.sent / spent_s, cpu_s / status.sent * 1e6, status.sent
