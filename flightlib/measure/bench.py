"""The bench: engines and processes of a measurement's own, and nothing of them left behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from flightlib.engines import Local, free_ports
from flightlib.errors import MeasureError
from flightlib.settings import Settings, load

T = TypeVar("T")
END_S, START_S = 20.0, 60.0
WARM_ROUNDS, LOOK_S = 3, 0.2


def _quiet(_words: str) -> None:
    """Report to no one."""


class Bench:
    """Engines on free ports with a data folder of their own, for as long as a `with` lasts.

    Engines start when a figure first asks for them, so that a measurement of Kafka alone has
    nothing beside it. What `process` started is ended with the bench, or before by `end`.
    """

    def __init__(self, say: Callable[[str], object] = _quiet, quick: bool = False) -> None:
        """Prepare; `say` is told what goes on.

        On a `quick` one what is lent stays for the next, and nothing has to be warm: its times
        mean nothing.
        """
        self.say = say
        self._folder = Path(tempfile.mkdtemp(prefix="flightlib-measure-"))
        names = [name for name in Settings.model_fields if name.endswith("_port")]
        numbers = dict(zip(names, free_ports(len(names)), strict=True))
        self.settings = load(**numbers, data=self._folder / "data", max_clients=20_000)
        self._local = Local(self.settings, say)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._starting: subprocess.Popen[bytes] | None = None
        self._quick = quick
        self.warm_rounds = 1 if quick else WARM_ROUNDS
        """How often each flight of a sky reports before a figure's time begins."""
        self._lent: tuple[str, ExitStack, Any] = "", ExitStack(), None

    def __enter__(self) -> Bench:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which a process finds these engines."""
        ports = {n: getattr(self.settings, n) for n in Settings.model_fields if n.endswith("_port")}
        own = {f"FLIGHTLIB_{name.upper()}": str(port) for name, port in ports.items()}
        own["FLIGHTLIB_DATA"] = str(self.settings.data)
        own["FLIGHTLIB_MAX_CLIENTS"] = str(self.settings.max_clients)
        return {**os.environ, **own}

    @property
    def folder(self) -> Path:
        """A folder for files that are not needed afterwards."""
        return self._folder

    def engines(self, *names: str) -> Settings:
        """See that engines run (all if none is named), and give their settings."""
        while not (healthy := self._healthy(names)) and self._comes():
            time.sleep(LOOK_S)
        if not healthy:
            self._local.up(names or None)
        return self.settings

    def _healthy(self, names: Sequence[str]) -> bool:
        return all(row.healthy for row in self._local.status(names or None))

    def _comes(self) -> bool:
        return self._starting is not None and self._starting.poll() is None

    def begin(self, *names: str) -> None:
        """Let engines start beside what comes next, once; `engines` waits for those it needs."""
        if self._starting is None:
            self._starting = self.process("flightlib", "up", *names, log="up.log")

    def warm_s(self, usual_s: float, seconds: float) -> float:
        """Say how long to wait before a figure's `seconds` begin; a quick one waits no longer."""
        return min(usual_s, seconds) if self._quick else usual_s

    def stop_engines(self, *names: str) -> None:
        """Stop engines (all if none is named); their data stays for the next start."""
        self._local.down(names or None)

    @property
    def local(self) -> Local:
        """The engines themselves: to start them step by step, or to look at their memory."""
        return self._local

    @property
    def processes(self) -> tuple[subprocess.Popen[bytes], ...]:
        """What runs beside this process now: all that `process` started and nobody ended."""
        return tuple(one for one in self._processes if one.poll() is None)

    def process(
        self, *command: str, log: str = "", environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start `python -m COMMAND` beside this one, with these engines in its environment.

        What it prints goes to a file `log` in the bench's folder, or nowhere; `environment` is
        added to its own.
        """
        path = self._folder / log if log else Path(os.devnull)
        own = {**self.environment, **(environment or {})}
        with path.open("ab") as out:
            started = subprocess.Popen(
                [sys.executable, "-m", *command], env=own, stdout=out, stderr=out
            )
        self._processes.append(started)
        return started

    def end(self, *processes: subprocess.Popen[bytes]) -> None:
        """End processes in an orderly way, and at once those that do not listen."""
        for one in processes:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        for one in processes:
            try:
                one.wait(END_S)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
            if one in self._processes:
                self._processes.remove(one)

    def lend(self, what: str, make: Callable[[], AbstractContextManager[T]]) -> Any:
        """Give a context to work in: a new one, or where figures share the one made before.

        Only one is kept at a time; `take_back` ends it.
        """
        if not self._quick:
            return make()
        if self._lent[0] != what:
            self.take_back()
            stack = ExitStack()
            self._lent = what, stack, stack.enter_context(make())
        return nullcontext(self._lent[2])

    def take_back(self, unless: str = "") -> None:
        """End what was lent, unless it goes by this name."""
        what, stack, _ = self._lent
        if what != unless:
            self._lent = "", ExitStack(), None
            stack.close()

    def until(self, condition: Callable[[], T], what: str, within_s: float = 120.0) -> T:
        """Wait until something is so, and give it; raises MeasureError naming what did not come."""
        deadline_s = time.monotonic() + within_s
        while not (found := condition()):
            if time.monotonic() > deadline_s:
                raise MeasureError(f"Waited {within_s:g} s for {what}, and it did not come.")
            time.sleep(0.05)
        return found

    def _let_start(self) -> None:
        """Wait for what starts beside: cut off in the middle, it leaves processes that write."""
        if self._starting is not None:
            with suppress(subprocess.TimeoutExpired):
                self._starting.wait(START_S)

    def close(self) -> None:
        """End all processes, stop all engines, and remove the data."""
        with ExitStack() as ends:  # all of it in any case, the last first
            ends.callback(shutil.rmtree, self._folder, ignore_errors=True)
            ends.callback(self._local.down)
            ends.callback(lambda: self.end(*self._processes))
            ends.callback(self._let_start)
            ends.callback(self.take_back)
