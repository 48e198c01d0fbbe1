"""What is typed to run the engines as containers: settings in, words and environment out.

Pure, as `commands` is for local mode. The services themselves stand in `docker/compose.yaml`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from flightlib.engines.apps import APPS
from flightlib.engines.mode import Containers
from flightlib.engines.names import ENGINES, GROUPS, chosen
from flightlib.errors import SettingError, not_allowed
from flightlib.settings import Settings, shared_folder

PROFILES = ("core", "lake", "observe")
# Holds the network of all others and their ports; it is there as long as any of them.
NETWORK = "network"
SERVICES = (*ENGINES, *APPS)
# The ports of this machine that lead into the containers.
PUBLISHED = tuple(
    f"{name}_port"
    for name in ("kafka", "registry", "catalog", "flink", "gateway", "trino", *APPS)
    if name != "sky"  # which nobody calls
)


def chosen_services(names: Iterable[str] | None) -> tuple[str, ...]:
    """Turn names into services, in start order; none named means every engine.

    Beside the engines there are those of APPS. Raises SettingError for other names.
    """
    asked = list(names or ENGINES)
    for name in asked:
        if name not in SERVICES and name not in GROUPS:
            raise SettingError(not_allowed("A service", name, [*SERVICES, *GROUPS]))
    engines = [name for name in asked if name not in APPS]
    apps = [app for app in APPS if app in asked]
    return (*(chosen(engines) if engines else ()), *apps)


def one_service(name: str) -> str:
    """Check the name of one service. Raises SettingError naming the nearest name."""
    names = chosen_services([name])
    if len(names) > 1:
        raise SettingError(not_allowed("A service", name, names))
    return names[0]


def project_name(data: Path) -> str:
    """Name the compose project of a data folder: two folders never share a container."""
    return f"flightlib-{hashlib.sha256(os.fsencode(data)).hexdigest()[:8]}"


def compose_words(project: str, *words: str) -> list[str]:
    """Build what follows `docker` on a command line of compose."""
    files = shared_folder("docker")
    given = ["--project-name", project, "--file", str(files / "compose.yaml")]
    given += ["--env-file", str(files / ".env")]
    given += [word for name in PROFILES for word in ("--profile", name)]
    return ["compose", *given, *words]


def variables(settings: Settings, known: Containers) -> dict[str, str]:
    """Give what `docker/compose.yaml` reads: the ports, the data folder, whose its files are."""
    names = [name for name in Settings.model_fields if name.endswith("_port")]
    return {
        **{f"FLIGHTLIB_{name.upper()}": str(getattr(settings, name)) for name in names},
        "FLIGHTLIB_DATA": str(settings.data),
        # Where Docker runs without root, root in a container is the user outside.
        "FLIGHTLIB_USER": "0:0" if known.rootless else f"{os.getuid()}:{os.getgid()}",
        "FLIGHTLIB_LAB_TOKEN": known.token,
    }
