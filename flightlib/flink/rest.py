"""One call to Flink: JSON in, JSON out, no secret in what it tells; silence is an engine down."""

from __future__ import annotations

import json
from typing import Any

from flightlib import calls
from flightlib.flink.veil import veiled
from flightlib.settings import Settings

ANSWER_S = 30.0


class Refused(Exception):
    """Flink answered, and did not do what was asked; `errors` are its own texts."""

    def __init__(self, status: int, errors: list[str]) -> None:
        self.status, self.errors = status, errors
        super().__init__("\n".join(errors))


def call(
    settings: Settings,
    place: str,
    method: str,
    path: str,
    body: dict[str, Any] | None = None,
    timeout_s: float = ANSWER_S,
) -> Any:
    """Make one call to `flink` or `flink_gateway`.

    Raises EngineDown when nobody answers, EngineRefused when Flink elsewhere does not let flightlib
    in, Refused for an error answer.
    """
    answer = calls.call(settings, place, method, path, timeout_s, json=body)
    text = veiled(settings, answer.text, answer.is_error)
    try:
        told = json.loads(text) if text else {}
    except ValueError:
        told = {"errors": [text]}
    if isinstance(told, dict) and (answer.is_error or "errors" in told):
        raise Refused(answer.status_code, [str(error) for error in told.get("errors", [])])
    return told
