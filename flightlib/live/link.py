"""The way to a stream: its address, its query, and what a refusal means in one line."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
from httpx_sse import SSEError

from flightlib.errors import StreamError, not_allowed

FILTERS = ("bbox", "status", "region", "min_altitude", "max_altitude", "delayed")
CONNECT_S = 5.0
NO_BYTES_S = 40.0  # the backend sends a heartbeat every 15 s; two may be lost
FULL_PAUSE_S = 2.0  # when a full backend does not say how long to stay away
LONGEST_PAUSE_S = 30.0


def query(every: float, filters: Mapping[str, Any]) -> dict[str, Any]:
    """Put `every` (seconds) and the filters into the words of the backend's address.

    Raises StreamError naming a filter that does not exist.
    """
    for name in filters:
        if name not in FILTERS:
            raise StreamError(not_allowed("A filter", name, FILTERS))
    given = {name: value for name, value in filters.items() if value is not None}
    return {"every": every, **{name: _word(name, value) for name, value in given.items()}}


def _word(name: str, value: Any) -> Any:
    if name == "bbox" and not isinstance(value, str):
        return ",".join(str(edge) for edge in value)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str | int | float) else list(value)


def address(url: str) -> str:
    """Give the full address of a stream; a path is meant on this kernel's own backend.

    Raises StreamError when the path needs a backend that is not running.
    """
    parts = urlsplit(url)
    if parts.scheme in ("http", "https") and parts.netloc:
        return url
    if not url.startswith("/"):
        raise StreamError(
            f"A stream cannot be {url!r}: expected a path such as '/flights/sse' "
            "or a full http:// address."
        )
    running = import_module("flightlib.backend").current()
    if running is None:
        raise StreamError("The backend is not running. Run `%load_ext flightlib` first.")
    return str(running.url).rstrip("/") + url


def client(url: str) -> httpx.AsyncClient:
    """Make the HTTP client for an address; this machine is never asked for through a proxy."""
    timeout = httpx.Timeout(CONNECT_S, read=NO_BYTES_S)
    return httpx.AsyncClient(timeout=timeout, trust_env=not _is_near(url))


def caller(url: str, answer_s: float) -> httpx.Client:
    """Make the HTTP client for single questions, each answered within `answer_s` seconds."""
    near = _is_near(url)
    timeout = httpx.Timeout(CONNECT_S, read=answer_s)
    return httpx.Client(timeout=timeout, trust_env=not near, verify=not near)


def _is_near(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def refusal(url: str, status: int, body: bytes) -> StreamError:
    """Explain a 4xx answer in one line, naming the parameter when the backend does."""
    told = detail(body)
    if status == 422 and told:
        return StreamError(told)
    if status == 404:
        told = told if told and told != "Not Found" else "there is no such stream"
    return StreamError(f"{url} answers {status}: {told or 'no reason was given'}")


def detail(body: bytes) -> str:
    """Read what the backend says of a refusal; nothing when it says nothing."""
    try:
        told = orjson.loads(body).get("detail", "")
    except (ValueError, AttributeError):
        return ""
    return told if isinstance(told, str) else "; ".join(_complaint(item) for item in told)


def _complaint(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    name = ".".join(str(part) for part in item.get("loc", ()) if part != "query")
    given = f" (given: {item['input']!r})" if "input" in item else ""
    return f"{name}: {item.get('msg', 'is not allowed')}{given}"


def pause_s(headers: Mapping[str, str]) -> float:
    """Say how many seconds a full backend asks us to stay away (its Retry-After)."""
    asked = headers.get("retry-after", "")
    return min(float(asked), LONGEST_PAUSE_S) if asked.isdigit() else FULL_PAUSE_S


def in_words(error: Exception) -> str:
    """Say in a few words why a connection failed."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"The backend is not answering on {error.request.url.netloc.decode()}"
    if isinstance(error, httpx.ReadTimeout):
        return "The backend has fallen silent"
    if isinstance(error, httpx.HTTPStatusError):
        return f"The backend answers {error.response.status_code}"
    if isinstance(error, SSEError):
        return f"The address does not serve a stream of flights ({error})"
    return "The connection to the backend broke"
