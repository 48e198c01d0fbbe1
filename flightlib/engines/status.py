"""What the engines are doing now: one row per engine."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import escape

import psutil

from flightlib.engines.away import trouble
from flightlib.engines.health import healthy
from flightlib.engines.manager import Manager, ManagerGone, State
from flightlib.engines.names import ENGINES, address, elsewhere
from flightlib.engines.orphans import engine_processes
from flightlib.settings import Settings

# An engine that is not healthy this long after its start is not "starting" any more.
STARTING_S = 90.0
_DYING = ("BACKOFF", "EXITED", "FATAL")


@dataclass(frozen=True)
class EngineStatus:
    """One engine, as it is now."""

    engine: str
    address: str
    # healthy, starting, silent (runs, but does not answer), dying, stopped, unwatched, or remote:
    # somebody else runs it, and `healthy` and `message` say whether it lets flightlib in
    state: str
    healthy: bool
    pid: int | None
    uptime_s: float | None
    memory_mb: float | None  # resident
    restarts: int  # times it died by itself and was started again
    message: str  # what to do, if anything


class Statuses(tuple[EngineStatus, ...]):
    """The rows of all engines; shows itself as a table."""

    @property
    def memory_mb(self) -> float:
        """The resident memory of all engines together, in MB."""
        return sum(row.memory_mb or 0.0 for row in self)

    def __str__(self) -> str:
        return "\n".join(
            f"{row.engine:12} {row.state:10} {row.address:42} {row.message}".rstrip()
            for row in self
        )

    def _repr_html_(self) -> str:
        names = ("engine", "state", "address", "uptime_s", "memory_mb", "restarts", "message")
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = ("".join(f"<td>{_cell(getattr(r, n))}</td>" for n in names) for r in self)
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    if value is None:
        return ""
    return escape(f"{value:.0f}" if isinstance(value, float) else str(value))


def collect(settings: Settings, manager: Manager, engines: Iterable[str] = ENGINES) -> Statuses:
    """Look at every engine: its process, and its own answer to its health question."""
    names = list(engines)
    states, deaths = _states(settings, manager), manager.deaths()

    def look(name: str) -> EngineStatus:
        if elsewhere(settings, name):
            return _away(settings, name)
        ok = _answers(settings, name, states.get(name))
        return _row(settings, name, states.get(name), ok, deaths.get(name, 0))

    with ThreadPoolExecutor(len(names) or 1) as pool:
        return Statuses(pool.map(look, names))


def _away(settings: Settings, engine: str) -> EngineStatus:
    """Make the row of an engine that somebody else runs: of its process nothing is known."""
    wrong, where = trouble(settings, engine), address(settings, engine)
    return EngineStatus(engine, where, "remote", not wrong, None, None, None, 0, wrong)


def _states(settings: Settings, manager: Manager) -> dict[str, State]:
    """Ask the process manager; without one, look for processes it left behind."""
    try:
        return manager.states()
    except ManagerGone:
        left = engine_processes(settings.data)
        return {name: State("UNWATCHED", p[0].pid, 0.0) for name, p in left.items()}


def _answers(settings: Settings, engine: str, state: State | None) -> bool:
    return healthy(settings, engine, state.started_s if state and state.pid else 0.0)


def _row(
    settings: Settings, engine: str, state: State | None, ok: bool, deaths: int
) -> EngineStatus:
    pid = state.pid if state and state.pid else None
    uptime_s, memory_mb = _process(pid)
    word, message = _word(state if pid or _is_dying(state) else None, ok, uptime_s or 0.0, engine)
    return EngineStatus(
        engine, address(settings, engine), word, ok, pid, uptime_s, memory_mb, deaths, message
    )


def _is_dying(state: State | None) -> bool:
    return state is not None and state.name in _DYING


def _word(state: State | None, ok: bool, uptime_s: float, engine: str) -> tuple[str, str]:
    if state is None:
        return ("healthy", "started by someone else") if ok else ("stopped", "")
    if state.name == "UNWATCHED":
        return "unwatched", "its process manager is gone: `flightlib up` or `flightlib down`"
    if _is_dying(state):
        return "dying", f"see `flightlib logs {engine}`"
    if ok:
        return "healthy", ""
    if uptime_s < STARTING_S:
        return "starting", ""
    return "silent", f"runs but does not answer: see `flightlib logs {engine}`"


def _process(pid: int | None) -> tuple[float | None, float | None]:
    """Read age in seconds and resident megabytes of a process."""
    if pid is None:
        return None, None
    try:
        process = psutil.Process(pid)
        return time.time() - process.create_time(), process.memory_info().rss / 1e6
    except psutil.Error:
        return None, None
