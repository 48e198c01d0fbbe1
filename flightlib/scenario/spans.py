"""Lengths of time as people write them: "30 s", "2 min", "1.5 h"."""

from __future__ import annotations

from typing import Any

from flightlib import durations

LONGEST_S = 6 * 3600
ALLOWED = 'a number with its unit, such as "30 s", "2 min" or "1 h", up to "6 h"'


def span_ms(given: Any) -> int:
    """Read a length of time, in milliseconds; raises ValueError, saying what is allowed."""
    length_s = durations.seconds(given) if isinstance(given, str) else None
    if length_s is None or length_s > LONGEST_S:
        raise ValueError(f"allowed: {ALLOWED}")
    return round(length_s * 1000)


def in_words(length_ms: float) -> str:
    """Write a length of time for people: "45 s", "2 min", "1 min 30 s", "1 h 5 min"."""
    seconds = round(length_ms / 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
