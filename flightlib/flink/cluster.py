"""The JobManager's REST: which jobs there are, how each is doing, and stopping one."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import Any

from flightlib.errors import EngineDown, JobError
from flightlib.flink.details import Details, Running, Vertex
from flightlib.flink.faults import causes
from flightlib.flink.rest import Refused, call
from flightlib.settings import Settings

OVER = ("FINISHED", "CANCELED", "FAILED")
SAVEPOINT_S = 60.0
_NEVER_MS = -(2**63)


class Cluster:
    """The Flink cluster at the settings' address."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._base = settings, settings.flink

    def get(self, path: str) -> Any:
        """Ask; raises EngineDown or Refused."""
        return call(self._settings, "flink", "GET", path, timeout_s=10.0)

    def jobs(self) -> dict[str, Running]:
        """List every job the JobManager knows, by id."""
        rows = self.get("/jobs/overview")["jobs"]
        return {row["jid"]: _running(row) for row in rows}

    def job(self, job_id: str) -> Running | None:
        """Find one job; None if the JobManager does not know it."""
        return self.jobs().get(job_id)

    def free_slots(self) -> tuple[int, int]:
        """Tell how many task slots are free, and how many there are."""
        told = self.get("/overview")
        return int(told["slots-available"]), int(told["slots-total"])

    def details(self, job_id: str) -> Details | None:
        """Ask everything about one job; None if the JobManager does not know it."""
        job = self.job(job_id)
        if job is None:
            return None
        try:
            told = self.get(f"/jobs/{job_id}")
            numbers = self._metrics(f"/jobs/{job_id}/metrics", ["numRestarts", "uptime"])
            checkpoints = self.get(f"/jobs/{job_id}/checkpoints")
            trace, at_ms = self._fault(job_id)
            vertices = tuple(self._vertex(job_id, v) for v in told["vertices"])
        except Refused:
            return None  # it ended between two questions
        last = (checkpoints.get("latest") or {}).get("completed") or {}
        return Details(
            job=job,
            uptime_s=max(0.0, numbers.get("uptime", 0.0)) / 1000,
            restarts=int(numbers.get("numRestarts", 0)),
            vertices=vertices,
            checkpoints=int(checkpoints["counts"]["completed"]),
            checkpoint_s=last["end_to_end_duration"] / 1000 if last else None,
            checkpoint_age_s=_age_s(last["latest_ack_timestamp"]) if last else None,
            fault=trace,
            fault_ms=at_ms,
            checkpoints_failed=int(checkpoints["counts"].get("failed", 0)),
        )

    def _metrics(self, path: str, names: Iterable[str]) -> dict[str, float]:
        rows = self.get(f"{path}?get={','.join(names)}")
        return {row["id"]: float(row["value"]) for row in rows}

    def _vertex(self, job_id: str, told: dict[str, Any]) -> Vertex:
        path = f"/jobs/{job_id}/vertices/{told['id']}"
        names = [row["id"] for row in self.get(f"{path}/subtasks/metrics")]
        wanted = [name for name in names if name.split(".")[-1] in _SUMMED]
        query = f"?get={','.join(wanted)}&agg=sum"
        rows = self.get(f"{path}/subtasks/metrics{query}") if wanted else []
        marks = [int(mark["value"]) for mark in self.get(f"{path}/watermarks")]
        known = [mark for mark in marks if mark != _NEVER_MS]
        return Vertex(
            id=told["id"],
            name=told["name"],
            parallelism=told["parallelism"],
            records_in=told["metrics"]["read-records"],
            records_out=told["metrics"]["write-records"],
            metrics={row["id"]: float(row["sum"]) for row in rows},
            watermark_ms=min(known) if known and len(known) == len(marks) else None,
        )

    def _fault(self, job_id: str) -> tuple[str, int]:
        told = self.get(f"/jobs/{job_id}/exceptions?maxExceptions=1")
        entries = (told.get("exceptionHistory") or {}).get("entries") or []
        return (entries[0]["stacktrace"], int(entries[0]["timestamp"])) if entries else ("", 0)

    def newest_checkpoint(self, job_id: str) -> str | None:
        """Ask where a job's newest complete checkpoint lies; None if that cannot be told."""
        try:
            told = self.get(f"/jobs/{job_id}/checkpoints")
        except Refused:
            return None
        path = str(((told.get("latest") or {}).get("completed") or {}).get("external_path", ""))
        return path if "/" in path else None

    def stop(self, job_id: str, folder: str | None) -> str:
        """Stop a job with a savepoint in `folder`, or where the cluster keeps them; give its place.

        Raises JobError when the job cannot make one.
        """
        body = {"targetDirectory": folder, "drain": False}
        try:
            trigger = self._post(f"/jobs/{job_id}/stop", body)["request-id"]
            deadline = time.monotonic() + SAVEPOINT_S
            while time.monotonic() < deadline:
                told = self.get(f"/jobs/{job_id}/savepoints/{trigger}")
                if told["status"]["id"] == "COMPLETED":
                    return _place_of(told["operation"])
                time.sleep(0.1)
        except Refused as refused:
            raise JobError(f"Flink makes no savepoint: {_first_line(refused.errors)}.") from None
        raise JobError(f"Flink made no savepoint within {SAVEPOINT_S:.0f} s.")

    def cancel(self, job_id: str) -> None:
        """Cancel a job at once; its newest checkpoint stays."""
        try:
            call(self._settings, "flink", "PATCH", f"/jobs/{job_id}?mode=cancel")
        except Refused:
            return  # it is over already

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return dict(call(self._settings, "flink", "POST", path, body))

    def await_end(self, job_id: str, within_s: float = 30.0) -> None:
        """Wait until a job is over, or unknown."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            job = self.job(job_id)
            if job is None or job.state in OVER:
                return
            time.sleep(0.1)
        raise JobError(f"Job {job_id} does not end within {within_s:.0f} s. See {self._base}.")

    def last_words(self, job_id: str) -> str:
        """Give the innermost reason of a job's last fault, in one line."""
        told = [text for text in causes(self._fault(job_id)[0]) if text]
        return f"{told[-1].rstrip('.')}." if told else "no reason was given."

    def answers(self) -> bool:
        """Say whether the JobManager is there and has a TaskManager that was heard of lately."""
        try:
            known = self.get("/taskmanagers")["taskmanagers"]
        except (EngineDown, Refused):
            return False
        return any(_age_s(one["timeSinceLastHeartbeat"]) < HEARD_S for one in known)


HEARD_S = 4.0  # the TaskManager reports every second
_SUMMED = (
    *("numRecordsIn", "numRecordsInPerSecond", "pendingRecords"),
    "numLateRecordsDropped",
)


def _running(row: dict[str, Any]) -> Running:
    tasks = row["tasks"]
    return Running(
        row["jid"],
        row["name"],
        row["state"],
        int(row["start-time"]),
        tasks["total"],
        tasks["running"],
    )


def _age_s(at_ms: float) -> float:
    return max(0.0, time.time() - at_ms / 1000)


def _place_of(operation: dict[str, Any]) -> str:
    if "location" in operation:
        return str(operation["location"])
    trace = str(operation.get("failure-cause", {}).get("stack-trace", "no reason"))
    raise JobError(f"Flink makes no savepoint: {_first_line([trace])}.")


def _first_line(errors: list[str]) -> str:
    text = " ".join(errors) or "no reason"
    found = re.findall(r"(?:Exception|Error): ([^\n]+)", text)
    return (found[-1] if found else text.splitlines()[0]).strip().rstrip(".")[:200]
