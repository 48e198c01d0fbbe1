"""The engines as processes of this machine: start, stop, watch. No Docker, no Java to install."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress

from flightlib.engines import classes, folder, ports
from flightlib.engines.commands import Command, command, data_folders, log_file
from flightlib.engines.health import healthy
from flightlib.engines.kafka_data import prepare_folder
from flightlib.engines.layout import prepare
from flightlib.engines.logs import follow
from flightlib.engines.manager import Manager, ManagerGone
from flightlib.engines.names import ENGINES, FIRST, chosen, here, only, with_files
from flightlib.engines.orphans import end, engine_processes, managers
from flightlib.engines.progress import Progress
from flightlib.engines.status import Statuses, collect
from flightlib.errors import ArtifactError, EngineFailed, MachineError
from flightlib.settings import Settings

HEALTHY_WITHIN_S = 300.0
STOPPED_WITHIN_S = 40.0
# An engine that died this often while it was being waited for will not come up.
DEATHS_ALLOWED = 3
LOG_LINES_SHOWN = 10
_POLL_S = 0.2
_STACK_FRAME = re.compile(r"\s+(at |\.\.\. \d+ more)")
Report = Callable[[str, str], None]


def _quiet(*_words: str) -> None:
    """Report to no one."""


class Local:
    """The engines of one data folder on this machine."""

    def __init__(self, settings: Settings, say: Callable[[str], object] = _quiet) -> None:
        """Look at the engines of these settings; `say` is told why something takes long."""
        self.settings = settings
        self._data = settings.data
        self._manager = Manager(settings)
        self._say = say

    # --- up -------------------------------------------------------------------------------------

    def up(
        self,
        names: Iterable[str] | None = None,
        report: Report = _quiet,
        progress: Progress | None = None,
    ) -> None:
        """Start engines (all if none is named) and return when each one is healthy.

        An engine that runs already, or that somebody else runs, is left alone. `report(engine,
        state)` is called with "starting", "healthy" and "remote"; `progress` watches the fetching.
        Raises SettingError for an unknown name, MachineError for a port that is taken or a full
        disk, ArtifactError if files cannot be fetched, EngineFailed if an engine does not come up.
        """
        engines = here(self.settings, asked := chosen(names))
        for engine in (one for one in asked if one not in engines):
            report(engine, "remote")
        if not engines:
            return
        folder.claim(self._data)
        folder.check_name("FLIGHTLIB_CACHE", self.settings.cache)
        ports.check_distinct(self.settings, ENGINES)
        ours = engine_processes(self._data)
        missing = [engine for engine in engines if engine not in ours]
        ports.check(self.settings, missing)
        if missing:
            folder.check_room(self._data)
        # Those that run may come from another environment: their files are needed here as well.
        files = with_files(self.settings, chosen({*engines, *ours}))
        prepare(self.settings, files, progress)
        with folder.locked(self._data, self._say):
            engines = chosen({*engines, *self._end_leftovers()})
            for path in data_folders(self.settings):
                path.mkdir(parents=True, exist_ok=True)
            try:
                self._start(engines, report)
            except ManagerGone:
                raise EngineFailed(
                    f"The process manager has gone. Its log is {self._manager.log}. "
                    f"Try `flightlib up` again."
                ) from None

    def _end_leftovers(self) -> list[str]:
        """End engines that no process manager watches; say which, so that they start again."""
        watched: set[int] = set()
        if self._manager.running():
            watched = {state.pid for state in self._manager.states().values()}
        else:
            end(managers(self._manager.config))
        left = {
            engine: [p for p in processes if p.pid not in watched]
            for engine, processes in engine_processes(self._data).items()
        }
        end(p for processes in left.values() for p in processes)
        return [engine for engine, processes in left.items() if processes]

    def _start(self, engines: tuple[str, ...], report: Report) -> None:
        before = self._running()
        classes.make_ready(self.settings)
        self._manager.ensure(self._commands(engines))
        running = self._running()
        # A changed command stopped what ran: that comes back as well.
        engines = chosen({*engines, *(before - running)})
        ports.check(self.settings, [e for e in engines if e not in running])
        for phase in (
            [e for e in engines if e in FIRST],
            [e for e in engines if e not in FIRST],
        ):
            for engine in phase:
                if engine not in running:
                    self._start_one(engine)
                    report(engine, "starting")
            self._await(phase, report)

    def _commands(self, needed: tuple[str, ...]) -> list[Command]:
        """Build the commands of the engines that are needed, and of the others if fetched."""
        commands = []
        for engine in ENGINES:
            try:
                commands.append(command(self.settings, engine))
            except ArtifactError:
                if engine in needed:
                    raise
        return commands

    def _running(self) -> set[str]:
        try:
            return {name for name, state in self._manager.states().items() if state.pid}
        except ManagerGone:
            return set()

    def _start_one(self, engine: str) -> None:
        if engine == "kafka":
            prepare_folder(self.settings)
        self._manager.start(engine)

    def _await(self, engines: list[str], report: Report) -> None:
        """Wait until all are healthy; stop one that keeps dying and raise EngineFailed."""
        deadline = time.monotonic() + HEALTHY_WITHIN_S
        before, waiting = self._manager.deaths(), list(engines)
        while waiting:
            states, deaths = self._manager.states(), self._manager.deaths()
            for engine in list(waiting):
                state = states[engine]
                if state.pid and healthy(self.settings, engine, state.started_s):
                    waiting.remove(engine)
                    report(engine, "healthy")
                elif deaths.get(engine, 0) - before.get(engine, 0) >= DEATHS_ALLOWED:
                    self._give_up(engine, "keeps dying")
                elif state.name in ("FATAL", "STOPPED"):
                    self._give_up(engine, "does not start")
            if waiting and time.monotonic() > deadline:
                self._give_up(waiting[0], f"is not healthy after {HEALTHY_WITHIN_S:.0f} s")
            time.sleep(_POLL_S if waiting else 0)

    def _give_up(self, engine: str, why: str) -> None:
        self._manager.stop(engine)
        classes.forget(self.settings, engine)
        path = log_file(self.settings, engine)
        # Where in its source a program failed helps no reader of this line; what it said does.
        said = [line[:300] for line in self.logs(engine, 200) if not _STACK_FRAME.match(line)]
        lines = said[-LOG_LINES_SHOWN:]
        raise EngineFailed("\n".join([f"{engine} {why}. The last lines of {path}:", *lines]))

    # --- down -----------------------------------------------------------------------------------

    def down(self, names: Iterable[str] | None = None, report: Report = _quiet) -> None:
        """Stop what `up` started (all if none is named) and return when it is gone.

        Works as well when the process manager was killed. Other programs are left alone, also
        those on the engines' ports. Raises SettingError for an unknown name.
        """
        engines = chosen(names)
        if not folder.is_own(self._data):
            return  # nothing was ever started here
        with folder.locked(self._data, self._say):
            ran = engine_processes(self._data)
            self._stop(engines)
            if not self._running() - set(engines):
                self._end_manager()
            left = engine_processes(self._data)
            end(p for engine in engines for p in left.get(engine, []))
            for engine in engines:
                if engine in ran:
                    report(engine, "stopped")

    def _stop(self, engines: tuple[str, ...]) -> None:
        """Stop the watched ones side by side."""
        deadline = time.monotonic() + STOPPED_WITHIN_S
        try:
            for engine in engines:
                self._manager.stop(engine)
            while self._running() & set(engines) and time.monotonic() < deadline:
                time.sleep(_POLL_S)
        except ManagerGone:
            return

    def _end_manager(self) -> None:
        processes = managers(self._manager.config)
        with suppress(ManagerGone):
            self._manager.shutdown()
        end(processes)

    # --- look -----------------------------------------------------------------------------------

    def status(self, names: Iterable[str] | None = None) -> Statuses:
        """Give one row per engine, true at this moment."""
        return collect(self.settings, self._manager, chosen(names))

    def logs(self, engine: str, lines: int = 50) -> list[str]:
        """Give the last lines an engine wrote; none if it never ran.

        Raises SettingError for an unknown engine.
        """
        path = log_file(self.settings, only(engine))
        try:
            with path.open(encoding="utf-8", errors="replace") as text:
                return [line.rstrip("\n") for line in deque(text, maxlen=lines)]
        except FileNotFoundError:
            return []

    def ran(self, engine: str) -> bool:
        """Say whether an engine was ever started. Raises SettingError for an unknown engine."""
        return log_file(self.settings, only(engine)).exists()

    def follow(self, engine: str, write: Callable[[str], object]) -> None:
        """Go on writing what an engine writes, until Ctrl-C."""
        follow(log_file(self.settings, only(engine)), write)

    def reset(self) -> None:
        """Delete all data of the engines: topics, schemas, tables, logs.

        Raises MachineError while engines run, and SettingError if the folder is not flightlib's.
        """
        if not self._data.exists():
            return
        if not folder.is_own(self._data):
            folder.empty(self._data)  # refuses, and says why
        with folder.locked(self._data, self._say):
            if engine_processes(self._data) or managers(self._manager.config):
                raise MachineError("The engines are running. Stop them first: `flightlib down`.")
            folder.empty(self._data)
