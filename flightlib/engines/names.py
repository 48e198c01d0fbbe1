"""Which engines there are, in which order they start, and where each one answers."""

from __future__ import annotations

from collections.abc import Iterable

from flightlib.errors import SettingError, not_allowed
from flightlib.settings import Settings

# In the order they start: the map needs only the first two.
ENGINES = (
    *("kafka", "registry", "catalog"),
    *("jobmanager", "taskmanager", "gateway", "keeper"),
    "trino",
)
FIRST = ("kafka", "registry")
FLINK = ("jobmanager", "taskmanager", "gateway", "keeper")
GROUPS = {"flink": FLINK}

# The settings that hold the ports of each engine, its public one first.
_PORTS = {
    "kafka": ("kafka_port", "kafka_controller_port"),
    "registry": ("registry_port",),
    "catalog": ("catalog_port",),
    "jobmanager": ("flink_port", "flink_rpc_port"),
    "taskmanager": (),  # its ports are free ones, known to the JobManager
    "gateway": ("gateway_port",),
    "keeper": (),  # it calls, nobody calls it
    "trino": ("trino_port",),
}
_ADDRESS = {
    "jobmanager": "flink",
    "taskmanager": "flink",
    "gateway": "flink_gateway",
    "keeper": "flink",
}


def chosen(names: Iterable[str] | None) -> tuple[str, ...]:
    """Turn engine names (`flink` stands for its four processes) into engines, in start order.

    None or nothing named means all. Raises SettingError naming the nearest name.
    """
    asked: set[str] = set()
    for name in names or ENGINES:
        if name not in ENGINES and name not in GROUPS:
            raise SettingError(not_allowed("An engine", name, [*ENGINES, *GROUPS]))
        asked.update(GROUPS.get(name, (name,)))
    return tuple(engine for engine in ENGINES if engine in asked)


def only(name: str) -> str:
    """Check the name of one engine. Raises SettingError naming the nearest name."""
    names = chosen([name])
    if len(names) > 1:
        raise SettingError(not_allowed("An engine", name, names))
    return names[0]


def ports(settings: Settings, engine: str) -> dict[str, int]:
    """Give the ports an engine listens on by the environment variable that moves each."""
    return {f"FLIGHTLIB_{name.upper()}": getattr(settings, name) for name in _PORTS[engine]}


def place(engine: str) -> str:
    """Name the setting that has the address an engine answers on."""
    return _ADDRESS.get(engine, engine)


def address(settings: Settings, engine: str) -> str:
    """Give the address an engine answers on."""
    return str(getattr(settings, place(engine)))


def elsewhere(settings: Settings, engine: str) -> bool:
    """Say whether somebody else runs an engine; the keeper is always this machine's."""
    return engine != "keeper" and settings.elsewhere(place(engine))


def here(settings: Settings, engines: Iterable[str]) -> tuple[str, ...]:
    """Leave out the engines that run elsewhere."""
    return tuple(engine for engine in engines if not elsewhere(settings, engine))


def with_files(settings: Settings, engines: Iterable[str]) -> tuple[str, ...]:
    """Leave out the engines that need no files here: a keeper of jobs elsewhere is Python alone."""
    alone = {"keeper"} if settings.elsewhere("flink") else set()
    return tuple(engine for engine in here(settings, engines) if engine not in alone)
