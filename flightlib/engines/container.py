"""One engine as the process of a container: the command of local mode, in the foreground.

`python -m flightlib.engines.container WORD` with one of these words: `hold` claims the data
folder, writes what Prometheus reads and stays, `run ENGINE` becomes that engine, `ask NAME` ends
with code 0 if it is healthy, and `fetch FOLDER` puts the engines' files there, for the image.
`docker/compose.yaml` types these.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from flightlib.engines import folder, mode, prometheus
from flightlib.engines.apps import APPS, answers
from flightlib.engines.commands import command, data_folders
from flightlib.engines.health import healthy
from flightlib.engines.kafka_data import prepare_folder
from flightlib.engines.layout import places, prepare
from flightlib.engines.manager import OPEN_FILES, clean_environment
from flightlib.engines.names import ENGINES, only
from flightlib.engines.orphans import engine_processes
from flightlib.engines.progress import Silent
from flightlib.errors import FlightlibError
from flightlib.settings import Settings, load


class _Lines(Silent):
    """A line for each thing that is ready, for the record of an image's build."""

    def end(self, task: str) -> None:
        sys.stdout.write(f"{task}: ready\n")

    def say(self, text: str) -> None:
        sys.stdout.write(f"{text}\n")


def hold(settings: Settings) -> None:
    """Claim the data folder and become a process that does nothing until told to end."""
    hold_folder(settings)
    # Whoever typed `docker compose` by hand has flightlib's commands know of it as well.
    if not mode.in_containers(settings.data):
        mode.remember(settings.data, rootless=os.getuid() == 0)
    os.execvp("sleep", ("sleep", "infinity"))


def hold_folder(settings: Settings) -> None:
    """Make the data folder ready for all services, whoever of them comes first."""
    _make_folders(settings)
    prometheus.written(settings)


def run(settings: Settings, engine: str) -> None:
    """Become an engine: the same command (but for class archives), environment and limits."""
    made = command(settings, only(engine))
    _make_folders(settings)
    if engine == "kafka":
        prepare_folder(settings)
    allow_files()
    os.chdir(made.folder)
    os.execve(made.argv[0], made.argv, clean_environment() | made.env)


def _make_folders(settings: Settings) -> None:
    folder.claim(settings.data)
    for path in (*data_folders(settings), folder.run_folder(settings.data)):
        path.mkdir(parents=True, exist_ok=True)


def allow_files() -> None:
    """Let this process open as many files as the process manager of local mode lets engines."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def ask(settings: Settings, name: str) -> bool:
    """Ask an engine, or what runs beside the engines, its health question."""
    if name in APPS:
        return answers(settings, name)
    found = engine_processes(settings.data).get(only(name), [])
    return bool(found) and healthy(settings, name, max(map(_born_s, found)))


def _born_s(process: psutil.Process) -> float:
    try:
        return process.create_time()
    except psutil.Error:  # gone meanwhile: nothing it said counts
        return float("inf")


def fetch(settings: Settings, target: Path) -> None:
    """Make all engines ready in the cache, and copy what they run from into another cache.

    A build keeps the first cache for the next build; the second goes into the image.
    """
    prepare(settings, ENGINES, _Lines())
    for place in {place for engine in ENGINES for place in places(settings, engine)}:
        shutil.copytree(place, target / "homes" / place.name, symlinks=True, dirs_exist_ok=True)


def main(words: Sequence[str]) -> int:
    """Do what the words say; give the exit code."""
    try:
        settings = load()
        match words:
            case ["hold"]:
                hold(settings)
            case ["run", engine]:
                run(settings, engine)
            case ["ask", name]:
                return 0 if ask(settings, name) else 1
            case ["fetch", target]:
                fetch(settings, Path(target))
            case _:
                sys.stderr.write(f"{__doc__}\n")
                return 2
    except FlightlibError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
