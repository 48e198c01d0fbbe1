"""Find and end the engine processes of one data folder, supervised or not.

Every engine carries the data folder in its command line, so a process that the process manager
restarted, or left behind when it was killed, is found as surely as one just started. A process
is its number and its creation time together (psutil checks both before a signal), and its command
line says whose it is: a reused number is never mistaken for an engine.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import psutil

from flightlib.engines.commands import marker

TERM_WAIT_S = 20.0
KILL_WAIT_S = 10.0
_ENGINE = "-Dflightlib.engine="


def engine_processes(data: Path) -> dict[str, list[psutil.Process]]:
    """Find the running engine processes of a data folder, by engine."""
    found: dict[str, list[psutil.Process]] = {}
    for process in psutil.process_iter():
        line = _command_line(process)
        if marker(data) in line:
            names = [word[len(_ENGINE) :] for word in line if word.startswith(_ENGINE)]
            for name in names[:1]:
                found.setdefault(name, []).append(process)
    return found


def managers(config: Path) -> list[psutil.Process]:
    """Find the process managers that run with this configuration file."""
    return [p for p in psutil.process_iter() if _is_manager(_command_line(p), config)]


def _is_manager(line: list[str], config: Path) -> bool:
    return str(config) in line and any("supervisord" in word for word in line)


def end(processes: Iterable[psutil.Process]) -> None:
    """Ask processes to stop, make those that do not, and return when all are gone."""
    alive = list(processes)
    for kill, wait_s in ((False, TERM_WAIT_S), (True, KILL_WAIT_S)):
        for process in alive:
            _signal(process, kill)
        deadline = time.monotonic() + wait_s
        while (alive := [p for p in alive if not gone(p)]) and time.monotonic() < deadline:
            time.sleep(0.05)


def gone(process: psutil.Process) -> bool:
    """Say whether a process has ended, be it that no parent has collected it yet.

    In a container whose first process collects nobody, ended orphans stay listed for ever.
    """
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _signal(process: psutil.Process, kill: bool) -> None:
    with suppress(psutil.NoSuchProcess):
        if kill:
            process.kill()
        else:
            process.terminate()


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.Error, OSError):
        return []  # gone meanwhile, or another user's
