"""What runs beside a measurement on this machine, asked over HTTP: cheaply, since often."""

from __future__ import annotations

import httpx

ANSWER_S = 60.0


def client(timeout_s: float = ANSWER_S, base_url: str = "") -> httpx.Client:
    """Make a client for a server of this machine.

    It goes past every proxy and loads no certificates: those take 40 ms of a processor, and who
    waits for something asks twenty times a second.
    """
    return httpx.Client(base_url=base_url, timeout=timeout_s, trust_env=False, verify=False)


def answers(url: str, timeout_s: float = ANSWER_S) -> bool:
    """Say whether a server gives a good answer now."""
    try:
        with client(timeout_s) as asking:
            return asking.get(url).is_success
    except httpx.HTTPError:
        return False
