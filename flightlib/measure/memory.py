"""How much memory the engines hold: idle, and with the whole of the notebooks' work running."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import cycle

import pandas as pd
import psutil

from flightlib.errors import MeasureError
from flightlib.flink import Job
from flightlib.live import Stream
from flightlib.measure import near
from flightlib.measure.bench import Bench
from flightlib.measure.figure import Figure, Found, Goal
from flightlib.measure.lakeside import Lakeside, lakeside
from flightlib.measure.lessons import filled

IDLE_S = 10.0
LOOK_S = 2.0
FILTER, HIGH_FT = "high-altitude", 35_000
QUESTIONS = (
    "/flights?minutes=5&limit=500",
    "/flights/regions?minutes=5",
    "/flights/delays?by=region&minutes=5",
)
COLUMNS = ["state", "at_s", "engine", "memory_mb", "shared_out_mb"]
Row = tuple[str, float, str, float, float]

WHAT_IT_IS = (
    "Memory is resident memory (RSS), as `flightlib status` shows it: what a process holds in "
    "memory now. Pages that several engines share are counted for each of them; the column "
    "shared_out_mb (PSS, Linux only) gives each its part of those instead."
)
THE_LOAD = (
    "Load: {flights:,} flights that report once a second, the jobs high-altitude and to-lake, a "
    "backend with {clients} clients, a backlog of {reports:,} reports to work off, and {asked} "
    "REST questions ({answered} were answered). "
    "The number is the highest seen in {seconds:g} s; the backend, no engine, held "
    "{backend_mb:,.0f} MB."
)


def measure(
    bench: Bench,
    flights: int = 1000,
    clients: int = 20,
    seconds: float = 60.0,
    reports: int = 1_000_000,
    anew: bool = True,
) -> Found:
    """Measure the memory of each engine, first idle and then under load.

    Idle are engines that were left alone for some seconds after their start. They are started
    `anew`, because Java keeps what earlier figures made it take. Under load so many `reports` are
    published at once besides those that flow.
    """
    if anew:
        bench.stop_engines()
    bench.engines()
    engines = processes(bench)
    rows = list(_looks("idle", engines, min(IDLE_S, seconds)))
    asked = answered = 0
    with _load(bench, flights, clients) as here:
        questions = cycle(QUESTIONS)

        def ask() -> None:
            nonlocal asked, answered
            asked += 1
            answered += near.answers(here.url + next(questions))

        here.flood(bench, flights, reports)
        backend = psutil.Process(here.backend.pid)
        rows += _looks("load", {**engines, "backend": backend}, seconds, ask)
        still, flows = processes(bench), here.publishers[-1].poll() is None
    samples = pd.DataFrame(rows, columns=COLUMNS)
    same = sum(still[name].pid == engines[name].pid for name in engines)
    counts = {"engines that ran on": (len(engines), same), "skies that ran on": (1, int(flows))}
    backend_mb = samples[samples.engine == "backend"].memory_mb.max()
    load = {"flights": flights, "clients": clients, "seconds": seconds, "reports": reports}
    told = THE_LOAD.format(asked=asked, answered=answered, backend_mb=backend_mb, **load)
    return Found(samples, numbers(samples), counts, (WHAT_IT_IS, told))


def numbers(samples: pd.DataFrame) -> dict[str, float]:
    """Give the memory of all engines: the middle of what was seen idle, the most under load."""
    engines = samples[samples.engine != "backend"]
    columns = ["memory_mb", "shared_out_mb"]
    sums = engines.groupby(["state", "at_s"])[columns].sum(min_count=1) / 1000
    idle, load = sums.loc["idle"], sums.loc["load"]
    backend = samples[samples.engine == "backend"]
    return {
        "idle_gb": _middle(idle.memory_mb),
        "load_gb": float(load.memory_mb.max()),
        "idle_shared_out_gb": _middle(idle.shared_out_mb),
        "load_shared_out_gb": float(load.shared_out_mb.max()),
        "backend_mb": float(backend.memory_mb.max()),
    }


def _middle(values: pd.Series[float]) -> float:
    known = values.dropna()
    return float(known.median()) if len(known) else float("nan")


# --- looking --------------------------------------------------------------------------------------


def processes(bench: Bench) -> dict[str, psutil.Process]:
    """Find the process of each engine. Raises MeasureError when one does not run."""
    found = {row.engine: row.pid for row in bench.local.status()}
    for engine, pid in found.items():
        if pid is None:
            raise MeasureError(f"{engine} does not run. Look at `flightlib doctor`.")
    return {engine: psutil.Process(pid) for engine, pid in found.items()}


def megabytes(process: psutil.Process) -> tuple[float, float]:
    """Give the resident memory of a process, and its part when shared pages are shared out.

    The second is nan where the system does not tell it. Raises MeasureError if it is gone.
    """
    try:
        resident = process.memory_info().rss
        shared_out = getattr(process.memory_full_info(), "pss", float("nan"))
    except psutil.AccessDenied:
        shared_out = float("nan")
    except psutil.NoSuchProcess:
        raise MeasureError(f"Process {process.pid} ended while its memory was measured.") from None
    return resident / 1e6, shared_out / 1e6


def _looks(
    state: str,
    watched: Mapping[str, psutil.Process],
    seconds: float,
    between: Callable[[], None] = lambda: None,
) -> Iterator[Row]:
    """Look at all processes every two seconds, and do something between two looks."""
    begun_s = time.monotonic()
    for number in range(max(1, round(seconds / LOOK_S))):
        at_s = number * LOOK_S
        between()
        time.sleep(max(0.0, begun_s + at_s + LOOK_S - time.monotonic()))
        for engine, process in watched.items():
            yield state, at_s + LOOK_S, engine, *megabytes(process)


# --- load -----------------------------------------------------------------------------------------


@contextmanager
def _load(bench: Bench, flights: int, clients: int) -> Iterator[Lakeside]:
    """Keep everything of the notebooks running."""
    with bench.lend("lake", lambda: lakeside(bench, flights)) as here, ExitStack() as ends:
        (statement,) = filled(FILTER, high_ft=HIGH_FT)
        job = Job(FILTER, here.settings)
        job.start(statement, (), None)
        ends.callback(job.forget)
        for _ in range(clients):
            ends.callback(Stream(f"{here.url}/flights/sse").start().stop)
        bench.until(lambda: near.answers(here.url + QUESTIONS[1]), "an answer from Trino")
        yield here


FIGURE = Figure(
    "memory",
    "memory of all engines",
    measure,
    (
        Goal("idle_gb", "less than 3 GB idle", most=3),
        Goal("load_gb", "less than 4 GB under load", most=4),
    ),
    quick={"flights": 100, "clients": 3, "seconds": 2.0, "reports": 10_000, "anew": False},
    shares="lake",
)
