"""docker/compose.yaml as its readers see it: anchors resolved, and variables if they are given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from flightlib.settings import shared_folder

DOCKER = shared_folder("docker")
FILE = DOCKER / "compose.yaml"
# ${NAME}, ${NAME:-default}, ${NAME:?complaint}
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def raw() -> dict[str, Any]:
    """The file with its variables as they are written."""
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def services() -> dict[str, dict[str, Any]]:
    """The services, variables as they are written."""
    return dict(raw()["services"])


def dotenv() -> dict[str, str]:
    """What docker/.env defines."""
    lines = (DOCKER / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def filled(value: Any, given: Mapping[str, str]) -> Any:
    """The same with every variable replaced, as compose does it."""
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: given.get(found[1]) or (found[3] or ""), value)
    if isinstance(value, dict):
        return {key: filled(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, given) for inner in value]
    return value
