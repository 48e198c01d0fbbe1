"""The process manager, supervisor: it starts the engines, restarts one that dies, keeps their logs.

It runs on its own, in its own session, so the engines survive the terminal that started them.
"""

from __future__ import annotations

import os
import re
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar
from xmlrpc.client import Fault, ServerProxy

from supervisor.xmlrpc import Faults, SupervisorTransport

from flightlib.engines import folder
from flightlib.engines.commands import Command, elsewhere_variables, log_file
from flightlib.errors import EngineFailed
from flightlib.settings import Settings

OPEN_FILES = 8192  # Trino refuses to run below 4096
START_WAIT_S = 15.0
_KEPT_VARIABLES = ("HOME", "PATH", "TMPDIR", "USER", "LOGNAME", "TZ")
# BAD_NAME: there is nothing to stop of an engine that was never configured.
_SO_ALREADY = (Faults.ALREADY_STARTED, Faults.NOT_RUNNING, Faults.SHUTDOWN_STATE, Faults.BAD_NAME)
_T = TypeVar("_T")


@dataclass(frozen=True)
class State:
    """What the process manager knows of one engine."""

    name: str  # RUNNING, STARTING, STOPPED, STOPPING, BACKOFF, EXITED, FATAL
    pid: int  # 0 if there is no process
    started_s: float  # epoch seconds of the last start


class ManagerGone(Exception):
    """The process manager does not answer."""


class Manager:
    """The process manager of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._run = folder.run_folder(settings.data)
        self._socket = folder.socket_path(settings.data)
        self.config = self._run / "supervisord.conf"
        self.log = self._run / "supervisord.log"

    def running(self) -> bool:
        """Say whether it answers."""
        try:
            self._call(lambda rpc: rpc.getState())
        except ManagerGone:
            return False
        return True

    def ensure(self, commands: list[Command]) -> None:
        """Have it running with these commands; one that changed is stopped, not yet started.

        Raises EngineFailed if it cannot be started.
        """
        for path in (self._run, self._socket.parent):
            folder.make_private(path)
        text = config_text(self._settings, commands, self._run, self._socket)
        same = self.config.is_file() and self.config.read_text(encoding="utf-8") == text
        self.config.write_text(text, encoding="utf-8")
        if not self.running():
            self._launch()
        elif not same:
            self._call(_reload)

    def _launch(self) -> None:
        # -c: the configuration; it goes into the background by itself.
        started = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.config)],
            env=clean_environment() | elsewhere_variables(self._settings),
            cwd=self._run,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_WAIT_S
        while started.returncode == 0 and time.monotonic() < deadline:
            if self.running():
                return
            time.sleep(0.02)
        said = (started.stderr or started.stdout).strip().splitlines()[-1:]
        raise EngineFailed(
            f"The process manager does not start: {' '.join(said) or 'no answer'}. "
            f"Its log is {self.log}."
        )

    def states(self) -> dict[str, State]:
        """Give the state of each engine. Raises ManagerGone."""
        rows = self._call(lambda rpc: rpc.getAllProcessInfo())
        return {row["name"]: State(row["statename"], row["pid"], row["start"]) for row in rows}

    def start(self, engine: str) -> None:
        """Begin to start an engine. Raises ManagerGone."""
        self._call(lambda rpc: _harmless(rpc.startProcess, engine, False))

    def stop(self, engine: str) -> None:
        """Begin to stop an engine. Raises ManagerGone."""
        self._call(lambda rpc: _harmless(rpc.stopProcess, engine, False))

    def shutdown(self) -> None:
        """Begin to end the process manager itself. Raises ManagerGone."""
        self._call(lambda rpc: _harmless(rpc.shutdown))

    def deaths(self) -> dict[str, int]:
        """Count how often each engine died by itself since the process manager started."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return {}
        now = text.rsplit("supervisord started with pid", 1)[-1]
        counts: dict[str, int] = {}
        for engine in re.findall(r" exited: (\w+) \(", now):
            counts[engine] = counts.get(engine, 0) + 1
        return counts

    def _call(self, ask: Callable[[Any], _T]) -> _T:
        try:
            with _connection(self._socket) as rpc:
                return ask(rpc)
        except (OSError, HTTPException) as error:
            raise ManagerGone(str(error)) from None


@contextmanager
def _connection(socket: Path) -> Iterator[Any]:
    transport = SupervisorTransport(None, None, f"unix://{socket}")
    try:
        yield ServerProxy("http://127.0.0.1", transport=transport).supervisor
    finally:
        transport.close()


def _harmless(method: Callable[..., Any], *arguments: Any) -> None:
    """Call a method; a refusal because what is asked for is so already is no failure."""
    try:
        method(*arguments)
    except Fault as fault:
        if fault.faultCode not in _SO_ALREADY:
            raise EngineFailed(f"The process manager refuses: {fault.faultString}.") from None


def _reload(rpc: Any) -> None:
    added, changed, removed = rpc.reloadConfig()[0]
    for engine in [*changed, *removed]:
        _harmless(rpc.stopProcessGroup, engine, True)
        rpc.removeProcessGroup(engine)
    for engine in [*added, *changed]:
        rpc.addProcessGroup(engine)


def clean_environment() -> dict[str, str]:
    """Give the engines' base environment: none of the user's Java or engine options.

    File names are UTF-8 whatever the user's language settings, and a user without an entry in the
    system's list has a name all the same (Hadoop's libraries insist on one).
    """
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return kept | {"LC_ALL": "C.UTF-8", "HADOOP_USER_NAME": "flightlib"}


def config_text(settings: Settings, commands: list[Command], run: Path, socket: Path) -> str:
    """Write the process manager's configuration."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    head = f"""[unix_http_server]
file={_text(socket)}
chmod=0700

[supervisord]
identifier=flightlib
logfile={_text(run / "supervisord.log")}
logfile_maxbytes=10MB
logfile_backups=1
pidfile={_text(run / "supervisord.pid")}
directory={_text(run)}
childlogdir={_text(run)}
minfds={files}

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    return head + "".join(_program(settings, command) for command in commands)


def _program(settings: Settings, command: Command) -> str:
    variables = ",".join(f'{name}="{_text(value)}"' for name, value in command.env.items())
    return f"""
[program:{command.engine}]
command={_text(shlex.join(command.argv))}
directory={_text(command.folder)}
environment={variables}
autostart=false
autorestart=true
startsecs=3
startretries=3
stopwaitsecs=20
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={_text(log_file(settings, command.engine))}
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=2
"""


def _text(value: object) -> str:
    return str(value).replace("%", "%%")
