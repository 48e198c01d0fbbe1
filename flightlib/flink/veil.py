"""Take secrets out of what Flink tells: it repeats a table's options in answers and in errors.

Flink reads Kafka, the registry and the lake by options that stand in its tables. Whoever lists a
table, or gets one wrong, is to see that an option is there, and not what it opens.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

from flightlib.settings import Settings

VEIL = "***"
LEAST = 8
"""Shorter secrets may be words of Flink's own; outside of errors they go by their option alone."""
_OPTION = re.compile(
    r"('[^'\s]*(?:jaas\.config|password|token|secret|user-info|authorization|access-key)[^'\s]*'"
    r"\s*=\s*)'(?:[^']|'')*'",
    re.IGNORECASE,
)


def veiled(settings: Settings, text: str, is_error: bool = False) -> str:
    """Put `***` in the place of every secret in an answer of Flink, which is JSON or plain text."""
    secrets = settings.secrets()
    if not secrets:
        return text
    text = _OPTION.sub(rf"\1'{VEIL}'", text)
    for spelt in sorted(_spelt(settings, secrets), key=len, reverse=True):
        if is_error or len(spelt) >= LEAST:
            text = text.replace(spelt, VEIL)
    return text


def _spelt(settings: Settings, secrets: list[str]) -> Iterator[str]:
    """Give the ways in which a secret may stand in an answer: plain, quoted, in JSON, in base64."""
    users = [settings.login(name).user for name in ("registry", "catalog")]
    pairs = [f"{user}:{secret}" for user in users if user for secret in secrets]
    yield from (base64.b64encode(pair.encode()).decode() for pair in pairs)
    for secret in secrets:
        for quoted in {secret, secret.replace("'", "''"), secret.replace("\\", "\\\\")}:
            yield quoted
            yield json.dumps(quoted)[1:-1]
            yield json.dumps(quoted, ensure_ascii=False)[1:-1]
