"""One HTTP call to Flink: JSON in, JSON out; silence is an engine that is down."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx

from flightlib.errors import EngineDown

ANSWER_S = 30.0


class Refused(Exception):
    """Flink answered, and did not do what was asked; `errors` are its own texts."""

    def __init__(self, status: int, errors: list[str]) -> None:
        self.status, self.errors = status, errors
        super().__init__("\n".join(errors))


def call(
    engine: str,
    base: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    timeout_s: float = ANSWER_S,
) -> Any:
    """Make one call. Raises EngineDown when nobody answers, Refused for an error answer."""
    try:
        # This machine, plain HTTP: no proxy and no certificates.
        with httpx.Client(trust_env=False, verify=False, timeout=timeout_s) as client:
            answer = client.request(method, base + path, json=body)
    except httpx.TransportError:
        raise EngineDown(engine, urlsplit(base).netloc) from None
    try:
        told = answer.json() if answer.content else {}
    except ValueError:
        told = {"errors": [answer.text]}
    if isinstance(told, dict) and (answer.is_error or "errors" in told):
        raise Refused(answer.status_code, [str(error) for error in told.get("errors", [])])
    return told
