"""Ask the backend about the lake: a path and its filters in, a table and its snapshot out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from typing import Any

import httpx
import pandas as pd
import pyarrow as pa

from flightlib.errors import StreamError
from flightlib.live import link

ARROW = "application/vnd.apache.arrow.stream"
ANSWER_S = 60.0  # the backend gives up on Trino sooner, and says so


class Refused(StreamError):
    """The backend does not answer this question, however often it is asked."""


@dataclass(frozen=True, init=False)
class Question:
    """What is asked of the backend: a path such as "/flights", and its parameters.

    A list is a parameter given several times; None is one that is not given.
    """

    path: str
    params: tuple[tuple[str, str], ...]

    def __init__(self, path: str, **params: Any) -> None:
        object.__setattr__(self, "path", path)
        object.__setattr__(self, "params", tuple(_pairs(params)))

    def turned(self, path: str, **params: Any) -> Question:
        """Ask something else under the same conditions, but for `params`; None drops one."""
        new = Question(path, **params)
        kept = [pair for pair in self.params if pair[0] not in params]
        object.__setattr__(new, "params", (*kept, *new.params))
        return new


@dataclass(frozen=True)
class Answer:
    """What the lake held as of one snapshot; times are UTC."""

    question: Question
    table: pd.DataFrame = field(repr=False)
    snapshot_id: str | None  # None while nothing was written
    committed_ms: int | None
    since: str
    until: str
    etag: str = ""

    @property
    def age_s(self) -> float | None:
        """Seconds since the snapshot was committed, as of now."""
        gone_ms = None if self.committed_ms is None else time.time() * 1000 - self.committed_ms
        return None if gone_ms is None else max(0.0, gone_ms / 1000)


def read(path: str = "/flights", **params: Any) -> pd.DataFrame:
    """Read the lake through the backend: `read("/flights", minutes=5, status="DELAYED")`.

    Paths: "/flights", "/flights/regions", "/flights/delays", "/flights/minutes",
    "/flights/density", "/flights/positions", "/flights/FLIGHT_ID/track". Filters: `status`,
    `region`, `min_altitude` and `max_altitude` (feet), `minutes` or `since` and `until`, `limit`,
    `snapshot`. The table's `attrs` say of which snapshot it is.

    Raises StreamError when there is no backend, when it refuses a parameter, or an engine is down.
    """
    answer = ask(Question(path, **params))
    table = answer.table
    committed = None if answer.committed_ms is None else _iso(answer.committed_ms)
    table.attrs.update(snapshot=answer.snapshot_id, committed=committed)
    table.attrs.update(since=answer.since, until=answer.until)
    return table


def ask(question: Question, before: Answer | None = None) -> Answer:
    """Ask once; when `before` answered the same and nothing has changed, it is given back.

    Raises Refused when the question is at fault, StreamError when no answer can be had now.
    """
    url = link.address(question.path)
    headers = {"Accept": ARROW}
    if before is not None and before.etag and before.question == question:
        headers["If-None-Match"] = before.etag
    try:
        with link.caller(url, ANSWER_S) as client:
            given = client.get(url, params=httpx.QueryParams(question.params), headers=headers)
    except httpx.HTTPError as error:
        raise StreamError(f"{link.in_words(error)}.") from None
    if given.status_code == httpx.codes.NOT_MODIFIED and before is not None:
        return before
    if given.status_code != httpx.codes.OK:
        raise _refusal(url, given)
    return _answer(question, given)


def _refusal(url: str, given: httpx.Response) -> StreamError:
    """Say in the backend's own words why there is no answer."""
    detail = link.detail(given.content)
    if not detail or detail == "Not Found":
        detail = f"{url} answers {given.status_code}: {detail.lower() or 'no reason was given'}."
    return Refused(detail) if given.is_client_error else StreamError(detail)


def _answer(question: Question, given: httpx.Response) -> Answer:
    if not given.headers.get("content-type", "").startswith(ARROW):
        kind = given.headers.get("content-type", "nothing known")
        raise Refused(f"{question.path} does not answer with a table, but with {kind}.")
    with pa.ipc.open_stream(given.content) as stream:
        table = stream.read_all().to_pandas()
    told: Mapping[str, str] = given.headers
    snapshot_id = told.get("x-snapshot-id") or None
    committed = told.get("x-snapshot-committed") or None
    return Answer(
        question,
        _in_utc(table),
        snapshot_id,
        committed and int(pd.Timestamp(committed).timestamp() * 1000),
        told.get("x-since", ""),
        told.get("x-until", ""),
        told.get("etag", ""),
    )


def _in_utc(table: pd.DataFrame) -> pd.DataFrame:
    """Give every moment its time zone, whether or not it came with one."""
    for name in table.columns[[pd.api.types.is_datetime64_any_dtype(t) for t in table.dtypes]]:
        table[name] = pd.to_datetime(table[name], utc=True)
    return table


def _pairs(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = []
    for name, value in params.items():
        several = isinstance(value, list | tuple | set | frozenset)
        pairs += [(name, _word(one)) for one in (value if several else [value]) if one is not None]
    return pairs


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _iso(ms: int) -> str:
    moment = datetime.fromtimestamp(ms / 1000, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
