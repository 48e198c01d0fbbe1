"""`/metrics/engines`: what is to be seen of the engines, jobs and tables, for Prometheus.

A page of its own: it asks every engine, which takes a while, and `/metrics` is to be had at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from flightlib.backend.newest import Shared
from flightlib.engines import EngineStatus
from flightlib.lake import State
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
JOBS: dict[str, tuple[Made, Callable[[JobSeen], float | None]]] = {
    "flightlib_job_running": (
        (GAUGE, "1 while every task of a job that is meant to run does."),
        lambda j: j.state == "RUNNING",
    ),
    "flightlib_job_lag_reports": (
        (GAUGE, "Messages in Kafka that its sources have not read yet."),
        lambda j: j.details and j.details.lag,
    ),
    "flightlib_job_reports_per_second": (
        (GAUGE, "Messages its sources read each second."),
        lambda j: j.details and j.details.read_per_s,
    ),
    "flightlib_job_checkpoint_seconds": (
        (GAUGE, "Seconds the newest checkpoint took."),
        lambda j: j.details and j.details.checkpoint_s,
    ),
    "flightlib_job_checkpoint_age_seconds": (
        (GAUGE, "Seconds since the newest checkpoint."),
        lambda j: j.details and j.details.checkpoint_age_s,
    ),
    "flightlib_job_checkpoints": (
        (COUNTER, "Checkpoints made."),
        lambda j: j.details and j.details.checkpoints,
    ),
    "flightlib_job_checkpoints_failed": (
        (COUNTER, "Checkpoints that failed."),
        lambda j: j.details and j.details.checkpoints_failed,
    ),
    "flightlib_job_restarts": (
        (COUNTER, "Times Flink started it again after a fault."),
        lambda j: j.details and j.details.restarts,
    ),
}
TABLES: dict[str, tuple[Made, Callable[[State], float | None]]] = {
    "flightlib_lake_rows": (
        (GAUGE, "Rows of a table."),
        lambda t: t.current and t.current.total_records,
    ),
    "flightlib_lake_files": (
        (GAUGE, "Data files of a table."),
        lambda t: t.current and t.current.total_files,
    ),
    "flightlib_lake_snapshots": ((GAUGE, "Snapshots kept of a table."), lambda t: len(t.snapshots)),
    "flightlib_lake_commit_timestamp_seconds": (
        (GAUGE, "When the newest commit to a table was made."),
        lambda t: t.current and t.current.committed_ms / 1000,
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
        for name, (made, of_job) in JOBS.items():
            yield _metric(name, made, "job_name", {j.name: of_job(j) for j in found.jobs})
        for name, (made, of_table) in TABLES.items():
            yield _metric(name, made, "table", {t.name: of_table(t) for t in found.tables})


def _metric(name: str, made: Made, label: str, values: dict[str, float | None]) -> Metric:
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
