"""Lengths of time as people write them: "30 s", "2 min", "1.5 h"."""

from __future__ import annotations

import re
from typing import Any

UNITS_MS = {"s": 1000, "min": 60_000, "h": 3_600_000}
LONGEST_MS = 6 * 3_600_000
SPAN = re.compile(r"(\d{1,5}(?:\.\d{1,3})?) ?(s|min|h)")
ALLOWED = 'a number with its unit, such as "30 s", "2 min" or "1 h", up to "6 h"'


def span_ms(given: Any) -> int:
    """Read a length of time, in milliseconds; raises ValueError, saying what is allowed."""
    found = SPAN.fullmatch(given.strip()) if isinstance(given, str) else None
    length_ms = round(float(found[1]) * UNITS_MS[found[2]]) if found else -1
    if not 0 <= length_ms <= LONGEST_MS:
        raise ValueError(f"allowed: {ALLOWED}")
    return length_ms


def in_words(length_ms: float) -> str:
    """Write a length of time for people: "45 s", "2 min", "1 min 30 s", "1 h 5 min"."""
    seconds = round(length_ms / 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else seconds, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
