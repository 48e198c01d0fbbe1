"""The engines: fetched, started, stopped, watched and diagnosed on this machine."""

from flightlib.engines.doctor import Check, doctor
from flightlib.engines.fetch import fetch
from flightlib.engines.layout import prepare
from flightlib.engines.local import Local
from flightlib.engines.names import ENGINES, chosen
from flightlib.engines.ports import free_ports
from flightlib.engines.pyflink import table_environment
from flightlib.engines.status import EngineStatus, Statuses
from flightlib.settings import Settings, load

__all__ = [
    "ENGINES",
    "Check",
    "EngineStatus",
    "Local",
    "Statuses",
    "chosen",
    "doctor",
    "fetch",
    "free_ports",
    "prepare",
    "status",
    "table_environment",
]


def status(settings: Settings | None = None) -> Statuses:
    """Look at every engine: address, state, memory, restarts; shows itself as a table."""
    return Local(settings or load()).status()
