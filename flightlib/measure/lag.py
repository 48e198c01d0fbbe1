"""How far the readers of Kafka are behind while reports flow: the backend, and a job of Flink."""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import pandas as pd
from prometheus_client.parser import text_string_to_metric_families

from flightlib import kafka
from flightlib.errors import MeasureError
from flightlib.live.link import caller
from flightlib.measure import near
from flightlib.measure.backlog import TOPIC, Backlog, Reading, ends, working
from flightlib.measure.bench import Bench
from flightlib.measure.figure import FLINK, Figure, Found, Goal, percentiles
from flightlib.measure.lessons import filled
from flightlib.settings import HOST, Settings

JOB, HIGH_FT = "high-altitude", 35_000
AFTER_S = 1.0
"""How long a message may lie in Kafka unread; after that it is overdue."""
LOOK_S = 0.2
DRAIN_S = 15.0
Offsets = Mapping[int, int]
Reader = Callable[[], Offsets]


class Look(NamedTuple):
    """Offsets of all partitions as they were told at a moment (seconds)."""

    at_s: float
    offsets: Offsets


def measure(bench: Bench, flights: int = 1000, seconds: float = 60.0) -> Found:
    """Measure what the backend and the lesson's filter leave unread while a sky flows.

    Kafka's end offsets and each reader's position are looked at five times a second. A message
    that has lain in Kafka for a second and is not read is overdue, partition by partition. At the
    end the publisher stops, and both have to reach what Kafka holds.
    """
    settings = bench.settings
    kafka.ensure_topics(settings)
    url = f"http://{HOST}:{settings.backend_port}"
    (lesson,) = filled(JOB, high_ft=HIGH_FT)
    start = ends(settings)
    port = str(settings.backend_port)
    backend = bench.process("flightlib", "serve", "--port", port, log="serve.log")
    with _ended(bench, backend), working(settings, JOB, lesson, (), Backlog(start, HIGH_FT)) as job:
        bench.until(lambda: near.answers(f"{url}/healthz"), "the backend")
        readers = {"backend": of_backend(url), JOB: of_job(Reading(job), start)}
        sky = bench.process("flightlib", "generate", "--flights", str(flights), log="sky.log")
        with _ended(bench, sky), _client(url):
            due = bench.warm_rounds * flights

            def flows() -> bool:
                end = ends(settings)
                level = all(behind(end, reader()) < flights for reader in readers.values())
                return level and behind(end, start) >= due

            bench.until(flows, "reports that are read")
            written, reads = watched(settings, readers, seconds)
        drained = _drained(settings, readers)
    rows = [(t, name, *rest) for name in readers for t, *rest in lags(written, reads[name])]
    samples = pd.DataFrame(rows, columns=["time_s", "consumer", "lag_reports", "overdue_reports"])
    return Found(samples, _numbers(samples), _counts(start, *drained), NOTES)


NOTES = (
    "A position of the job is up to 0.2 s old, since Flink collects its numbers as often, and "
    "counts as of the moment when it was told: its lag looks by so much larger than it is.",
)


def behind(end: Offsets, position: Offsets) -> int:
    """Count the messages before the end offsets that a reader has not reached."""
    return sum(max(0, offset - position.get(p, 0)) for p, offset in end.items())


def lags(written: Sequence[Look], reads: Sequence[Look]) -> Iterator[tuple[float, int, int]]:
    """Compare the looks at a reader with those at Kafka: time, lag, and what is overdue.

    The lag is against the end offsets told last; overdue is what lies before those told AFTER_S
    seconds or longer ago. A look with none so old gives no row.
    """
    for at_s, position in reads:
        known = [look.offsets for look in written if look.at_s <= at_s]
        old = [look.offsets for look in written if look.at_s <= at_s - AFTER_S]
        if old:
            yield at_s, behind(known[-1], position), behind(old[-1], position)


def _numbers(samples: pd.DataFrame) -> dict[str, float]:
    numbers = {"overdue_reports": float(samples.overdue_reports.max())}
    for name, short in (("backend", "backend"), (JOB, "flink")):
        found = percentiles(samples.lag_reports[samples.consumer == name], "reports")
        numbers |= {f"{short}_lag_{key}": value for key, value in found.items()}
    return numbers


def _counts(
    start: Offsets, end: Offsets, last: Mapping[str, Offsets]
) -> dict[str, tuple[int, int]]:
    begun = sum(start.values())
    written = sum(end.values()) - begun
    return {f"read by {n}": (written, sum(p.values()) - begun) for n, p in last.items()}


def watched(
    settings: Settings, readers: Mapping[str, Reader], seconds: float
) -> tuple[list[Look], dict[str, list[Look]]]:
    """Look at Kafka and at each reader, by turns, for so many seconds."""
    begun_s = time.monotonic()
    written: list[Look] = []
    reads: dict[str, list[Look]] = {name: [] for name in readers}

    def look(reader: Reader) -> Look:
        # The answer comes first: a position counts as of later than it was, never of earlier.
        offsets = reader()
        return Look(time.monotonic() - begun_s, offsets)

    while time.monotonic() - begun_s < seconds + AFTER_S:
        due_s = time.monotonic() + LOOK_S
        written.append(look(lambda: ends(settings)))
        for name, reader in readers.items():
            reads[name].append(look(reader))
        time.sleep(max(0.0, due_s - time.monotonic()))
    return written, reads


def _drained(
    settings: Settings, readers: Mapping[str, Reader]
) -> tuple[Offsets, dict[str, Offsets]]:
    """Give what Kafka holds after the publisher's end, and where each reader comes to."""
    end, deadline_s = ends(settings), time.monotonic() + DRAIN_S
    while True:
        last = {name: reader() for name, reader in readers.items()}
        if not any(behind(end, p) for p in last.values()) or time.monotonic() > deadline_s:
            return end, last
        time.sleep(LOOK_S)


def of_backend(url: str) -> Reader:
    """Read the backend's positions from its metrics."""
    http = caller(url, 10)

    def position() -> Offsets:
        try:
            return offsets_in(http.get(f"{url}/metrics").text)
        except httpx.HTTPError as error:
            raise MeasureError(f"The backend on {url} does not answer: {error}.") from None

    return position


def offsets_in(text: str) -> dict[int, int]:
    """Find in a backend's metrics up to which offset it has read each partition of `flights`."""
    families = text_string_to_metric_families(text)
    samples = [s for f in families if f.name == "flightlib_next_offset" for s in f.samples]
    mine = [s for s in samples if s.labels["topic"] == TOPIC]
    return {int(s.labels["partition"]): int(s.value) for s in mine}


def of_job(reading: Reading, start: Offsets) -> Reader:
    """Read a job's positions from the metrics of its source."""

    def position() -> Offsets:
        told = {
            int(found[1]): int(value) + 1
            for name, value in reading.numbers(".currentOffset").items()
            if (found := re.search(rf"\.{TOPIC}\.partition\.(\d+)\.", name))
        }
        # A partition of which nothing was read yet has the offset -1.
        return {p: max(offset, told.get(p, 0)) for p, offset in start.items()}

    return position


@contextmanager
def _ended(bench: Bench, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """End a process in any case."""
    try:
        yield
    finally:
        bench.end(process)


@contextmanager
def _client(url: str) -> Iterator[None]:
    """Be a client of the backend's stream meanwhile, so that it has its usual work."""
    over = threading.Event()

    def listen() -> None:
        with (
            contextlib.suppress(httpx.HTTPError),
            caller(url, 30) as asking,
            asking.stream("GET", f"{url}/flights/sse") as stream,
        ):
            for _ in stream.iter_raw():
                if over.is_set():
                    return

    thread = threading.Thread(target=listen, name="measure-client", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(AFTER_S)


FIGURE = Figure(
    "lag",
    "consumer lag, 1,000 flights at 1 Hz: unread a second after Kafka has it",
    measure,
    (Goal("overdue_reports", "0 within 1 s", most=0),),
    quick={"flights": 200, "seconds": 2.0},
    needs=FLINK,
)
