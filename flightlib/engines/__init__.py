"""The engines: fetched, started, stopped, watched and diagnosed, as processes or containers."""

from flightlib.engines.compose import Compose
from flightlib.engines.doctor import Check, doctor
from flightlib.engines.doctor_compose import doctor_compose
from flightlib.engines.fetch import fetch
from flightlib.engines.found import found
from flightlib.engines.layout import prepare
from flightlib.engines.local import Local
from flightlib.engines.mode import in_containers
from flightlib.engines.names import ENGINES, chosen
from flightlib.engines.ports import free_ports
from flightlib.engines.pyflink import table_environment
from flightlib.engines.status import EngineStatus, Statuses
from flightlib.settings import Settings, load

__all__ = [
    "ENGINES",
    "Check",
    "Compose",
    "EngineStatus",
    "Local",
    "Statuses",
    "chosen",
    "doctor",
    "doctor_compose",
    "fetch",
    "found",
    "free_ports",
    "in_containers",
    "prepare",
    "status",
    "table_environment",
]


def status(settings: Settings | None = None) -> Statuses:
    """Look at every engine: address, state, memory, restarts; shows itself as a table."""
    return found(settings or load()).status()
