"""The rows of `flightlib status` for engines in containers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from flightlib.engines import apps, docker
from flightlib.engines.apps import APPS
from flightlib.engines.docker import Container
from flightlib.engines.names import address
from flightlib.engines.status import STARTING_S, EngineStatus, Statuses
from flightlib.settings import Settings

Well = Callable[[str, float], bool]


def container_rows(
    settings: Settings, there: Mapping[str, Container], names: Iterable[str], well: Well
) -> Statuses:
    """Look at services: their containers, their memory, and their answers to health questions."""
    asked = list(names)
    running = [there[name].id for name in asked if name in there and there[name].running]
    with ThreadPoolExecutor(len(asked) + 1) as pool:
        measured = pool.submit(docker.memory_mb, running)
        answers = list(pool.map(lambda name: well(name, _since_s(there.get(name))), asked))
        memory = measured.result()
    return Statuses(
        _row(settings, name, there.get(name), ok, memory)
        for name, ok in zip(asked, answers, strict=True)
    )


def _since_s(container: Container | None) -> float:
    return container.started_s if container and container.running else 0.0


def _row(
    settings: Settings,
    name: str,
    container: Container | None,
    ok: bool,
    memory: Mapping[str, float],
) -> EngineStatus:
    place = apps.address(settings, name) if name in APPS else address(settings, name)
    up = container is not None and container.running
    uptime_s = time.time() - container.started_s if container and up else None
    memory_mb = memory.get(container.id) if container else None
    restarts = container.restarts if container else 0
    state, message = _word(name, container, ok, uptime_s or 0.0)
    return EngineStatus(name, place, state, ok, None, uptime_s, memory_mb, restarts, message)


def _word(name: str, container: Container | None, ok: bool, uptime_s: float) -> tuple[str, str]:
    if container is None:
        return ("healthy", "started by someone else") if ok else ("stopped", "")
    if container.state == "restarting":
        return "dying", f"see `flightlib logs {name}`"
    if not container.running:
        return "stopped", ""
    if ok:
        return "healthy", ""
    if uptime_s < STARTING_S:
        return "starting", ""
    return "silent", f"runs but does not answer: see `flightlib logs {name}`"
