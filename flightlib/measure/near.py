"""Whether what runs beside a measurement on this machine answers yet; cheaply, as asked often."""

from __future__ import annotations

import httpx

from flightlib.live.link import caller

ANSWER_S = 60.0


def answers(url: str, timeout_s: float = ANSWER_S) -> bool:
    """Say whether a server gives a good answer now."""
    try:
        with caller(url, timeout_s) as asking:
            return asking.get(url).is_success
    except httpx.HTTPError:
        return False
