"""What the JobManager tells of one job, as plain values. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Running:
    """One job as the JobManager lists it."""

    job_id: str
    name: str
    state: str
    start_ms: int
    tasks: int
    running_tasks: int


@dataclass(frozen=True)
class Vertex:
    """One box of a job's plan, all its subtasks together."""

    id: str
    name: str
    parallelism: int
    records_in: int
    records_out: int
    metrics: dict[str, float]
    watermark_ms: int | None

    @property
    def is_source(self) -> bool:
        """Whether it reads from outside."""
        return self.name.startswith("Source:")

    def total(self, metric: str) -> float:
        """Sum a metric over the operators of the box that have it; the task's own if it has it."""
        own = self.metrics.get(metric)
        parts = [v for name, v in self.metrics.items() if name.endswith(f".{metric}")]
        return own if own is not None else sum(parts)

    def _of_writers(self, metric: str) -> float:
        names = (n for n in self.metrics if n.endswith(f"Writer.{metric}"))
        return sum(self.metrics[name] for name in names)

    @property
    def written(self) -> float:
        """Records handed to sinks."""
        return self._of_writers("numRecordsIn")

    @property
    def written_per_s(self) -> float:
        """Records handed to sinks each second."""
        return self._of_writers("numRecordsInPerSecond")


@dataclass(frozen=True)
class Details:
    """All that is asked of one job."""

    job: Running
    uptime_s: float
    restarts: int
    vertices: tuple[Vertex, ...]
    checkpoints: int
    checkpoint_s: float | None
    checkpoint_age_s: float | None
    fault: str  # the root exception's trace, "" if the job has had none
    fault_ms: int
    checkpoints_failed: int = 0

    @property
    def state(self) -> str:
        """Flink's word for the job; RUNNING only when every task does."""
        waits = self.job.state == "RUNNING" and self.job.running_tasks < self.job.tasks
        return "STARTING" if waits else self.job.state

    @property
    def lag(self) -> int:
        """How many messages Kafka has that its sources have not read yet."""
        return int(sum(v.total("pendingRecords") for v in self.vertices if v.is_source))

    @property
    def read_per_s(self) -> float:
        """How many messages its sources read each second."""
        return sum(v.total("numRecordsInPerSecond") for v in self.vertices if v.is_source)
