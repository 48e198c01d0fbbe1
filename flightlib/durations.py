"""Lengths of time as people write them: 20s, 3m, 2 min, 1.5 h."""

from __future__ import annotations

import re

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h)?")


def seconds(text: str, unit: str | None = None) -> float | None:
    """Read a length of time, in seconds; None if it is none.

    The unit is ms, s, m, min or h, in small or capital letters. A bare number counts in `unit`, and
    without that is no length of time. Too large a number is infinite.
    """
    found = _WRITTEN.fullmatch(text.strip().lower())
    written = (found[2] or unit) if found else None
    return float(found[1]) * _UNITS_S[written] if found and written else None
