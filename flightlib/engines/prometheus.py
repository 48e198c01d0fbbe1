"""Prometheus, if this machine has one: its configuration with the ports that are set, its command.

It is no engine: nothing of flightlib needs it, and it does not come from the lock file.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from flightlib.engines import folder
from flightlib.engines.ports import holder, taken
from flightlib.errors import MachineError
from flightlib.settings import HOST, Settings, shared_folder

KEEP = "2d"
"""For how long figures are kept."""
_JOB = re.compile(r"job_name: (\S+)")
_TARGET = re.compile(r"(?<=targets: \[')[^']*(?=')")


def program() -> str:
    """Find `prometheus`. Raises MachineError saying what to install."""
    found = shutil.which("prometheus")
    if found is None:
        raise MachineError(
            "There is no `prometheus` on this machine. Install it with `apt-get install "
            "prometheus` (Debian, Ubuntu) or `brew install prometheus` (macOS)."
        )
    return found


def with_ports(text: str, settings: Settings) -> str:
    """Put the ports that are set into a configuration that has those of docker/.env. Pure."""
    ports = {
        "prometheus": settings.prometheus_port,
        "flightlib-backend": settings.backend_port,
        "flightlib-engines": settings.backend_port,
        "trino": settings.trino_port,
    }
    lines, job = [], ""
    for line in text.splitlines(keepends=True):
        if named := _JOB.search(line):
            job = named[1]
        lines.append(_TARGET.sub(f"{HOST}:{ports[job]}", line) if job in ports else line)
    return "".join(lines)


def prepared(settings: Settings) -> Path:
    """Write what Prometheus reads into the data folder, if its port is free; give that place.

    Raises MachineError when the port is taken, SettingError for a data folder of somebody else.
    """
    port = settings.prometheus_port
    if taken(port):
        raise MachineError(
            f"Port {port}, which Prometheus needs, is taken by {holder(port)}. End that program, "
            "or choose another port with FLIGHTLIB_PROMETHEUS_PORT=NUMBER."
        )
    folder.claim(settings.data)
    return written(settings)


def written(settings: Settings) -> Path:
    """Write the configuration, with the ports that are set, and the alerts; give their place."""
    source, place = shared_folder("docker") / "prometheus", settings.data / "prometheus"
    place.mkdir(exist_ok=True)
    shutil.copyfile(source / "alerts.yml", place / "alerts.yml")
    text = (source / "prometheus.yml").read_text(encoding="utf-8")
    (place / "prometheus.yml").write_text(with_ports(text, settings), encoding="utf-8")
    return place


def command(settings: Settings, place: Path, binary: str) -> list[str]:
    """Build the command that runs it from its place; it listens on this machine alone."""
    return [
        binary,
        f"--config.file={place / 'prometheus.yml'}",
        f"--storage.tsdb.path={place / 'data'}",
        f"--storage.tsdb.retention.time={KEEP}",
        f"--web.listen-address={HOST}:{settings.prometheus_port}",
        "--log.level=warn",
    ]
