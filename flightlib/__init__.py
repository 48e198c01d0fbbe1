"""Event-driven analytics on live flights: `import flightlib as fl`, `%load_ext flightlib`."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

_ROOMS = {
    "errors": ("FlightlibError",),
    "settings": ("Settings",),
    "records": ("FlightReport",),
    "sky": ("Sky",),
    "scenario": ("Scenario", "scenarios"),
    "kafka": ("Publisher", "now_ms", "message_count", "send_poison"),
    "replay": ("Replay", "record"),
    "flink": ("Job", "jobs", "tables", "flink_function"),
    "engines": ("status", "table_environment"),
    "live": ("Stream", "read"),
    "widgets": (
        *("LiveMap", "LiveBars", "LiveLine", "LiveDensity", "LiveTable", "Filters", "JobPanel"),
        *("LiveSnapshots", "Dashboard", "TimeTravel", "ScenarioPanel", "ReplayControls"),
    ),
    "magics": ("load_ipython_extension", "unload_ipython_extension"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}
# Without this, Python prints a library's warnings into the notebook's cells.
logging.getLogger(__name__).addHandler(logging.NullHandler())
_BY_NAME = ("lake", "measure")  # rooms that are used by their own names
__all__ = sorted((*_ROOM_OF, *_BY_NAME))


def __getattr__(name: str) -> Any:
    """Fetch a public name from its room at first use."""
    if name in _BY_NAME:
        return import_module(f"flightlib.{name}")
    if name not in _ROOM_OF:
        raise AttributeError(f"flightlib has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(f"flightlib.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
