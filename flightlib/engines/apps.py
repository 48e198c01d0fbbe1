"""What runs in containers beside the engines: a sky, the backend, JupyterLab, and what watches."""

from __future__ import annotations

import httpx

from flightlib import kafka
from flightlib.settings import HOST, Settings

APPS = ("sky", "backend", "lab", "prometheus", "grafana")
TOPIC = "flights"
TIMEOUT_S = 10.0
# The page that tells how one is, and a word that stands on it.
PAGES = {
    "backend": ("healthz", "status"),
    "lab": ("api", "version"),
    "prometheus": ("-/healthy", "Healthy"),
    "grafana": ("api/health", "database"),
}


def address(settings: Settings, app: str) -> str:
    """Give the address an application answers on; the generator's is Kafka's, to which it sends."""
    if app == "sky":
        return settings.kafka
    return f"http://{HOST}:{getattr(settings, f'{app}_port')}"


def answers(settings: Settings, app: str) -> bool:
    """Say whether an application does its work now; never raises for one that is down."""
    if app == "sky":
        return kafka.has_publisher(settings, TOPIC)
    page, word = PAGES[app]
    try:
        # Proxies are for other addresses than ours.
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=False) as client:
            answer = client.get(f"{address(settings, app)}/{page}")
        return answer.is_success and word in answer.text
    except httpx.HTTPError:
        return False
