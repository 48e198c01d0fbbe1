"""The `docker` client as a child process: argument lists in, text out, and never a shell."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flightlib.errors import MachineError

# The label by which the containers of a data folder are known, whoever started them.
LABEL = "flightlib.data"
# That of Docker 25, which looks more often at a container while it starts.
LEAST_API = (1, 44)
# The first compose that asks Docker for that.
LEAST_COMPOSE = (2, 20, 2)
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "kB": 1e3, "MB": 1e6, "GB": 1e9}
_BACK = "or run the engines as processes: `flightlib down`, then `flightlib up`."


@dataclass(frozen=True)
class Container:
    """One container, as the engine of Docker describes it."""

    id: str
    service: str
    project: str
    state: str  # created, running, restarting, exited, dead, ...
    started_s: float  # epoch seconds of the last start; 0 before the first
    restarts: int

    @property
    def running(self) -> bool:
        """Whether its process is there."""
        return self.state == "running"


@dataclass(frozen=True)
class Engine:
    """What the engine of Docker says of itself."""

    version: str
    memory_gb: float
    rootless: bool


def run(words: list[str], env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `docker` with these words to its end, output and complaints in one text.

    Raises MachineError if there is no such program.
    """
    try:
        return subprocess.run(
            ["docker", *words],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise MachineError(
            f"There is no `docker` on this machine. Install Docker with its compose plugin, {_BACK}"
        ) from None


def answer(words: list[str], env: Mapping[str, str] | None = None) -> str:
    """Give what `docker` answers. Raises MachineError with its last line when it refuses."""
    done = run(words, env)
    if done.returncode:
        said = last_line(done.stdout)
        if "daemon" in said or "connect" in said:
            raise MachineError(
                f"The engine of Docker does not answer: {said} "
                f"Start it (`sudo systemctl start docker`, or open Docker Desktop), {_BACK}"
            )
        raise MachineError(f"`docker {words[0]}` fails: {said}")
    return done.stdout


def engine() -> Engine:
    """Ask the engine of Docker about itself. Raises MachineError if it is silent or too old."""
    # `docker info` would end well without an engine; `docker version` does not.
    told_of = answer(["version", "--format", "{{.Server.Version}} {{.Server.APIVersion}}"])
    version, _, api = told_of.strip().partition(" ")
    if _numbers(api) < LEAST_API:
        raise MachineError(
            f"The engine of Docker is {version}; allowed: 25 or newer. Install a newer Docker, "
            f"{_BACK}"
        )
    told: dict[str, Any] = json.loads(answer(["info", "--format", "{{json .}}"]))
    rootless = any("rootless" in option for option in told.get("SecurityOptions") or [])
    return Engine(version, told.get("MemTotal", 0) / 1e9, rootless)


def compose_version() -> str:
    """Give the version of the compose plugin. Raises MachineError if it is missing or too old."""
    done = run(["compose", "version", "--short"])
    found = done.stdout.strip().removeprefix("v")
    # One that was built from its source has no number.
    if done.returncode or () < _numbers(found) < LEAST_COMPOSE:
        has = f"is {found}" if done.returncode == 0 else "is missing"
        least = ".".join(map(str, LEAST_COMPOSE))
        raise MachineError(
            f"The plugin `docker compose` {has}; allowed: {least} or newer. "
            f"Install Docker's package docker-compose-plugin, {_BACK}"
        )
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def containers(data: Path) -> dict[str, Container]:
    """Find the containers of a data folder, by service. Raises MachineError without an engine."""
    label = f"label={LABEL}={data}"
    ids = answer(["ps", "--all", "--quiet", "--no-trunc", "--filter", label]).split()
    if not ids:
        return {}
    found = [_container(one) for one in json.loads(answer(["inspect", *ids]))]
    return {container.service: container for container in found}


def _container(told: dict[str, Any]) -> Container:
    labels, state = told["Config"]["Labels"], told["State"]
    return Container(
        told["Id"],
        labels["com.docker.compose.service"],
        labels["com.docker.compose.project"],
        state["Status"],
        epoch_s(state["StartedAt"]),
        told["RestartCount"],
    )


def epoch_s(text: str) -> float:
    """Read a time of Docker, in UTC with nanoseconds, as epoch seconds; 0 for "never"."""
    at = datetime.fromisoformat(f"{text[:19]}+00:00")
    return max(0.0, at.timestamp()) if at.year > 1 else 0.0


def memory_mb(ids: list[str]) -> dict[str, float]:
    """Measure the memory of running containers, in MB by their ids; takes about two seconds."""
    if not ids:
        return {}
    words = ["stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *ids]
    rows = (line.split() for line in answer(words).splitlines())
    return {row[0]: megabytes(row[1]) for row in rows if len(row) > 1}


def megabytes(text: str) -> float:
    """Read an amount as Docker writes it, such as 612.4MiB, in MB; 0 if it is none."""
    found = re.fullmatch(r"([\d.]+)\s*([A-Za-z]+)", text)
    return float(found[1]) * _UNITS.get(found[2], 0) / 1e6 if found else 0.0


def last_line(text: str) -> str:
    """Give the last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no answer")
