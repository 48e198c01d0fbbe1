"""Which snapshot an answer is of, in words: on the line of a live picture and of a still one."""

from __future__ import annotations

import time
from typing import Any

from flightlib.live import Answer

SHORT = 12  # digits of a snapshot's number that are not shortened


def short(snapshot_id: str | None) -> str:
    """Write the number of a snapshot by its ends: 7918…0153."""
    if snapshot_id is None:
        return "none yet"
    return snapshot_id if len(snapshot_id) <= SHORT else f"{snapshot_id[:4]}…{snapshot_id[-4:]}"


def clock(ms: int | None) -> str:
    """Write a moment as a time of day, UTC."""
    return "" if ms is None else time.strftime("%H:%M:%S", time.gmtime(ms / 1000))


def told(answer: Answer | None, brief: bool = False, of: str = "row") -> dict[str, Any]:
    """Say what the line needs; a brief one leaves out the time of commit and the number of rows."""
    if answer is None:
        return {"snapshot": None, "age_s": None, "rows": 0, "brief": brief, "of": of}
    return {
        "snapshot": short(answer.snapshot_id),
        "committed": clock(answer.committed_ms),
        "age_s": answer.age_s,
        "rows": len(answer.table),
        "brief": brief,
        "of": of,
    }


def line(answer: Answer, of: str = "row") -> str:
    """Write the whole line as of now."""
    parts = [f"snapshot {short(answer.snapshot_id)}"]
    if answer.committed_ms is not None:
        parts += [f"committed {clock(answer.committed_ms)} UTC", f"{answer.age_s:.1f} s old"]
    return " · ".join([*parts, f"{len(answer.table):,} {of}s"])
