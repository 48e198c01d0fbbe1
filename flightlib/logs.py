"""What programs write about themselves: lines for a person, or one JSON object a line.

The names in the JSON are those of the Elastic Common Schema, so Elasticsearch needs no mapping;
Loki's `| json` turns their dots into underscores. `request_id` names the request that is being
answered: it stands in every line that is written for it, and goes on to Trino.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
from contextvars import ContextVar
from datetime import datetime, timezone
from typing import Any, Literal

Format = Literal["text", "json"]
FIELDS = "fields"
"""`extra={FIELDS: {...}}` gives a line fields of its own; a person does not see them."""
ECS_VERSION = "8.11.0"
MOST_CHARACTERS = 64
_WELL_FORMED = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MOST_CHARACTERS - 1}}}", re.ASCII)
_CHATTY = ("httpx", "httpcore", "uvicorn")

request_id: ContextVar[str] = ContextVar("request_id", default="")


def well_formed(given: str) -> str:
    """Give a request's own id if it is one that logs and engines can carry, else a new one.

    Letters, digits and `.`, `_`, `-`, at most 64, the first a letter or digit: it cannot forge a
    line, nor break out of what it is put into.
    """
    return given if _WELL_FORMED.fullmatch(given) else secrets.token_hex(8)


class JsonLines(logging.Formatter):
    """Writes each record as one JSON object on one line, times in UTC."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """Write one record, in ASCII; what JSON does not know is written as its text."""
        at = datetime.fromtimestamp(record.created, timezone.utc)
        told: dict[str, Any] = {
            "@timestamp": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "message": record.getMessage(),
            "ecs.version": ECS_VERSION,
            "service.name": self._service,
            "log.logger": record.name,
        }
        if asked := request_id.get():
            told["http.request.id"] = asked
        told.update(getattr(record, FIELDS, {}))
        if record.exc_info and record.exc_info[0]:
            told["error.type"] = record.exc_info[0].__name__
            told["error.message"] = str(record.exc_info[1])
            told["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(told, default=str)


def set_up(wanted: Format, service: str, stream: Any = None) -> None:
    """Let this process write its log, to standard error or to `stream`; for programs alone.

    `service` is the program's name in JSON.
    """
    handler = logging.StreamHandler(stream)
    plain = logging.Formatter("%(asctime)s %(message)s")
    handler.setFormatter(JsonLines(service) if wanted == "json" else plain)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
