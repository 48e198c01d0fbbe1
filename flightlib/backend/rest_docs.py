"""What OpenAPI says about the answers: made from the columns that the SQL answers with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, create_model

from flightlib.backend.formats import ARROW, CSV
from flightlib.lake import Told, shapes

_TYPES: dict[str, Any] = {"text": str, "whole": int, "real": float, "time": datetime}


class Detail(BaseModel):
    """What went wrong, in one line; `parameter` names the parameter it is about, if it is."""

    detail: str
    parameter: str | None = None


class Head(BaseModel):
    """Which commit an answer tells of, over which time, in how many rows."""

    model_config = ConfigDict(extra="forbid")
    snapshot: str | None = Field(description="Iceberg snapshot; null before the first commit")
    committed: datetime | None = Field(description="when it was committed")
    since: datetime = Field(description="begin of the window, included")
    until: datetime = Field(description="end of the window, left out")
    rows: int


def _row(topic: str, by: str, columns: tuple[Told, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        told.name: (_TYPES[told.kind], Field(description=told.doc)) for told in columns
    }
    name = f"{topic.title()}{'By' + by.title() if by else ''}Row"
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def answer_model(topic: str) -> type[BaseModel]:
    """Make the model of a topic's JSON."""
    rows: Any = None
    for by, shape in shapes(topic).items():
        model: Any = list[_row(topic, by, shape.columns)]  # type: ignore[misc]
        rows = model if rows is None else rows | model
    fields: dict[str, Any] = {topic: (rows, ...)}
    return create_model(f"{topic.title()}Answer", __base__=Head, **fields)


def _header(text: str) -> dict[str, Any]:
    return {"description": text, "schema": {"type": "string"}}


HEADERS = {
    "ETag": _header("names snapshot, question and format; send it back as If-None-Match"),
    "Cache-Control": _header("no-cache, or immutable when `snapshot` is given"),
    "Vary": _header("Accept"),
    "X-Snapshot-Id": _header("the snapshot this answer tells of"),
    "X-Snapshot-Committed": _header("when it was committed, ISO 8601"),
    "X-Answer": _header(
        "hit: kept; stale: kept, and the newest a moment ago; rows: from the newest rows at hand; "
        "miss: asked of Trino"
    ),
    "X-Request-Id": _header("the request's own id if it is well-formed, else a new one"),
    "X-Since": _header("begin of the window, included"),
    "X-Until": _header("end of the window, left out"),
}
_TEXT = {"schema": {"type": "string"}}
_BYTES = {"schema": {"type": "string", "format": "binary"}}


def responses(topic: str) -> dict[int | str, dict[str, Any]]:
    """Say what may come back when a topic is asked about."""
    trouble = {"model": Detail}
    return {
        200: {
            "model": answer_model(topic),
            "description": "The answer, as of one commit. Before the first it has no rows.",
            "content": {CSV: _TEXT, ARROW: _BYTES},
            "headers": HEADERS,
        },
        304: {"description": "The answer is the one named in If-None-Match."},
        404: {**trouble, "description": "No such snapshot, or no such flight in the window."},
        406: {**trouble, "description": "Accept names none of the three formats."},
        422: {**trouble, "description": "A parameter is not allowed; `detail` says what is."},
        500: {**trouble, "description": "A file of the table is missing or damaged."},
        503: {**trouble, "description": "An engine is down, or too much is asked at once."},
        504: {**trouble, "description": "The query took too long and was cancelled."},
    }
