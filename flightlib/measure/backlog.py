"""A backlog of reports in Kafka, and how fast a job of Flink works it off."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from flightlib import kafka
from flightlib.errors import MeasureError
from flightlib.flink import Book, Cluster, Job, Statement
from flightlib.flink.book import group_of
from flightlib.measure.sky import turn
from flightlib.settings import Settings
from flightlib.sky import Sky
from flightlib.sky.ready import Ready

TOPIC = "flights"
LOOK_S = 0.1
WITHIN_S = 300.0
FIRST_SHARE = 0.1
"""The part of a backlog that is read before the clock starts: a job's tasks start one by one."""


@dataclass
class Backlog:
    """What was published for jobs to read: how much, and between which offsets.

    `high` counts the reports above `high_ft` feet, `start` is each partition's first offset.
    """

    start: Mapping[int, int]
    high_ft: int
    reports: int = 0
    high: int = 0

    def counted(self, batches: Iterable[Ready], reports: int) -> Iterator[Ready]:
        """Pass batches on until there are as many reports as asked for, and count them."""
        for one in batches:
            self.reports += len(one.batch)
            self.high += int((one.batch.columns.altitude > self.high_ft).sum())
            yield one
            if self.reports >= reports:
                return


def ends(settings: Settings, topic: str = TOPIC) -> dict[int, int]:
    """Tell the next offset of each partition of a topic."""
    return {p: high for p, (_, high) in kafka.watermarks(topic, settings).items()}


def send(settings: Settings, flights: int, reports: int, high_ft: int = 35_000) -> Backlog:
    """Send a sky of so many flights, as fast as Kafka takes it, until there are enough reports.

    Their event times lie in the past, one report of a flight each second. Raises MeasureError
    unless Kafka acknowledges all.
    """
    kafka.ensure_topics(settings)
    backlog = Backlog(ends(settings), high_ft)
    begun_ms = kafka.now_ms() - 1000 * (reports // flights + 60)
    batches = Sky.busy(begun_ms, flights).reports(begun_ms, late_share=0.02).batches()
    turn(backlog.counted(batches, reports), settings)
    return backlog


def publish(settings: Settings, flights: int, reports: int, high_ft: int = 35_000) -> Backlog:
    """Send a backlog (see `send`) while nobody else publishes.

    Raises MeasureError unless Kafka holds exactly what was sent.
    """
    backlog = send(settings, flights, reports, high_ft)
    held = sum(ends(settings).values()) - sum(backlog.start.values())
    if held != backlog.reports:
        raise MeasureError(f"{backlog.reports:,} reports were sent, and Kafka holds {held:,}.")
    return backlog


@contextmanager
def working(
    settings: Settings, name: str, statement: Statement, setup: Sequence[str], backlog: Backlog
) -> Iterator[Job]:
    """Let a job of a name read a backlog from its first report; it is forgotten afterwards."""
    job = Job(name, settings)
    forget(job)
    kafka.commit(settings, group_of(name), TOPIC, backlog.start)
    try:
        job.start(statement, tuple(setup), None)
        yield job
    finally:
        forget(job)


def forget(job: Job) -> None:
    """Stop a job and keep nothing of it, if it was ever started."""
    if Book(job.settings).read(job.name) is not None:
        job.forget()


class Reading:
    """What a job has read of its topic, as Flink's JobManager tells."""

    def __init__(self, job: Job) -> None:
        self._cluster = Cluster(job.settings)
        jobs_path = f"/jobs/{job.entry.job_id}"
        sources = [v for v in self._vertices(jobs_path) if v["name"].startswith("Source:")]
        self._path = f"{jobs_path}/vertices/{sources[0]['id']}/subtasks/metrics"
        self._names: list[str] = []

    def _vertices(self, path: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._cluster.get(path)["vertices"]
        return found

    def numbers(self, ending: str) -> dict[str, float]:
        """Sum each of the source's metrics whose name ends so over its tasks; {} when too early."""
        if not any(name.endswith(ending) for name in self._names):
            self._names = [row["id"] for row in self._cluster.get(self._path)]
        names = [n for n in self._names if n.startswith("Source__") and n.endswith(ending)]
        if not names:
            return {}
        rows = self._cluster.get(f"{self._path}?get={','.join(names)}&agg=sum")
        return {row["id"]: float(row["sum"]) for row in rows}

    def reports(self) -> int:
        """Count the reports read so far."""
        return int(sum(self.numbers(".numRecordsIn").values()))


Looks = list[tuple[float, int]]
"""Seconds since the job ran, and the reports it had read by then."""


def watch(job: Job, total: int, within_s: float = WITHIN_S) -> Looks:
    """Look at a job until it has read its backlog: a row for each look that found more read.

    Raises MeasureError when that takes too long.
    """
    begun_s, reading = time.monotonic(), Reading(job)
    looks: Looks = [(0.0, 0)]
    while looks[-1][1] < total:
        count, at_s = reading.reports(), time.monotonic() - begun_s
        if count > looks[-1][1]:
            looks.append((at_s, count))
        if at_s > within_s:
            raise MeasureError(
                f"Job {job.name} has read {count:,} of {total:,} reports in {within_s:.0f} s. "
                f"{job.facts()}"
            )
        time.sleep(LOOK_S)
    return looks


def pace(looks: Looks, total: int) -> float:
    """Tell how many reports a second a job read, from a tenth of its backlog to the end.

    The last look may be late, so the one before it ends the time, if there are three or more.
    """
    counted = [look for look in looks if look[1] >= FIRST_SHARE * total]
    early = counted[:-1] if len(counted) > 2 else counted
    if len(early) < 2:
        early = [looks[0], looks[-1]]
    (first_s, first), (last_s, last) = early[0], early[-1]
    return (last - first) / (last_s - first_s) if last_s > first_s else float("nan")


def frame(runs: Mapping[tuple[str, int], Looks]) -> pd.DataFrame:
    """Put the looks of runs (job, round) into one table: job, round, time_s, reports."""
    rows = [(*run, *look) for run, looks in runs.items() for look in looks]
    return pd.DataFrame(rows, columns=["job", "round", "time_s", "reports"])


def paces(samples: pd.DataFrame, total: int) -> pd.DataFrame:
    """Tell the pace of each run of such a table: a row for each round, a column for each job."""
    found = {
        key: pace(list(zip(run.time_s, run.reports, strict=True)), total)
        for key, run in samples.groupby(["round", "job"])
    }
    return pd.Series(found).unstack()
