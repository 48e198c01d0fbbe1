"""The engines as containers: the face of `Local`, with `docker compose` as a child process."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from tempfile import TemporaryFile
from typing import IO

from flightlib.engines import apps, docker, folder, mode, ports
from flightlib.engines.apps import APPS
from flightlib.engines.docker import Container
from flightlib.engines.health import healthy
from flightlib.engines.local import DEATHS_ALLOWED, HEALTHY_WITHIN_S, LOG_LINES_SHOWN
from flightlib.engines.names import ENGINES
from flightlib.engines.orphans import engine_processes
from flightlib.engines.progress import Progress
from flightlib.engines.rows import container_rows
from flightlib.engines.services import (
    NETWORK,
    PUBLISHED,
    SERVICES,
    chosen_services,
    compose_words,
    one_service,
    project_name,
    variables,
)
from flightlib.engines.status import Statuses
from flightlib.errors import EngineFailed, MachineError
from flightlib.settings import Settings, shared_folder

_POLL_S = 1.0
Report = Callable[[str, str], None]


def _quiet(*_words: str) -> None:
    """Report to no one."""


def deaths(now: Container, before: Container | None) -> int:
    """Count how often a container died by itself since it was looked at before."""
    return now.restarts - (before.restarts if before and before.id == now.id else 0)


class Compose:
    """The engines of one data folder in containers of this machine."""

    def __init__(self, settings: Settings, say: Callable[[str], object] = _quiet) -> None:
        """Look at the containers of these settings; `say` is told why something takes long."""
        self.settings = settings
        self._data = settings.data
        self._say = say
        self._project = project_name(settings.data)

    # --- up -------------------------------------------------------------------------------------

    def up(
        self,
        names: Iterable[str] | None = None,
        report: Report = _quiet,
        progress: Progress | None = None,
    ) -> None:
        """Start engines (all if none is named) and return when each one is healthy.

        The image is built before; what has not changed since is not built again. Raises
        SettingError for an unknown name, MachineError if Docker or a port is missing, EngineFailed
        if the image cannot be built or an engine does not come up.
        """
        asked = chosen_services(names)
        engine, _ = docker.engine(), docker.compose_version()
        folder.claim(self._data)
        ports.check_distinct(self.settings, ENGINES)
        folder.check_room(self._data)
        with folder.locked(self._data, self._say):
            there = self._there()
            if not any(container.running for container in there.values()):
                self._check_free()
            self._build()
            mode.remember(self._data, rootless=engine.rootless)
            self._start(asked, there, report)

    def _check_free(self) -> None:
        """Raise MachineError if engines run as processes, or a port has another user."""
        if engine_processes(self._data):
            raise MachineError(
                "The engines run as processes here. Stop them first: `flightlib down`."
            )
        ports.check_published(self.settings, PUBLISHED)

    def _build(self) -> None:
        if not (shared_folder("docker").parent / "pyproject.toml").is_file():
            raise MachineError(
                "The image is built from a checkout of flightlib, and this is an installed package."
                " Type `pip install -e .` in a checkout, then `flightlib up --compose`."
            )
        self._say("Building the image; the first time this fetches 1.5 GB and takes some minutes.")
        done = subprocess.run(self._words("build", NETWORK), env=self._environment(), check=False)
        if done.returncode:
            raise EngineFailed("The image was not built; the lines above say why.")

    def _start(self, asked: tuple[str, ...], before: dict[str, Container], report: Report) -> None:
        for name in asked:
            if name not in before or not before[name].running:
                report(name, "starting")
        with TemporaryFile("w+", encoding="utf-8", errors="replace") as said:
            starting = subprocess.Popen(
                self._words("up", "--detach", "--no-build", *asked),
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
            try:
                self._await(list(asked), before, starting, said, report)
            except BaseException:
                starting.terminate()
                raise
            finally:
                starting.wait()

    def _await(
        self,
        waiting: list[str],
        before: dict[str, Container],
        starting: subprocess.Popen[bytes],
        said: IO[str],
        report: Report,
    ) -> None:
        """Wait until all are healthy; raise EngineFailed for one that does not come up."""
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        while waiting:
            code, there = starting.poll(), self._there()
            for name in list(waiting):
                container = there.get(name)
                if container and container.running and self._well(name, container.started_s):
                    waiting.remove(name)
                    report(name, "healthy")
                elif container and deaths(container, before.get(name)) >= DEATHS_ALLOWED:
                    self._give_up(name, "keeps dying")
                elif container and code == 0 and container.state == "exited":
                    self._give_up(name, "does not stay up")
            if waiting and code:
                said.seek(0)
                raise EngineFailed(f"`docker compose up` fails: {docker.last_line(said.read())}")
            if waiting and time.monotonic() > deadline:
                self._give_up(waiting[0], f"is not healthy after {HEALTHY_WITHIN_S:.0f} s")
            time.sleep(_POLL_S if waiting else 0)

    def _well(self, name: str, since_s: float) -> bool:
        if name in APPS:
            return apps.answers(self.settings, name)
        return healthy(self.settings, name, since_s)

    def _give_up(self, name: str, why: str) -> None:
        lines = self.logs(name, LOG_LINES_SHOWN)
        with suppress(MachineError):
            self._run("stop", name)
        raise EngineFailed("\n".join([f"{name} {why}. Its last lines:", *lines]))

    # --- down -----------------------------------------------------------------------------------

    def down(self, names: Iterable[str] | None = None, report: Report = _quiet) -> None:
        """Stop engines, or remove all containers if none is named; return when they are gone.

        Raises SettingError for an unknown name, MachineError if Docker does not answer while
        engines are named; without names the containers are then taken for gone.
        """
        asked = chosen_services(names) if names else SERVICES
        if not folder.is_own(self._data):
            return  # nothing was ever started here
        with folder.locked(self._data, self._say):
            try:
                ran = self._there()
            except MachineError as error:
                if names:
                    raise
                self._say(f"{error} No container was stopped.")
                ran = {}
            if ran:
                self._run(*(("stop", *asked) if names else ("down",)))
            for name in asked:
                if name in ran and ran[name].running:
                    report(name, "stopped")
            if not names:
                mode.forget(self._data)

    # --- look -----------------------------------------------------------------------------------

    def status(self, names: Iterable[str] | None = None) -> Statuses:
        """Give one row per engine, and one for each other service that has a container."""
        there: dict[str, Container] = {}
        # Within a container there is no Docker to ask, yet every engine answers.
        with suppress(MachineError):
            there = self._there()
        asked = chosen_services(names) if names else (*ENGINES, *(a for a in APPS if a in there))
        return container_rows(self.settings, there, asked, self._well)

    def logs(self, engine: str, lines: int = 50) -> list[str]:
        """Give the last lines a service wrote; none if it never ran.

        Raises SettingError for an unknown service, MachineError if Docker does not answer.
        """
        found = self._there().get(one_service(engine))
        if found is None:
            return []
        return docker.answer(["logs", "--tail", str(lines), found.id]).splitlines()

    def ran(self, engine: str) -> bool:
        """Say whether a service has a container. Raises as `logs` does."""
        return one_service(engine) in self._there()

    def follow(self, engine: str, write: Callable[[str], object]) -> None:
        """Go on writing what a service writes, until Ctrl-C."""
        found = self._there().get(one_service(engine))
        if found is None:
            return
        words = ["docker", "logs", "--tail", "0", "--follow", found.id]
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as child:
            try:
                for line in child.stdout or ():
                    write(line)
            except KeyboardInterrupt:
                child.terminate()

    def reset(self) -> None:
        """Delete all data of the engines. Raises MachineError while there are containers."""
        with folder.locked(self._data, self._say):
            if self._there():
                raise MachineError("The engines are running. Stop them first: `flightlib down`.")
            folder.empty(self._data)

    # --- Docker ---------------------------------------------------------------------------------

    def _there(self) -> dict[str, Container]:
        """Find the containers; what is typed next is then about their project, whoever named it."""
        there = docker.containers(self._data)
        self._project = next((one.project for one in there.values()), self._project)
        return there

    def _run(self, *words: str) -> str:
        """Run a command of compose to its end; raise MachineError if it fails."""
        return docker.answer(compose_words(self._project, *words), self._environment())

    def _words(self, *words: str) -> list[str]:
        return ["docker", *compose_words(self._project, *words)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **variables(self.settings, mode.recall(self._data))}
