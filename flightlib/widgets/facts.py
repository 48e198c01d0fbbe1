"""The facts of a job in words: the same on the live panel and on a still one. Pure."""

from __future__ import annotations

import time
from typing import Literal, NamedTuple

from flightlib.widgets.protocols import JobFacts

Mood = Literal["well", "busy", "over", "bad"]
UNKNOWN = "–"
OVER = ("FINISHED", "CANCELED", "STOPPED")
BAD = ("FAILED", "SILENT")


class Fact(NamedTuple):
    """One fact: what it is called, how it stands, and what else to know of it."""

    name: str
    value: str
    note: str = ""


def mood(facts: JobFacts) -> Mood:
    """Judge a job by its state, and by whether something is off."""
    if facts.state in OVER:
        return "over"
    if facts.state in BAD:
        return "bad"
    return "well" if facts.state == "RUNNING" and not facts.why else "busy"


def told(facts: JobFacts) -> list[Fact]:
    """Put a job's facts into words, in the order of the panel; what is unknown is a dash."""
    return [
        Fact("Uptime", _span(facts.uptime_s)),
        Fact("Records in", _rate(facts.records_in_per_s), _total(facts.records_in)),
        Fact("Records out", _rate(facts.records_out_per_s), _total(facts.records_out)),
        Fact("Not yet read", _count(facts.lag), _reports(facts.lag)),
        Fact("Watermark", _clock(facts.watermark_ms), _behind(facts.watermark_lag_s)),
        Fact("Late, dropped", _count(facts.late_dropped), _reports(facts.late_dropped)),
        Fact("Checkpoints", _count(facts.checkpoints), _last(facts)),
        Fact("Restarts", _count(facts.restarts)),
    ]


def _count(number: int | None) -> str:
    return UNKNOWN if number is None else f"{number:,}"


def _reports(number: int | None) -> str:
    return "" if number is None else "report" if number == 1 else "reports"


def _rate(per_s: float | None) -> str:
    if per_s is None:
        return UNKNOWN
    return f"{per_s:,.1f}/s" if 0 < per_s < 10 else f"{per_s:,.0f}/s"


def _total(number: int | None) -> str:
    return "" if number is None else f"{number:,} in all"


def _span(seconds: float | None) -> str:
    """Write a span of time with at most two units."""
    if seconds is None:
        return UNKNOWN
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest_s = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest_s} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def _clock(ms: int | None) -> str:
    return UNKNOWN if ms is None else time.strftime("%H:%M:%S", time.gmtime(ms / 1000))


def _behind(lag_s: float | None) -> str:
    return "" if lag_s is None else f"UTC, {_span(lag_s)} behind"


def _last(facts: JobFacts) -> str:
    took = "" if facts.checkpoint_s is None else f"last took {_span(facts.checkpoint_s)}"
    ago = "" if facts.checkpoint_age_s is None else f"{_span(facts.checkpoint_age_s)} ago"
    return ", ".join(part for part in (took, ago) if part)
