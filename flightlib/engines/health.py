"""Ask each engine its own health question: not whether a port is open, but whether it works."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import httpx

from flightlib import calls, flink, kafka
from flightlib.engines.away import trouble
from flightlib.engines.names import elsewhere
from flightlib.errors import EngineDown
from flightlib.settings import HOST, Settings

TIMEOUT_S = 2.0
# The TaskManager reports to the JobManager every second (docker/flink/config.yaml).
_SILENT_MS = 4000


def healthy(settings: Settings, engine: str, since_s: float = 0.0) -> bool:
    """Say whether an engine answers its health question now; never raises for one that is down.

    `since_s` is the epoch second at which the engine's process started: an answer about an
    earlier process of the same engine does not count.
    """
    if elsewhere(settings, engine):
        return not trouble(settings, engine)
    return _QUESTION[engine](settings, since_s)


def _kafka(settings: Settings, _since_s: float) -> bool:
    # A connection attempt costs nothing; a client that meets a closed port waits and retries.
    try:
        socket.create_connection((HOST, settings.kafka_port), TIMEOUT_S).close()
    except OSError:
        return False
    return kafka.answers(settings, timeout_s=TIMEOUT_S)


def _registry(settings: Settings, _since_s: float) -> bool:
    return isinstance(_ask(settings, "registry", "/subjects"), list)


def _catalog(settings: Settings, _since_s: float) -> bool:
    return "defaults" in _object(settings, "catalog", "/v1/config")


def _jobmanager(settings: Settings, _since_s: float) -> bool:
    return "taskmanagers" in _object(settings, "flink", "/overview")


def _taskmanager(settings: Settings, since_s: float) -> bool:
    # The JobManager goes on listing a dead TaskManager until its heartbeat runs out.
    oldest = max(since_s * 1000, time.time() * 1000 - _SILENT_MS)
    known = _object(settings, "flink", "/taskmanagers").get("taskmanagers", [])
    return any(one["timeSinceLastHeartbeat"] > oldest for one in known)


def _gateway(settings: Settings, _since_s: float) -> bool:
    return "productName" in _object(settings, "flink_gateway", "/v3/info")


def _keeper(settings: Settings, since_s: float) -> bool:
    return flink.beats(settings, since_s)


def _trino(settings: Settings, _since_s: float) -> bool:
    return _object(settings, "trino", "/v1/info").get("starting") is False


def _object(settings: Settings, place: str, path: str) -> dict[str, Any]:
    answer = _ask(settings, place, path)
    return answer if isinstance(answer, dict) else {}


def _ask(settings: Settings, place: str, path: str) -> Any:
    """Read one JSON answer; None if there is none."""
    try:
        answer = calls.call(settings, place, "GET", path, TIMEOUT_S)
        return answer.json() if answer.is_success else None
    except (EngineDown, httpx.HTTPError, ValueError):
        return None


_QUESTION: dict[str, Callable[[Settings, float], bool]] = {
    "kafka": _kafka,
    "registry": _registry,
    "catalog": _catalog,
    "jobmanager": _jobmanager,
    "taskmanager": _taskmanager,
    "gateway": _gateway,
    "keeper": _keeper,
    "trino": _trino,
}
