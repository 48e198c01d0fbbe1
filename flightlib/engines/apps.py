"""What runs in containers beside the engines: the generator of a sky, the backend, JupyterLab."""

from __future__ import annotations

from flightlib import kafka
from flightlib.engines.health import read_object
from flightlib.settings import HOST, Settings

APPS = ("sky", "backend", "lab")
TOPIC = "flights"


def address(settings: Settings, app: str) -> str:
    """Give the address an application answers on; the generator's is Kafka's, to which it sends."""
    if app == "sky":
        return settings.kafka
    return f"http://{HOST}:{settings.backend_port if app == 'backend' else settings.lab_port}"


def answers(settings: Settings, app: str) -> bool:
    """Say whether an application does its work now; never raises for one that is down."""
    if app == "sky":
        return kafka.has_publisher(settings, TOPIC)
    page, word = {"backend": ("healthz", "status"), "lab": ("api", "version")}[app]
    return word in read_object(f"{address(settings, app)}/{page}")
