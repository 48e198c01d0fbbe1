"""From two looks, some seconds apart, to the figures of an operator. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flightlib import lake
from flightlib.engines import Statuses
from flightlib.observe.backend import Backend, Counts, quantile, since
from flightlib.observe.look import JobSeen, Look

TO_FRAME, REQUESTS = "flightlib_report_to_frame_seconds", "flightlib_request_seconds"


@dataclass(frozen=True)
class Seen:
    """One look, and what the backend said; `trouble` says why it said nothing."""

    look: Look
    backend: Backend | None
    trouble: str = ""


@dataclass(frozen=True)
class TopicFigures:
    """One topic, and the backend as its reader; what is not known is None."""

    topic: str
    reports_per_s: float | None  # written to Kafka
    lag: float | None  # in Kafka, and not read by the backend yet
    clients: float | None
    to_frame_p50_s: float | None  # from a report's own time to its frame
    to_frame_p99_s: float | None
    missed: float | None  # frames that clients could not take, since the backend began


@dataclass(frozen=True)
class JobFigures:
    """One job of Flink."""

    job: str
    state: str
    reports_per_s: float | None
    lag: int | None
    checkpoint_s: float | None
    checkpoint_age_s: float | None
    failed: int | None  # checkpoints
    restarts: int | None


@dataclass(frozen=True)
class TableFigures:
    """One table of the lake; `age_s` is how long ago its newest commit was."""

    table: str
    rows: int
    files: int
    snapshots: int
    age_s: float | None


@dataclass(frozen=True)
class RouteFigures:
    """One route of the backend, over the time between two looks; of all time if it was quiet."""

    route: str
    per_s: float | None
    p50_s: float | None
    p99_s: float | None
    errors: int  # answers with status 500 and above, since the backend began


@dataclass(frozen=True)
class Figures:
    """All of it at one moment. `troubles` has one line for each part that nothing is known of."""

    at_s: float
    engines: Statuses
    topics: tuple[TopicFigures, ...]
    jobs: tuple[JobFigures, ...]
    tables: tuple[TableFigures, ...]
    routes: tuple[RouteFigures, ...]
    clients: tuple[int, int] | None  # open streams, and how many may be
    refused: int
    backend_memory_mb: float | None
    troubles: Mapping[str, str]


def figures(before: Seen, now: Seen) -> Figures:
    """Work out the figures of `now`; rates are over the time since `before`."""
    over_s = now.look.at_s - before.look.at_s
    told = now.backend
    memory = told.value("process_resident_memory_bytes") if told else None
    return Figures(
        at_s=now.look.at_s,
        engines=now.look.engines,
        topics=_topics(before, now, over_s),
        jobs=tuple(map(_job, now.look.jobs)),
        tables=_tables(now.look),
        routes=_routes(before.backend, told, over_s) if told else (),
        clients=_clients(told) if told else None,
        refused=int(told.total("flightlib_clients_refused_total")) if told else 0,
        backend_memory_mb=None if memory is None else memory / 1e6,
        troubles={**now.look.troubles, **({"backend": now.trouble} if now.trouble else {})},
    )


def _clients(told: Backend) -> tuple[int, int]:
    limit = told.value("flightlib_clients_limit") or 0
    return int(told.total("flightlib_clients")), int(limit)


def _rate(count: float, over_s: float) -> float | None:
    return max(0.0, count) / over_s if over_s > 0 else None


def _topics(before: Seen, now: Seen, over_s: float) -> tuple[TopicFigures, ...]:
    read = now.backend.labels("flightlib_clients", "topic") if now.backend else []
    return tuple(
        _topic(topic, before, now, over_s) for topic in dict.fromkeys([*now.look.ends, *read])
    )


def _topic(topic: str, before: Seen, now: Seen, over_s: float) -> TopicFigures:
    ends, ended = now.look.ends.get(topic), before.look.ends.get(topic)
    written = sum(ends.values()) - sum(ended.values()) if ends and ended else None
    told = now.backend
    late: Counts = {}
    if told:
        ever = before.backend.counts(TO_FRAME, topic=topic) if before.backend else {}
        late = since(ever, told.counts(TO_FRAME, topic=topic))
    return TopicFigures(
        topic=topic,
        reports_per_s=None if written is None else _rate(written, over_s),
        lag=told.value("flightlib_lag_reports", topic=topic) if told else None,
        clients=told.value("flightlib_clients", topic=topic) if told else None,
        to_frame_p50_s=quantile(0.5, late),
        to_frame_p99_s=quantile(0.99, late),
        missed=told.value("flightlib_frames_missed_total", topic=topic) if told else None,
    )


def _job(seen: JobSeen) -> JobFigures:
    told = seen.details
    if told is None:
        return JobFigures(seen.name, seen.state, *(None,) * 6)
    return JobFigures(
        job=seen.name,
        state=told.state,
        reports_per_s=told.read_per_s,
        lag=told.lag,
        checkpoint_s=told.checkpoint_s,
        checkpoint_age_s=told.checkpoint_age_s,
        failed=told.checkpoints_failed,
        restarts=told.restarts,
    )


def _tables(look: Look) -> tuple[TableFigures, ...]:
    def row(state: lake.State) -> TableFigures:
        newest = state.current
        return TableFigures(
            table=state.name,
            rows=newest.total_records if newest else 0,
            files=newest.total_files if newest else 0,
            snapshots=len(state.snapshots),
            age_s=max(0.0, look.at_s - newest.committed_ms / 1000) if newest else None,
        )

    return tuple(map(row, look.tables))


def _routes(before: Backend | None, now: Backend, over_s: float) -> tuple[RouteFigures, ...]:
    found = []
    for route in now.labels(f"{REQUESTS}_count", "route"):
        ever = now.counts(REQUESTS, route=route)
        lately = since(before.counts(REQUESTS, route=route) if before else {}, ever)
        asked = max(lately.values(), default=0.0)
        shown = lately if asked else ever
        found.append(
            RouteFigures(
                route=route,
                per_s=_rate(asked, over_s) if before else None,
                p50_s=quantile(0.5, shown),
                p99_s=quantile(0.99, shown),
                errors=_errors(now, route),
            )
        )
    return tuple(found)


def _errors(told: Backend, route: str) -> int:
    counted = told.samples.get(f"{REQUESTS}_count", {})
    return int(
        sum(
            value
            for labels, value in counted.items()
            if dict(labels)["route"] == route and int(dict(labels)["status"]) >= 500
        )
    )
