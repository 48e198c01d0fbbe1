"""Play docker/compose.yaml without containers: each service's own command as a process.

Where no engine of Docker runs, this is as near as one comes: the commands, the variables, the order
and the health questions are those of the file, in the network of this machine. It says nothing of
the image, of mounts, of limits and of users. `python tests/docker/played.py` plays all services.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
from composed import filled, services

from flightlib.engines.mode import Containers
from flightlib.engines.ports import free_ports
from flightlib.engines.services import NETWORK, SERVICES, variables
from flightlib.settings import Settings, load, shared_folder

WITHIN_S = 300.0
ENDED_S = 30.0


class Played:
    """The services of the file as processes; `with` ends them all."""

    def __init__(self, data: Path) -> None:
        names = [name for name in Settings.model_fields if name.endswith("_port")]
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.settings = load(data=data, **ports)
        self.given = variables(self.settings, Containers(token="played"))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs = Path(tempfile.mkdtemp(prefix="flightlib-played-"))

    def __enter__(self) -> Played:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def up(self, names: Iterable[str]) -> None:
        """Start services and all they wait for, each when what it waits for is healthy."""
        for name in names:
            if name in self.processes:
                continue
            self.up(self.service(name).get("depends_on", {}))
            self._start(name)
            self._await(name)

    def service(self, name: str) -> dict[str, Any]:
        """A service of the file, its variables filled."""
        return dict(filled(services()[name], self.given))

    def log(self, name: str) -> str:
        """What a service wrote."""
        return (self._logs / name).read_text(encoding="utf-8", errors="replace")

    def healthy(self, name: str) -> bool:
        """Ask the health question of the file."""
        test = self.service(name)["healthcheck"]["test"]
        assert test[0] == "CMD"
        return self._run(name, test[1:]).returncode == 0

    def end(self) -> None:
        """End all as `docker stop` does, the last one first."""
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + ENDED_S
        for process in self.processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str) -> None:
        with (self._logs / name).open("wb") as log:
            self.processes[name] = subprocess.Popen(
                self._here(self._words(name)),
                env=self._environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _words(self, name: str) -> list[str]:
        service = self.service(name)
        return [*service.get("entrypoint", []), *service["command"]]

    def _await(self, name: str) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not self.healthy(name):
            assert self.processes[name].poll() is None, self.log(name)[-2000:]
            assert time.monotonic() < deadline, self.log(name)[-2000:]
            time.sleep(1)

    def _run(self, name: str, words: list[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self._here(words), env=self._environment(name), capture_output=True, check=False
        )

    def _environment(self, name: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        own = self.service(name)["environment"]
        # In the image the working folder is on the module path, and the files are in its cache.
        root = shared_folder("docker").parent
        cache = {"FLIGHTLIB_CACHE": str(self.settings.cache), "PYTHONPATH": str(root)}
        return {**kept, **cache, **own}

    def _here(self, words: list[str]) -> list[str]:
        programs = {"python": [sys.executable], "flightlib": [sys.executable, "-m", "flightlib"]}
        root = str(shared_folder("docker").parent)
        first, *others = words
        return [*programs.get(first, [first]), *(w.replace("/opt/flightlib", root) for w in others)]


def main() -> None:
    """Play the services that are named, or all, and say how long each took to be healthy."""
    # Grafana's command stands in its image alone.
    names = sys.argv[1:] or [NETWORK, *(name for name in SERVICES if name != "grafana")]
    with (
        tempfile.TemporaryDirectory(prefix="flightlib-played-") as data,
        Played(Path(data)) as play,
    ):
        for name in names:
            begun = time.monotonic()
            play.up([name])
            print(f"{name}: healthy after {time.monotonic() - begun:.1f} s", flush=True)
        for name, process in play.processes.items():
            print(f"{name}: {psutil.Process(process.pid).memory_info().rss / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
