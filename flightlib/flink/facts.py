"""How a named job is doing, in numbers and in words."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from dataclasses import dataclass

from flightlib import kafka
from flightlib.errors import EngineDown, FlightlibError
from flightlib.flink import why
from flightlib.flink.book import Entry
from flightlib.flink.cluster import Cluster
from flightlib.flink.ddl import TOPIC_TABLES
from flightlib.flink.details import Details
from flightlib.flink.rest import Refused
from flightlib.settings import Settings

TOLD_FOR_MS = 120_000
LATELY_MS = 20_000


@dataclass(frozen=True, repr=False)
class JobFacts:
    """One job at one moment; what cannot be told is None."""

    name: str
    state: str  # Flink's word, or STOPPED, RESTORING, SILENT
    job_id: str | None
    uptime_s: float | None = None
    records_in: int | None = None
    records_out: int | None = None
    records_in_per_s: float | None = None
    records_out_per_s: float | None = None
    checkpoints: int | None = None
    checkpoint_s: float | None = None
    checkpoint_age_s: float | None = None
    restarts: int | None = None
    lag: int | None = None
    watermark_ms: int | None = None
    watermark_lag_s: float | None = None
    late_dropped: int | None = None
    why: str = ""

    def __repr__(self) -> str:
        """Say it in one line."""
        parts = [f"{self.name}: {self.state}"]
        if self.records_in is not None and self.records_out is not None:
            parts.append(f"{self.records_in:,} in, {self.records_out:,} out")
        if self.checkpoints is not None:
            parts.append(f"{self.checkpoints:,} checkpoints")
        if self.lag is not None:
            parts.append(f"lag {self.lag:,}")
        return " · ".join([*parts, *([self.why] if self.why else [])])


def facts(settings: Settings, entry: Entry) -> JobFacts:
    """Ask the cluster about a job; an engine that is down shows in the state."""
    if entry.wanted != "running":
        state = "STOPPED" if entry.wanted == "stopped" else "FINISHED"
        return JobFacts(entry.name, state, entry.job_id, why=entry.note)
    try:
        details = Cluster(settings).details(entry.job_id)
    except (EngineDown, Refused) as error:
        text = f"{error} The job then goes on from its last checkpoint by itself."
        return JobFacts(entry.name, "SILENT", entry.job_id, why=text)
    if details is None:
        text = "The JobManager is new and knows no jobs; this one is being restored."
        if settings.elsewhere("flink"):
            text = "Flink knows this job no more. Run its cell again."
            return JobFacts(entry.name, "LOST", entry.job_id, why=text)
        return JobFacts(entry.name, "RESTORING", entry.job_id, why=text)
    return _told(settings, entry, details)


def _told(settings: Settings, entry: Entry, details: Details) -> JobFacts:
    now_ms = kafka.now_ms()
    sources = [v for v in details.vertices if v.is_source]
    marks = [v.watermark_ms for v in details.vertices if v.watermark_ms is not None]
    reason = _why(settings, entry, details) or _lately(entry, now_ms)
    return JobFacts(
        name=entry.name,
        state=details.state,
        job_id=entry.job_id,
        uptime_s=details.uptime_s,
        records_in=int(sum(v.total("numRecordsIn") for v in sources)),
        records_out=int(sum(v.written for v in details.vertices)),
        records_in_per_s=sum(v.total("numRecordsInPerSecond") for v in sources),
        records_out_per_s=sum(v.written_per_s for v in details.vertices),
        checkpoints=details.checkpoints,
        checkpoint_s=details.checkpoint_s,
        checkpoint_age_s=details.checkpoint_age_s,
        restarts=details.restarts,
        lag=int(sum(v.total("pendingRecords") for v in sources)) if sources else None,
        watermark_ms=min(marks, default=None),
        watermark_lag_s=max(0.0, (now_ms - min(marks)) / 1000) if marks else None,
        late_dropped=int(sum(v.total("numLateRecordsDropped") for v in details.vertices)),
        why=reason,
    )


def _lately(entry: Entry, now_ms: int) -> str:
    restored = entry.note.startswith("Restored") and now_ms - entry.began_ms < TOLD_FOR_MS
    return entry.note if restored else ""


def _why(settings: Settings, entry: Entry, details: Details) -> str:
    free, slots = 1, 16
    with contextlib.suppress(EngineDown, Refused):
        free, slots = Cluster(settings).free_slots()
    scene = why.Scene(
        sql=entry.sql,
        now_ms=kafka.now_ms(),
        free_slots=free,
        slots=slots,
        poison=_poison(settings, entry, details),
        silent_s=silences(settings),
        skip=f"`%flink --job {entry.name} --skip` goes on after it.",
    )
    return why.explain(details, scene)


_found: dict[str, str] = {}
_looked: set[tuple[str, int]] = set()


def _poison(settings: Settings, entry: Entry, details: Details) -> str:
    """Look for the message a restarting job stumbles on: once for each fault."""
    look = (entry.job_id, details.fault_ms)
    if entry.job_id not in _found and look not in _looked:
        _looked.add(look)
        with contextlib.suppress(FlightlibError):
            for topic in stumbling(details):
                start = kafka.committed(settings, entry.group, topic)
                if found := kafka.find_poison(settings, topic, start):
                    _found[entry.job_id] = str(found)
    return _found.get(entry.job_id, "") if stumbling(details) else ""


def stumbling(details: Details | None) -> list[str]:
    """Name the topics that a job reads, if what it fails on is a message it cannot read."""
    if details is None or "deserialize" not in details.fault:
        return []
    # Between two falls it runs for a moment.
    if details.state == "RUNNING" and kafka.now_ms() - details.fault_ms > LATELY_MS:
        return []
    sources = [vertex.name for vertex in details.vertices if vertex.is_source]
    return [t for t in TOPIC_TABLES if any(re.search(rf"\b{t}\[", name) for name in sources)]


class Ears:
    """Remembers when each partition of a topic last grew, from one look to the next."""

    def __init__(self) -> None:
        self._ends: dict[int, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def silent_s(self, ends: dict[int, int], now_s: float) -> dict[int, float]:
        """Take in the end offsets of now; give how long each partition has been silent."""
        with self._lock:
            for partition, end in ends.items():
                known = self._ends.get(partition)
                if known is None or known[0] != end:
                    self._ends[partition] = (end, now_s)
            return {p: now_s - since for p, (_, since) in self._ends.items()}


_ears: dict[Settings, Ears] = {}


def silences(settings: Settings, topic: str = "flights") -> dict[int, float]:
    """Tell how long each partition has been silent, as far as this process has watched."""
    try:
        ends = {p: high for p, (_, high) in kafka.watermarks(topic, settings).items()}
    except FlightlibError:
        return {}
    return _ears.setdefault(settings, Ears()).silent_s(ends, time.monotonic())
