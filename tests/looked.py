"""Looks as the engines would give them, with figures that can be worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flightlib.engines import ENGINES, EngineStatus, Statuses
from flightlib.flink import Details
from flightlib.flink.details import Running, Vertex
from flightlib.lake import Snapshot, State
from flightlib.observe import Backend, JobSeen, Look, Seen
from flightlib.observe.backend import read

PAGE = """
flightlib_clients{topic="flights"} %(clients)d
flightlib_clients_limit 1000
flightlib_clients_refused_total 2
flightlib_lag_reports{topic="flights"} 37
flightlib_frames_missed_total{topic="flights"} 4
flightlib_report_to_frame_seconds_bucket{topic="flights",le="0.5"} %(early)d
flightlib_report_to_frame_seconds_bucket{topic="flights",le="1.0"} %(late)d
flightlib_report_to_frame_seconds_bucket{topic="flights",le="+Inf"} %(late)d
flightlib_request_seconds_bucket{route="/flights",status="200",le="0.1"} %(asked)d
flightlib_request_seconds_bucket{route="/flights",status="200",le="+Inf"} %(asked)d
flightlib_request_seconds_count{route="/flights",status="200"} %(asked)d
flightlib_request_seconds_bucket{route="/flights",status="503",le="0.1"} 0
flightlib_request_seconds_bucket{route="/flights",status="503",le="+Inf"} 3
flightlib_request_seconds_count{route="/flights",status="503"} 3
process_resident_memory_bytes 120e6
"""


def page(clients: int = 5, early: int = 0, late: int = 0, asked: int = 0) -> Backend:
    """What a backend says of itself."""
    return read(PAGE % {"clients": clients, "early": early, "late": late, "asked": asked})


def row(engine: str, state: str = "healthy", **given: Any) -> EngineStatus:
    """One engine's row."""
    up = state == "healthy"
    plain = EngineStatus(
        *(engine, f"http://127.0.0.1:1/{engine}", state, up),
        pid=7 if up else None,
        uptime_s=61.0 if up else None,
        memory_mb=200.0 if up else None,
        restarts=0,
        message="",
    )
    return replace(plain, **given)


def job(name: str = "to-lake", **given: Any) -> JobSeen:
    """A job that reads 500 reports a second and is 30 behind."""
    metrics = {"Source.pendingRecords": 30.0, "Source.numRecordsInPerSecond": 500.0}
    plain = Details(
        job=Running("0a", name, "RUNNING", 0, 2, 2),
        uptime_s=60.0,
        restarts=1,
        vertices=(Vertex("v", "Source: flights", 2, 0, 0, metrics, None),),
        checkpoints=50,
        checkpoint_s=0.25,
        checkpoint_age_s=0.5,
        fault="",
        fault_ms=0,
        checkpoints_failed=2,
    )
    return JobSeen(name, replace(plain, **given))


def table(committed_s: float, rows: int = 4000) -> State:
    """A table whose newest commit was at a moment."""
    newest = Snapshot(3, int(committed_s * 1000), "append", 10, rows, 12, None)
    return State("flight_data", (newest,) * 3, newest, (), {}, "file:/lake")


def a_look(at_s: float = 1000.0, written: int = 0, **given: Any) -> Look:
    """One look at engines that are all well; `written` messages are in the topic."""
    plain = Look(
        at_s=at_s,
        engines=Statuses(row(engine) for engine in ENGINES),
        ends={"flights": {0: written // 2, 1: written - written // 2}},
        jobs=(job(),),
        tables=(table(at_s - 1.5),),
        troubles={},
    )
    return replace(plain, **given)


def nothing_up(at_s: float = 1000.0) -> Seen:
    """What is seen when every engine and the backend are down."""
    rows = Statuses(row(engine, "stopped") for engine in ENGINES)
    parts = {"topics": "kafka is stopped: `flightlib up kafka`", "jobs": "x", "tables": "y"}
    return Seen(Look(at_s, rows, {}, (), (), parts), None, "No backend is answering on here.")
