"""Ask an engine that runs elsewhere whether it lets flightlib in, and what is wrong if not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flightlib import calls, flink, kafka, lake
from flightlib.engines.names import address, place
from flightlib.errors import EngineDown, FlightlibError
from flightlib.settings import Settings, variable

ANSWER_S = 4.0
QUERY_S = 20.0
"""How long Trino may take: its first query after a start is a slow one."""


def trouble(settings: Settings, engine: str) -> str:
    """Say in one line what keeps flightlib out of an engine elsewhere; nothing if all is well.

    The question needs the login: it is one that not everybody is answered. Takes up to some
    seconds when nobody answers.
    """
    try:
        _QUESTION[engine](settings)
    except FlightlibError as error:
        return str(error)
    return ""


def looked_at(settings: Settings, engine: str) -> tuple[Literal["ok", "fail"], str, str]:
    """Tell the doctor: whether an engine elsewhere will do, what was found, and the fix."""
    wrong = trouble(settings, engine)
    return (
        ("fail", "remote", wrong) if wrong else ("ok", f"remote: {address(settings, engine)}", "")
    )


def _kafka(settings: Settings) -> None:
    kafka.topics(settings)


def _registry(settings: Settings) -> None:
    _listed(settings, "registry", "/subjects")


def _catalog(settings: Settings) -> None:
    lake.reach(settings)


def _jobmanager(settings: Settings) -> None:
    _listed(settings, "jobmanager", "/overview")


def _taskmanager(settings: Settings) -> None:
    if not flink.Cluster(settings).answers():
        raise EngineDown(
            "A TaskManager", calls.where(settings, "flink"), "", "See Flink's own page there."
        )


def _gateway(settings: Settings) -> None:
    _listed(settings, "gateway", "/v3/info")


def _trino(settings: Settings) -> None:
    lake.ask(settings, "SELECT 1", within_s=QUERY_S, patience_s=0.0)


def _listed(settings: Settings, engine: str, path: str) -> None:
    """Have something answered; raise EngineDown when it is not what this engine would say."""
    where = place(engine)
    answer = calls.call(settings, where, "GET", path, ANSWER_S)
    if not answer.is_success or "json" not in answer.headers.get("content-type", ""):
        what = f"answers {answer.status_code} to {path}"
        todo = f"See whether {variable(where)} is its address: {address(settings, engine)}."
        raise calls.refused(settings, where, what, todo)


_QUESTION: dict[str, Callable[[Settings], None]] = {
    "kafka": _kafka,
    "registry": _registry,
    "catalog": _catalog,
    "jobmanager": _jobmanager,
    "taskmanager": _taskmanager,
    "gateway": _gateway,
    "trino": _trino,
}
