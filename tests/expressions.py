"""The PromQL of the alerts and of the dashboard, and which metrics it speaks of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from flightlib.settings import shared_folder

DOCKER = shared_folder("docker")
CONFIG = DOCKER / "prometheus" / "prometheus.yml"
ALERTS = DOCKER / "prometheus" / "alerts.yml"
DASHBOARD = DOCKER / "grafana" / "dashboards" / "flightlib.json"

_WORDS = {"by", "on", "and", "or", "unless", "without", "ignoring", "group_left", "group_right"}
_ASIDE = r'"[^"]*"|\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)'


def read_yaml(path: Any) -> Any:
    """Read one of the configuration files."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def alerts() -> list[dict[str, Any]]:
    """List the alerts."""
    return [rule for group in read_yaml(ALERTS)["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """List the panels of the dashboard."""
    return list(json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"])


def expressions() -> Iterator[str]:
    """Give every expression; Grafana's own variable is a length of time."""
    yield from (rule["expr"] for rule in alerts())
    for panel in panels():
        yield from (t["expr"].replace("$__rate_interval", "1m") for t in panel["targets"])


def names_in(expression: str) -> set[str]:
    """Give the metrics that an expression speaks of: its words that are no function's name."""
    bare = re.sub(_ASIDE, " ", expression)
    words = re.findall(r"(?<![\w.])[a-zA-Z_:][\w:]*\b(?!\s*\()", bare)
    return set(words) - _WORDS


def used() -> set[str]:
    """Give every metric that an alert or the dashboard needs."""
    return set().union(*map(names_in, expressions()))
