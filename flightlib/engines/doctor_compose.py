"""What this machine has and lacks for engines in containers, one line each, with the fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flightlib.engines import docker
from flightlib.engines.doctor import Check, clock, disk, python
from flightlib.engines.ports import check_published
from flightlib.engines.services import PUBLISHED
from flightlib.errors import FlightlibError
from flightlib.settings import Settings

# The limits in docker/compose.yaml together; a test adds them up.
ALL_GB = 8.0
ENGINES_GB = 4.0


def doctor_compose(settings: Settings) -> list[Check]:
    """Look at the machine and its Docker for the sake of all containers; start nothing."""
    return [
        python(),
        *docker_checks(),
        *(check for check in disk(settings, ()) if check.name == "data"),
        _ports(settings),
        clock(settings),
    ]


def docker_checks() -> Iterator[Check]:
    """Check the client, the engine and its memory, and the compose plugin."""
    yield _check("compose", docker.compose_version)
    try:
        engine = docker.engine()
    except FlightlibError as error:
        yield Check("docker", "fail", str(error))
        return
    yield Check("docker", "ok", f"{engine.version}{', without root' if engine.rootless else ''}")
    found = f"{engine.memory_gb:.1f} GB for containers"
    if engine.memory_gb >= ALL_GB:
        yield Check("memory", "ok", found)
    else:
        fix = f"All together may take {ALL_GB:.0f} GB: give Docker more, or start fewer engines."
        yield Check("memory", "warn" if engine.memory_gb >= ENGINES_GB else "fail", found, fix)


def _ports(settings: Settings) -> Check:
    numbers = ", ".join(str(getattr(settings, name)) for name in PUBLISHED)

    def look() -> str:
        if any(one.running for one in docker.containers(settings.data).values()):
            return f"{numbers}: held by flightlib's own containers"
        check_published(settings, PUBLISHED)
        return f"{numbers}: free"

    return _check("ports", look)


def _check(name: str, look: Callable[[], str]) -> Check:
    """Make a check of something that gives a word when all is well, and raises otherwise."""
    try:
        return Check(name, "ok", look())
    except FlightlibError as error:
        return Check(name, "fail", str(error))
