"""`/metrics/engines`: what is to be seen of the engines, jobs and tables, for Prometheus.

A page of its own: it asks every engine, which takes a while, and `/metrics` is to be had at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from flightlib.backend.newest import Shared
from flightlib.engines import EngineStatus
from flightlib.flink import Details
from flightlib.lake import Snapshot, State
from flightlib.observe import JobSeen, Look, look
from flightlib.settings import Settings

FRESH_S = 2.0
"""Whoever asks again within so many seconds gets the same."""

Made = tuple[type[GaugeMetricFamily] | type[CounterMetricFamily], str]
GAUGE, COUNTER = GaugeMetricFamily, CounterMetricFamily

ENGINES: dict[str, tuple[Made, Callable[[EngineStatus], float | None]]] = {
    "flightlib_engine_up": ((GAUGE, "1 while it answers."), lambda e: e.healthy),
    "flightlib_engine_memory_bytes": (
        (GAUGE, "Resident memory."),
        lambda e: None if e.memory_mb is None else e.memory_mb * 1e6,
    ),
    "flightlib_engine_uptime_seconds": ((GAUGE, "Age of its process."), lambda e: e.uptime_s),
    "flightlib_engine_restarts": (
        (COUNTER, "Times it died by itself and was started again."),
        lambda e: e.restarts,
    ),
}
JOBS: dict[str, tuple[Made, Callable[[Details], float | None]]] = {
    "flightlib_job_lag_reports": (
        (GAUGE, "Messages in Kafka that its sources have not read yet."),
        lambda j: j.lag,
    ),
    "flightlib_job_reports_per_second": (
        (GAUGE, "Messages its sources read each second."),
        lambda j: j.read_per_s,
    ),
    "flightlib_job_checkpoint_seconds": (
        (GAUGE, "Seconds the newest checkpoint took."),
        lambda j: j.checkpoint_s,
    ),
    "flightlib_job_checkpoint_age_seconds": (
        (GAUGE, "Seconds since the newest checkpoint."),
        lambda j: j.checkpoint_age_s,
    ),
    "flightlib_job_checkpoints": (
        (COUNTER, "Checkpoints made."),
        lambda j: j.checkpoints,
    ),
    "flightlib_job_checkpoints_failed": (
        (COUNTER, "Checkpoints that failed."),
        lambda j: j.checkpoints_failed,
    ),
    "flightlib_job_restarts": (
        (COUNTER, "Times Flink started it again after a fault."),
        lambda j: j.restarts,
    ),
}
TABLES: dict[str, tuple[Made, Callable[[Snapshot], float | None]]] = {
    "flightlib_lake_rows": (
        (GAUGE, "Rows of a table."),
        lambda t: t.total_records,
    ),
    "flightlib_lake_files": (
        (GAUGE, "Data files of a table."),
        lambda t: t.total_files,
    ),
    "flightlib_lake_commit_timestamp_seconds": (
        (GAUGE, "When the newest commit to a table was made."),
        lambda t: t.committed_ms / 1000,
    ),
}


class EngineCollector(Collector):
    """Tells Prometheus of one look; what is not known has no sample."""

    def __init__(self, found: Look) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        """Yield a metric per figure, with a sample per engine, topic, job or table."""
        found = self._found
        for name, (made, read) in ENGINES.items():
            yield _metric(name, made, "engine", {e.engine: read(e) for e in found.engines})
        sums = {topic: float(sum(ends.values())) for topic, ends in found.ends.items()}
        written = (COUNTER, "Messages ever written to a topic.")
        yield _metric("flightlib_topic_messages", written, "topic", sums)
        yield from _of_jobs(found.jobs)
        yield from _of_tables(found.tables)


def _of_jobs(jobs: Iterable[JobSeen]) -> Iterator[Metric]:
    running = (GAUGE, "1 while every task of a job that is meant to run does.")
    states = {job.name: float(job.state == "RUNNING") for job in jobs}
    yield _metric("flightlib_job_running", running, "job_name", states)
    known = {job.name: job.details for job in jobs if job.details}
    for name, (made, read) in JOBS.items():
        yield _metric(name, made, "job_name", {job: read(told) for job, told in known.items()})


def _of_tables(tables: Iterable[State]) -> Iterator[Metric]:
    kept = (GAUGE, "Snapshots kept of a table.")
    counts = {table.name: float(len(table.snapshots)) for table in tables}
    yield _metric("flightlib_lake_snapshots", kept, "table", counts)
    newest = {table.name: table.current for table in tables if table.current}
    for name, (made, read) in TABLES.items():
        yield _metric(name, made, "table", {table: read(told) for table, told in newest.items()})


def _metric(name: str, made: Made, label: str, values: Mapping[str, float | None]) -> Metric:
    family, text = made
    metric = family(name, text, labels=[label])
    for of, value in values.items():
        if value is not None:
            metric.add_metric([of], float(value))
    return metric


def text_of(found: Look) -> bytes:
    """Write one look in Prometheus' text format."""
    own = CollectorRegistry()
    own.register(EngineCollector(found))
    return generate_latest(own)


def watched(settings: Settings) -> Shared[bytes]:
    """Make what looks at the engines when asked, in a thread, at most once at a time."""
    return Shared(lambda: text_of(look(settings)), FRESH_S, FRESH_S)
