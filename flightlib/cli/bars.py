"""What the engines' files still need: bars on a terminal, elsewhere a plain line per engine."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from flightlib.cli.console import console
from flightlib.errors import FlightlibError

_DONE = {"fetching": "fetched", "unpacking": "unpacked"}


class Abandoned(FlightlibError):
    """Nobody waits for the files any more: the command ends."""


class _Amount(DownloadColumn):
    """The bytes of a task; when it is ready, all that was done for it."""

    def render(self, task: Task) -> Text:
        return Text(task.fields["said"]) if task.fields["said"] else super().render(task)


class Bars:
    """A watcher for `engines.layout.prepare`; nothing is drawn until there is something to do.

    >>> with Bars() as bars:
    ...     prepare(load(), ["kafka"], bars)
    """

    def __init__(self, on: Console = console) -> None:
        self._console = on
        self._bars = Progress(
            TextColumn("{task.fields[engine]:<8} {task.description:<9}"),
            BarColumn(),
            _Amount(),
            TimeRemainingColumn(compact=True),
            console=on,
        )
        self._tasks: dict[str, TaskID] = {}
        self._bytes: dict[str, dict[str, int]] = {}  # of each task, for each thing done
        self._abandoned = False

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Draw no more: what is printed next stands below the bars."""
        if self._tasks:  # stopping what never started prints an empty line
            self._bars.stop()

    def abandon(self) -> None:
        """Make whoever reports here stop its work, with Abandoned."""
        self._abandoned = True

    def begin(self, task: str, total: int, doing: str) -> None:
        """Draw a task's bar, or begin it anew for its next step."""
        self._bytes.setdefault(task, {})[doing] = 0
        if not self._console.is_terminal:
            return
        if task in self._tasks:
            self._bars.reset(self._tasks[task], total=total, description=doing)
            return
        self._bars.start()
        self._tasks[task] = self._bars.add_task(doing, total=total, engine=task, said="")

    def advance(self, task: str, amount: int) -> None:
        """Move a task's bar by so many bytes. Raises Abandoned if nobody waits any more."""
        if self._abandoned:
            raise Abandoned("The engines' files were not fetched to the end.")
        doing = next(reversed(self._bytes[task]))
        self._bytes[task][doing] += amount
        if task in self._tasks:
            self._bars.advance(self._tasks[task], amount)

    def end(self, task: str) -> None:
        """Fill a task's bar and say how much it took."""
        done = [f"{decimal(n)} {_DONE[doing]}" for doing, n in self._bytes[task].items() if n]
        said = ", ".join(done) or "nothing to fetch"
        if task in self._tasks:
            self._bars.update(
                self._tasks[task], completed=1, total=1, description="ready", said=said
            )
        else:
            self._console.print(f"{task:<12} ready: {said}")

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(text, soft_wrap=True)
