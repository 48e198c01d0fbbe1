"""What grows with the sky: lag, latency and CPU at ever more flights, through Flink to a client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import psutil

from flightlib.backend.filters import Filter
from flightlib.measure.backlog import Backlog, Reading, ends, working
from flightlib.measure.bench import Bench
from flightlib.measure.cores import Cores
from flightlib.measure.figure import FLINK, Figure, Found, Goal
from flightlib.measure.flink import HIGH_FT, JOB, PATH, TOPICS, is_high
from flightlib.measure.lag import lags, of_backend, of_job, watched
from flightlib.measure.lessons import filled
from flightlib.measure.looks import Look, look
from flightlib.measure.onair import OnAir, on_air
from flightlib.measure.stages import TOTAL, counted, latencies, thinned
from flightlib.settings import HOST

FACTORS = (1, 10, 100)
WAY, READER = "report to SSE client", "Flink"
CLUSTER = ("jobmanager", "taskmanager", "gateway")
ROLES = {"generate": "sky", "serve": "backend"}
MEASURING = "measuring"
COLUMNS = ["flights", "line", "latency_s", "lag_reports", "cpu_cores"]
NOTES = (
    "Each flight reports once a second; the lesson's filter lies on the way, and the clients get "
    "a frame each 0.25 s.",
    "Cores at work: processor time by the clock's time. 'measuring' is this measurement itself "
    "with its clients: on a machine with few cores it takes its part from the others.",
    "A knee is the load after which a number grows faster than the load itself.",
)


@dataclass(frozen=True)
class Step:
    """What was seen at one load: latencies (s), unread reports and cores at work, by line."""

    flights: int
    waits_s: Sequence[float]
    unread: Sequence[tuple[str, int]]
    cores: Mapping[str, float]
    counts: Mapping[str, tuple[int, int]]

    def rows(self) -> Iterator[tuple[int, str, float, float, float]]:
        """Give the samples: flights, line, latency_s, lag_reports, cpu_cores; one of them each."""
        none = float("nan")
        yield from ((self.flights, WAY, wait_s, none, none) for wait_s in self.waits_s)
        yield from ((self.flights, name, none, lag, none) for name, lag in self.unread)
        yield from ((self.flights, name, none, none, used) for name, used in self.cores.items())


def measure(
    bench: Bench,
    flights: int = 100,
    clients: int = 10,
    seconds: float = 15.0,
    factors: Sequence[int] = FACTORS,
) -> Found:
    """Measure latency, lag and CPU at so many flights, and at 10 and 100 times as many.

    The samples have a row for a latency (latency_s), a look at a reader's lag (lag_reports), or a
    process's work (cpu_cores), each with its `line` and the number of `flights`.
    """
    steps = []
    for factor in factors:
        bench.say(f"{flights * factor:,} flights for {seconds:g} s")
        steps.append(_step(bench, flights * factor, clients, seconds))
    samples = pd.DataFrame([row for one in steps for row in one.rows()], columns=COLUMNS)
    counts = {f"{one.flights} flights, {n}": c for one in steps for n, c in one.counts.items()}
    return Found(samples, numbers(samples, flights), counts, NOTES)


def _step(bench: Bench, flights: int, clients: int, seconds: float) -> Step:
    settings, everybody = bench.settings, range(clients)
    (lesson,) = filled(JOB, high_ft=HIGH_FT)
    with on_air(bench) as backend:
        start = ends(settings)
        with working(settings, JOB, lesson, (), Backlog(start, HIGH_FT)) as job:
            url = f"http://{HOST}:{settings.backend_port}"
            readers = {"backend": of_backend(url), READER: of_job(Reading(job), start)}
            unread: list[tuple[str, int]] = []
            used: dict[str, float] = {}

            def watch(for_s: float) -> None:
                cores = Cores(_groups(backend))
                written, reads = watched(settings, readers, for_s)
                used.update(cores.look())
                for name in readers:
                    unread.extend((name, lag) for _, lag, _ in lags(written, reads[name]))

            paths = [PATH] * clients
            seen = look(backend, paths, [0], flights, seconds, TOPICS, is_high, watch)
    counts = counted(seen, {0: (Filter(min_altitude=HIGH_FT + 1), everybody)})
    return Step(flights, _waits(seen, everybody), unread, used, counts)


def _waits(seen: Look, everybody: Sequence[int]) -> list[float]:
    return [round(float(one), 4) for one in thinned(latencies(seen, 0, everybody)[TOTAL])]


def _groups(backend: OnAir) -> dict[str, list[psutil.Process]]:
    """Find who works: Kafka, Flink, the backend, the sky, and this measurement."""
    bench = backend.bench
    pids = {row.engine: row.pid for row in bench.local.status() if row.pid is not None}
    groups = {
        "Kafka": [psutil.Process(pids["kafka"])],
        READER: [psutil.Process(pids[name]) for name in CLUSTER if name in pids],
        MEASURING: [psutil.Process()],
    }
    for one in bench.processes:
        role = next((r for word, r in ROLES.items() if word in _words(one.args)), MEASURING)
        groups.setdefault(role, []).append(psutil.Process(one.pid))
    return groups


def _words(command: object) -> list[str]:
    return [str(word) for word in command] if isinstance(command, (list, tuple)) else []


def numbers(samples: pd.DataFrame, flights: int) -> dict[str, float]:
    """Give p99 latency, p99 lag of each reader, and all cores at work, for each load ("x10")."""
    found: dict[str, float] = {}
    for load in sorted({int(one) for one in samples.flights}):
        rows, at = samples[samples.flights == load], f"x{load // flights}"
        found[f"p99_at_{at}_s"] = float(rows.latency_s.quantile(0.99))
        for short, line in (("backend", "backend"), ("flink", READER)):
            lag = rows.lag_reports[rows.line == line].quantile(0.99)
            found[f"{short}_lag_p99_at_{at}_reports"] = float(lag)
        found[f"cpu_at_{at}_cores"] = float(rows.cpu_cores[rows.line != MEASURING].sum())
    return found


FIGURE = Figure(
    "growth",
    "growth: 100 times the flights, through Flink to an SSE client",
    measure,
    (Goal("p99_at_x100_s", "p99 below 2 s", most=2.0),),
    quick={"flights": 5, "clients": 3, "seconds": 2.0, "factors": (100,)},
    needs=FLINK,
)
