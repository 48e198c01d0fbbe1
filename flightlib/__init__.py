"""Event-driven analytics on live flights: `import flightlib as fl`, `%load_ext flightlib`."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

_ROOM_OF = {
    "FlightlibError": "errors",
    "Settings": "settings",
    "FlightReport": "records",
    "Sky": "sky",
    "Publisher": "kafka",
    "now_ms": "kafka",
    "message_count": "kafka",
    "send_poison": "kafka",
    "Job": "flink",
    "jobs": "flink",
    "tables": "flink",
    "flink_function": "flink",
    "status": "engines",
    "table_environment": "engines",
    "Stream": "live",
    "LiveMap": "widgets",
    "LiveBars": "widgets",
    "LiveLine": "widgets",
    "LiveDensity": "widgets",
    "LiveTable": "widgets",
    "Filters": "widgets",
    "JobPanel": "widgets",
    "load_ipython_extension": "magics",
    "unload_ipython_extension": "magics",
}
_ROOMS = ("lake",)
# Without this, Python prints a library's warnings into the notebook's cells.
logging.getLogger(__name__).addHandler(logging.NullHandler())
__all__ = sorted((*_ROOM_OF, *_ROOMS))


def __getattr__(name: str) -> Any:
    """Fetch a public name from its room at first use."""
    if name in _ROOMS:
        return import_module(f"flightlib.{name}")
    if name not in _ROOM_OF:
        raise AttributeError(f"flightlib has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(f"flightlib.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
