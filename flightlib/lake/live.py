"""A SELECT on the lake that is asked anew after each commit: its rows are always one result."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from flightlib import kafka
from flightlib.errors import EngineDown, FlightlibError, SqlError
from flightlib.flink.heard import Heard
from flightlib.lake.answers import Answer, Column, frame
from flightlib.lake.bind import Bound
from flightlib.lake.history import Snapshot, watch
from flightlib.lake.names import table_names, tables_in
from flightlib.lake.trino import Canceller, ask
from flightlib.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)
EVERY_S = 5.0
LOOK_S = 0.5
"""How often the catalog is asked for a new snapshot: no news costs next to nothing."""
WITHIN_S = 60.0
MOST = 10_000

Seen = Mapping[str, Snapshot | None]


class LiveQuery(Heard):
    """One SELECT, asked again when a table it names has a new snapshot, at most every `every_s`.

    Each time `rows` is replaced. `state` is "running", "finished", "stopped" or "failed"; `message`
    says which snapshot the rows are of and how old that is, and what is off. While Trino or the
    catalog is away the rows stay, and it goes on by itself. It ends `for_s` seconds after its
    first result.

    Raises SqlError, LakeError or EngineDown when it cannot be asked the first time.
    """

    whole = True
    """The rows are one result in its own order, to be read from the top."""

    def __init__(
        self,
        settings: Settings,
        bound: Bound,
        every_s: float = EVERY_S,
        for_s: float | None = None,
        most: int = MOST,
        first_line: int = 1,
        session: Mapping[str, str] = MappingProxyType({}),
        say: Callable[[str], Any] = lambda _line: None,
    ) -> None:
        super().__init__()
        self.sql, self.state, self.trouble = bound.shown, "running", ""
        self.columns: Sequence[Column] = ()
        self.rows: Sequence[tuple[Any, ...]] = ()
        self.total, self.changed_ms = 0, 0
        self._settings, self._bound, self._session = settings, bound, session
        self._most, self._first_line, self._more = most, first_line, False
        self._every_s = self._due_s = every_s
        self._stopping, self._canceller = threading.Event(), Canceller()
        self._tables = tables_in(bound.sql, table_names(settings))
        self._end = ""
        self._seen = self._newest()
        self._take(self._seen, self._ask(say=say))
        self._until_s = None if for_s is None else time.monotonic() + for_s
        self._thread = threading.Thread(target=self._run, name="flightlib-live", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Say whether other rows may still come."""
        return self.state == "running"

    @property
    def message(self) -> str:
        """Say in one line what the rows are of, after what is off if anything is."""
        of = self._as_of() + ("; there are more rows" if self._more else "")
        if self.trouble and self.running:
            return f"{self.trouble} The rows are {of}; it goes on by itself."
        off = self._end or self.trouble
        return f"{off} The rows are {of}." if off else of

    def stop(self) -> None:
        """End it, and cancel what it asks at this moment; its rows stay. Twice is harmless."""
        self._stopping.set()
        while self._thread is not threading.current_thread() and self._thread.is_alive():
            self._canceller.fire(FlightlibError("The query was stopped."))
            self._thread.join(LOOK_S)

    def frame(self) -> pd.DataFrame:
        """Give the rows as they stand as a table."""
        return frame(self.columns, self.rows)

    def __repr__(self) -> str:
        return f"<LiveQuery {self.state} · {self.total:,} rows · {self.message}>"

    def _run(self) -> None:
        try:
            while self.running:
                self._step()
                self._stopping.wait(LOOK_S)
        except Exception as error:  # a slip of our own must show, not end a thread in silence
            logger.exception("A live query failed")
            self._turn("failed", f"{type(error).__name__}: {error}.")

    def _step(self) -> None:
        if self._stopping.is_set():
            self._turn("stopped", "It was stopped.")
        elif self._until_s is not None and time.monotonic() >= self._until_s:
            self._turn("finished", "Its time is over.")
        elif time.monotonic() >= self._due_s:
            self._look()

    def _look(self) -> None:
        """Ask anew if there is anything new; what stands in the way is told, and tried again."""
        before, self.trouble = self.trouble, ""
        try:
            seen = self._newest()
            if seen != self._seen or not seen:
                self._due_s = time.monotonic() + self._every_s
                self._take(seen, self._ask(patience_s=0))
        except SqlError as error:
            if not self._stopping.is_set():
                self._turn("failed", str(error))
        except FlightlibError as error:
            self.trouble = "" if self._stopping.is_set() else str(error)
            if isinstance(error, EngineDown):
                self._due_s = time.monotonic() + LOOK_S  # it costs nothing: look for it soon
        if self.trouble != before:
            self._tell()

    def _newest(self) -> Seen:
        return {name: watch(self._settings, name).state().current for name in self._tables}

    def _ask(self, **how: Any) -> Answer:
        self._canceller = Canceller()  # a fired one stays fired
        return ask(
            self._settings,
            self._bound.sql,
            self._bound.values,
            within_s=WITHIN_S,
            session=self._session,
            most=self._most + 1,
            first_line=self._first_line,
            canceller=self._canceller,
            **how,
        )

    def _take(self, seen: Seen, answer: Answer) -> None:
        """Put the rows of a result in the place of those before; `seen` was newest before it."""
        self._more = len(answer.rows) > self._most
        self.columns, self._seen = answer.columns, seen
        self.rows = list(answer.rows[: self._most])
        self.total, self.changed_ms = len(self.rows), kafka.now_ms()
        self._due_s = time.monotonic() + self._every_s  # a slow query has its rest too
        self._tell()

    def _turn(self, state: str, message: str) -> None:
        self._end, self.state = message, state
        self._tell()

    def _as_of(self) -> str:
        one = len(self._seen) == 1
        told = [_told("snapshot" if one else name, held) for name, held in self._seen.items()]
        asked_s = (kafka.now_ms() - self.changed_ms) / 1000
        return "as of " + ", ".join(told) if told else f"{_age(asked_s)} old"


def _told(name: str, snapshot: Snapshot | None) -> str:
    if snapshot is None:
        return f"{name} none"
    old_s = max(0.0, (kafka.now_ms() - snapshot.committed_ms) / 1000)
    return f"{name} ...{str(snapshot.snapshot_id)[-4:]}, {_age(old_s)} old"


def _age(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds // 60:.0f} min"
