"""Why a job or a query shows nothing, or is not well: one line in plain words. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from flightlib.flink.details import Details
from flightlib.flink.faults import causes
from flightlib.flink.scan import one_line

_WINDOW = re.compile(
    r"\b(?:TUMBLE|HOP|CUMULATE)\s*\(.*?INTERVAL\s+'(\d+)'\s+(SECOND|MINUTE|HOUR|DAY)",
    re.IGNORECASE | re.DOTALL,
)
_MS = {"SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}
_NOISE = (
    "Failed to deserialize consumer record",
    "Could not forward element",
    "Job execution failed",
)
NO_CHECKPOINT_AFTER_S = 5.0
IDLE_AFTER_S = 3.0


@dataclass(frozen=True)
class Scene:
    """What is known beside the job's own details when it is asked why."""

    sql: str
    now_ms: int
    free_slots: int = 1
    slots: int = 16
    poison: str = ""  # the message that is no Avro, found in the topic
    silent_s: Mapping[int, float] = field(default_factory=dict)  # partition: since its last report
    skip: str = ""  # what to type to go on after poison


def explain(details: Details, scene: Scene) -> str:
    """Say in one line what is off, and what it waits for; "" when all is well."""
    for reason in (_restarts, _waits_for_slots, _reads_nothing, _waits_for_window, _no_checkpoint):
        if said := reason(details, scene):
            return said
    return ""


def _restarts(details: Details, scene: Scene) -> str:
    if details.job.state not in ("RESTARTING", "FAILING", "FAILED"):
        return ""
    verb = "failed" if details.job.state == "FAILED" else "restarts"
    if scene.poison:
        return f"The job {verb}: {scene.poison}. {scene.skip}".strip()
    return f"The job {verb}: {root(details.fault)}."


def root(trace: str) -> str:
    """Give the innermost cause of a trace that says something; of a Python trace, its last line."""
    python = re.findall(r"^(\w*(?:Error|Exception): .+)$", trace, re.MULTILINE)
    if python and "Traceback (most recent call last)" in trace:
        return f"Python says {python[0].rstrip('.')}"
    told = [text for text in causes(trace) if not text.startswith(_NOISE)]
    return (told[-1] if told else "no reason was given").rstrip(".")


def _waits_for_slots(details: Details, scene: Scene) -> str:
    if details.job.running_tasks >= details.job.tasks or scene.free_slots > 0:
        return ""
    return f"The job waits for a task slot: all {scene.slots} are taken. Stop another job or query."


def _reads_nothing(details: Details, scene: Scene) -> str:
    sources = [vertex for vertex in details.vertices if vertex.is_source]
    came = sum(vertex.total("numRecordsIn") for vertex in sources)
    if sources and not came and details.uptime_s > IDLE_AFTER_S:
        return "No report has come in yet. Is a publisher running? (`flightlib generate`)"
    return ""


def window_ms(sql: str) -> int | None:
    """Tell how often a statement's windows close, in milliseconds; None if it has none."""
    found = _WINDOW.search(one_line(sql))
    return int(found[1]) * _MS[found[2].upper()] if found else None


def _waits_for_window(details: Details, scene: Scene) -> str:
    size, marks = window_ms(scene.sql), [v.watermark_ms for v in details.vertices]
    if size is None or details.job.state != "RUNNING":
        return ""
    known = [mark for mark in marks if mark is not None]
    if not known:
        return (
            f"No output yet: there is no watermark{_because(scene)}."
            if details.uptime_s > 5
            else ""
        )
    mark = min(known)
    if scene.now_ms - mark < size + 15_000:
        return ""
    closes = (mark // size + 1) * size
    return (
        f"No output yet: the window closes when the watermark passes {_clock(closes)}; "
        f"it stands at {_clock(mark)}{_because(scene)}."
    )


def _because(scene: Scene) -> str:
    silent = sorted(p for p, s in scene.silent_s.items() if s > IDLE_AFTER_S)
    if not silent:
        return ""
    if len(silent) == len(scene.silent_s):
        return " because no report comes in (is a publisher running?)"
    if len(silent) == 1:
        return f" because partition {silent[0]} is idle"
    return f" because partitions {', '.join(map(str, silent))} are idle"


def _no_checkpoint(details: Details, scene: Scene) -> str:
    late = details.uptime_s > NO_CHECKPOINT_AFTER_S and details.job.state == "RUNNING"
    if late and not details.checkpoints:
        return "No checkpoint is done yet: a table in the lake stays empty until the first one."
    return ""


def _clock(ms: int) -> str:
    return time.strftime("%H:%M:%S", time.gmtime(ms / 1000))
