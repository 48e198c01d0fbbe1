"""The Schema Registry: compatibility switched on, schemas registered, refusals explained."""

from __future__ import annotations

from typing import Any

import httpx

from flightlib import records
from flightlib.errors import EngineDown, TopicError
from flightlib.kafka.topics import TOPICS
from flightlib.settings import HOST, Settings, load

COMPATIBILITY = "BACKWARD"
MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
ANSWER_S = 4.0


def subject(topic: str) -> str:
    """Name the registry's subject for a topic's values."""
    return f"{topic}-value"


def register(
    settings: Settings | None = None, topic: str = "flights", schema: str | None = None
) -> int:
    """Enforce BACKWARD compatibility, register a topic's schema and return its id.

    Without `schema` it is the one flightlib has for the topic. Registering the same schema again
    returns the same id. Raises EngineDown when the registry does not answer, and TopicError naming
    the field when the schema would break readers of the topic's older reports.
    """
    settings = settings or load()
    # The registry enforces nothing until told to.
    _call(settings, "PUT", "/config", {"compatibility": COMPATIBILITY})
    wanted = {"schema": schema or records.schema_text(TOPICS[topic].record), "schemaType": "AVRO"}
    answer = _call(settings, "POST", f"/subjects/{subject(topic)}/versions", wanted)
    if answer.status_code == httpx.codes.CONFLICT:
        raise TopicError(
            f"The registry refuses the schema of {subject(topic)}: {_reason(answer)}. "
            f"{COMPATIBILITY} compatibility expects new fields to have a default; give them one, "
            "or start over with `flightlib reset`."
        )
    if answer.is_error:
        raise TopicError(f"The registry refuses {subject(topic)}: {_reason(answer)}.")
    return int(answer.json()["id"])


def writer_schema(schema_id: int, settings: Settings | None = None) -> str:
    """Fetch the schema that a message names by its id.

    Raises EngineDown when the registry does not answer, TopicError when it knows no such id.
    """
    answer = _call(settings or load(), "GET", f"/schemas/ids/{schema_id}")
    if answer.is_error:
        raise TopicError(f"The registry knows no schema {schema_id}: {_reason(answer)}.")
    return str(answer.json()["schema"])


def _call(
    settings: Settings, method: str, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    try:
        # A proxy meant for the outside has no part in a call to this machine.
        with httpx.Client(trust_env=False, timeout=ANSWER_S) as client:
            answer = client.request(
                method, settings.registry + path, json=body, headers={"Content-Type": MEDIA_TYPE}
            )
    except httpx.TransportError:
        raise _down(settings) from None
    if answer.is_server_error:
        raise _down(settings)
    return answer


def _down(settings: Settings) -> EngineDown:
    return EngineDown("The Schema Registry", f"{HOST}:{settings.registry_port}")


def _reason(answer: httpx.Response) -> str:
    """Take the registry's own words, on one line."""
    try:
        said = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        said = answer.text
    return " ".join(str(said).split())[:400].rstrip(".") or f"status {answer.status_code}"
