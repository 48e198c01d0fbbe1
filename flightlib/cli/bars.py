"""Progress bars for what the engines' files need: one line for each engine."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from flightlib.cli.console import console


class Bars:
    """A watcher for `engines.layout.prepare`; nothing is drawn until there is something to do.

    >>> with Bars() as bars:
    ...     prepare(load(), ["kafka"], bars)
    """

    def __init__(self, on: Console = console) -> None:
        self._bars = Progress(
            TextColumn("{task.fields[engine]:<8} {task.description:<9}"),
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(compact=True),
            console=on,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._tasks:  # stopping what never started prints an empty line
            self._bars.stop()

    def begin(self, task: str, total: int, doing: str) -> None:
        """Draw a task's bar, or begin it anew for its next step."""
        if task in self._tasks:
            self._bars.reset(self._tasks[task], total=total, description=doing)
            return
        self._bars.start()
        self._tasks[task] = self._bars.add_task(doing, total=total, engine=task)

    def advance(self, task: str, amount: int) -> None:
        """Move a task's bar by so many bytes."""
        self._bars.advance(self._tasks[task], amount)

    def end(self, task: str) -> None:
        """Fill a task's bar."""
        total = next(t.total for t in self._bars.tasks if t.id == self._tasks[task]) or 1
        self._bars.update(self._tasks[task], completed=total, total=total, description="ready")

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(text)
