"""One look at all engines and at what they hold; what is down is told, and never raised."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from flightlib import flink, kafka, lake
from flightlib.engines import Statuses, status
from flightlib.errors import FlightlibError
from flightlib.settings import Settings


@dataclass(frozen=True)
class JobSeen:
    """One named job that is meant to run; `details` is None if Flink does not know it."""

    name: str
    details: flink.Details | None

    @property
    def state(self) -> str:
        """Flink's word for it, or RESTORING while it is to be brought back."""
        return self.details.state if self.details else "RESTORING"


@dataclass(frozen=True)
class Look:
    """What was seen at one moment.

    `at_s` is that moment in epoch seconds. `ends` has each topic's next offset by partition.
    `troubles` says in one line, for "topics", "jobs" or "tables", why nothing is known of them.
    """

    at_s: float
    engines: Statuses
    ends: Mapping[str, Mapping[int, int]]
    jobs: tuple[JobSeen, ...]
    tables: tuple[lake.State, ...]
    troubles: Mapping[str, str]


def look(settings: Settings) -> Look:
    """Look at every engine, then at what those that are healthy hold; takes some seconds at most.

    Nothing is raised for an engine that is down.
    """
    at_s, rows = time.time(), status(settings)
    troubles: dict[str, str] = {}
    parts: dict[str, tuple[str, str, Callable[[], Any], Any]] = {
        "topics": ("kafka", "kafka", lambda: _ends(settings), {}),
        "jobs": ("jobmanager", "flink", lambda: _jobs(settings), ()),
        "tables": ("catalog", "catalog", lambda: _tables(settings, troubles), ()),
    }
    states = {row.engine: row.state for row in rows}

    def part(name: str) -> Any:
        engine, command, ask, nothing = parts[name]
        if states[engine] != "healthy":
            troubles[name] = f"{engine} is {states[engine]}: `flightlib up {command}`"
            return nothing
        return _asked(name, ask, troubles, nothing)

    with ThreadPoolExecutor(len(parts)) as pool:
        ends, jobs, tables = pool.map(part, parts)
    return Look(at_s, rows, ends, jobs, tables, troubles)


def _asked(name: str, ask: Callable[[], Any], troubles: dict[str, str], nothing: Any) -> Any:
    try:
        return ask()
    except (FlightlibError, flink.Refused) as error:
        troubles[name] = (str(error) or type(error).__name__).splitlines()[0]
        return nothing


def _ends(settings: Settings) -> dict[str, dict[int, int]]:
    there = [topic for topic in kafka.TOPICS if topic in kafka.topics(settings)]
    ends = {topic: kafka.watermarks(topic, settings) for topic in there}
    return {topic: {p: high for p, (_, high) in marks.items()} for topic, marks in ends.items()}


def _jobs(settings: Settings) -> tuple[JobSeen, ...]:
    wanted = [e for e in flink.Book(settings).entries() if e.wanted == "running"]
    cluster = flink.Cluster(settings)
    return tuple(JobSeen(entry.name, cluster.details(entry.job_id)) for entry in wanted)


def _tables(settings: Settings, troubles: dict[str, str]) -> tuple[lake.State, ...]:
    asked = [
        _asked("tables", lake.watch(settings, name).state, troubles, None) for name in lake.PLANS
    ]
    return tuple(state for state in asked if state is not None)
