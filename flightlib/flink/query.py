"""A SELECT that runs: its rows as they come, in a thread of its own, until it is stopped."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flightlib import kafka
from flightlib.errors import EngineDown, FlightlibError
from flightlib.flink import why
from flightlib.flink.cluster import Cluster
from flightlib.flink.details import Details
from flightlib.flink.facts import silences
from flightlib.flink.gateway import Column, Operation, SessionLost
from flightlib.flink.heard import Heard
from flightlib.flink.rest import Refused
from flightlib.flink.rows import MOST, Rows
from flightlib.flink.scan import Statement
from flightlib.flink.session import Session

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger(__name__)
LOOK_S = 0.2
WHY_S = 2.0
START_S = 15.0  # what a query with a time gets besides it, until its first row
# A query is looked at by a person: after a few failures it says so instead of trying for ever.
PATIENCE = {
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": "2",
    "restart-strategy.fixed-delay.delay": "500 ms",
}


class Query(Heard):
    """One SELECT at work; `rows` holds what it has told, a new tuple whenever that changes.

    It ends by itself after `limit` rows, or `for_s` seconds after its first row. `state` is
    "running", "finished", "stopped" or "failed"; `message` says in one line what is off.
    """

    def __init__(
        self,
        session: Session,
        statement: Statement,
        limit: int | None = None,
        for_s: float | None = None,
        most: int = MOST,
    ) -> None:
        super().__init__()
        self.sql = statement.text
        self.columns: list[Column] = []
        self.rows: Sequence[tuple[Any, ...]] = ()
        self.total, self.changed_ms = 0, 0
        self.state, self.message = "running", ""
        self.job_id: str | None = None
        self._session, self._statement = session, statement
        self._limit = limit
        self._for_s = for_s
        self._until_s = None if for_s is None else time.monotonic() + START_S + for_s
        self._rows = Rows(most)
        self._stopping = threading.Event()
        self._why_at = time.monotonic() + WHY_S
        self._since_ms = kafka.now_ms() if session.since_ms is None else session.since_ms
        self._operation = session.begin(statement, PATIENCE)
        self._await_plan(self._operation)
        self._thread = threading.Thread(target=self._run, name="flightlib-query", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Say whether rows may still come."""
        return self.state == "running"

    def stop(self) -> None:
        """End it; its rows stay. Stopping twice is harmless."""
        self._stopping.set()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def frame(self) -> pd.DataFrame:
        """Give the rows as they stand as a table."""
        import pandas as pd  # half a second that `flightlib status` need not wait for

        return pd.DataFrame(list(self.rows), columns=[column.name for column in self.columns])

    def __repr__(self) -> str:
        return f"<Query {self.state} · {self.total:,} rows{self.message and ' · ' + self.message}>"

    def _await_plan(self, operation: Operation) -> None:
        """Wait until Flink has planned the statement. Raises SqlError if it refuses."""
        try:
            while not ((page := operation.page()).ready and (page.columns or page.last)):
                time.sleep(0.05)
        except Refused as refused:
            raise self._session.explain(refused.errors, self._statement) from None
        self.columns, self.job_id = list(page.columns), page.job_id
        self._take(page.changes)
        if page.last:
            self._turn("finished", "")

    def _run(self) -> None:
        try:
            while self.running:
                self._step()
        except (EngineDown, SessionLost) as error:
            lost = (
                "The SQL Gateway was started anew" if isinstance(error, SessionLost) else str(error)
            )
            self._turn("failed", f"{lost.rstrip('.')}. Run the cell again when it is back.")
        except Refused as refused:
            self._turn("failed", self._failure(refused))
        except Exception as error:  # a slip of our own must show, not end a thread in silence
            logger.exception("A query failed")
            self._turn("failed", f"{type(error).__name__}: {error}")
        finally:
            with contextlib.suppress(FlightlibError, SessionLost, Refused):
                self._operation.close()

    def _step(self) -> None:
        page = self._operation.page()
        if page.changes:
            self._take(page.changes)
            self._turn(self.state, "")
        if page.last:
            self._turn("finished", "It came to its end.")
        elif self._stopping.is_set():
            self._turn("stopped", "It was stopped.")
        elif self._limit is not None and self.total >= self._limit:
            self._turn("finished", f"It reached its limit of {self._limit:,} rows.")
        elif self._until_s is not None and time.monotonic() >= self._until_s:
            self._turn("finished", "Its time is over.")
        elif not page.changes:
            self._ask_why()
            self._stopping.wait(LOOK_S)

    def _take(self, changes: Sequence[Any]) -> None:
        if self._limit is not None:
            changes = changes[: max(0, self._limit - self.total)]
        self._rows.apply(changes)
        if changes and self._for_s is not None and not self.total:
            self._until_s = time.monotonic() + self._for_s
        if changes:
            self.rows, self.total = self._rows.now(), self._rows.total
            self.changed_ms = kafka.now_ms()

    def _turn(self, state: str, message: str) -> None:
        """Note how it stands, and tell everyone who waits or listens."""
        self.state, self.message = state, message
        self._tell()

    def _ask_why(self) -> None:
        """While no row has come, say why, every other second."""
        if self.total or self.job_id is None or time.monotonic() < self._why_at:
            return
        self._why_at = time.monotonic() + WHY_S
        with contextlib.suppress(FlightlibError, Refused):
            details = Cluster(self._session.settings).details(self.job_id)
            said = "" if details is None else why.explain(details, self._scene(details))
            if said != self.message:
                self._turn(self.state, said)

    def _scene(self, details: Details) -> why.Scene:
        settings = self._session.settings
        free, slots = Cluster(settings).free_slots()
        silent = silences(settings)
        return why.Scene(self.sql, kafka.now_ms(), free, slots, silent_s=silent)

    def _failure(self, refused: Refused) -> str:
        """Say in one line why it failed; for poison, where it lies."""
        trace = refused.errors[-1] if refused.errors else ""
        if "deserialize" in trace and "Avro" in trace:
            found: object = None
            with contextlib.suppress(FlightlibError):
                found = self._poison()
            said = found or "a message it read is not Avro"
            return f"The query failed: {said}. Run the cell again: it reads on after it."
        return f"The query failed: {why.root(trace)}."

    def _poison(self) -> kafka.Poison | None:
        """Find the first message since it began to read that is no Avro."""
        settings = self._session.settings
        start = kafka.offsets_at(settings, "flights", self._since_ms)
        return kafka.find_poison(settings, "flights", start)
