"""The newest rows kept at hand: Trino is asked once a commit for what the commit added."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flightlib.errors import LakeError
from flightlib.lake.history import Snapshot, State
from flightlib.lake.recent import TYPES, WHOLE, Recent, columns_of, moment, new_names
from flightlib.lake.schemas import CATALOG, FLIGHT_DATA, NAMESPACE
from flightlib.lake.statements import TABLE
from flightlib.lake.trino import TooLong

MOST_ROWS = 4_000_000
"""About as many are held at most, 55 bytes each: an hour of 1,000 flights."""
STEP_ROWS = 60_000
"""About as many are asked for at once; an answer of twice as many is cut off, and left."""
REACH_S = 3600.0
"""So far before the newest commit they are asked for at most."""
MINUTE_S = 60.0
LEAST_US = 1000
"""Rows of a shorter time than this are not asked for: further back it does not go then."""

_PARTS = {"columns": ", ".join(TYPES), "table": TABLE, "catalog": CATALOG, "schema": NAMESPACE}
SPAN = "SELECT {columns} FROM {table} FOR VERSION AS OF {at:d}"
FROM, UNTIL, LIMIT = " WHERE timestamp >= ?", " AND timestamp < ?", " LIMIT {most:d}"
ADDED = """SELECT {columns}, _change_type FROM TABLE({catalog}.system.table_changes(
  schema_name => '{schema}', table_name => '{name}',
  start_snapshot_id => {after:d}, end_snapshot_id => {at:d}))"""

_REACH_US = int(REACH_S * 1e6)
Ask = Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]


class Torn(LakeError):
    """The rows do not add up: there is no way on from those that are held."""


class Tail:
    """Holds the rows of the newest commit, from some time on; one thread at a time may step.

    `ask` runs a statement on Trino and gives its rows, with times as texts.
    """

    def __init__(self, ask: Ask, most_rows: int = MOST_ROWS, step_rows: int = STEP_ROWS) -> None:
        self.recent: Recent | None = None
        self._ask, self._most, self._step_rows = ask, most_rows, step_rows
        self._span_us: int | None = None
        """Of how long a time rows are asked for next; not known before the first answer."""

    def forget(self) -> None:
        """Let all rows go."""
        self.recent = self._span_us = None

    def step(self, state: State) -> bool:
        """Step to the newest commit, or else further back; say whether there was a step to take.

        Raises what `ask` raises, or Torn; then there is no way on from the rows that are held.
        """
        newest, recent = state.current, self.recent
        if self._too_dense and recent is None:
            return False
        if newest is None or self._per_s(state, newest) * MINUTE_S > self._most:
            self.recent = None  # nothing there, or too much to be worth it
            return False
        if recent is None or recent.snapshot not in state.snapshots:
            self.recent = self._begun(state, newest)
        elif recent.snapshot.snapshot_id != newest.snapshot_id:
            self.recent = self._followed(recent, state, newest)
        elif self._reaches_back(recent):
            self.recent = self._reached_back(recent, state)
        else:
            return False
        return True

    @property
    def _too_dense(self) -> bool:
        """Whether there are too many rows at once, however short a time is asked for."""
        return self._span_us is not None and self._span_us < LEAST_US

    def _begun(self, state: State, newest: Snapshot) -> Recent | None:
        names = new_names()
        if newest.total_records <= self._step_rows:
            rows = self._ask(SPAN.format(**_PARTS, at=newest.snapshot_id), ())
            return Recent(newest, WHOLE, (columns_of(rows, names),), names)
        span_us = self._span_us or self._guess_us(state, newest)
        since_us = newest.committed_ms * 1000 - span_us
        rows = self._between(newest, since_us)
        if not self._fits(rows, span_us):
            return None
        return self._checked(Recent(newest, since_us, (columns_of(rows, names),), names))

    def _followed(self, recent: Recent, state: State, newest: Snapshot) -> Recent | None:
        """Add what was added since; files that were only put together change nothing."""
        before = recent.snapshot
        more = newest.total_records - before.total_records
        since = state.snapshots[state.snapshots.index(before) + 1 :]
        if any(s.operation not in ("append", "replace") for s in since) or more < 0:
            raise Torn("Rows were taken from the table, or changed.")
        if more > 2 * self._step_rows:
            self._span_us = None
            return self._begun(state, newest)  # the newest of them first
        rows: Sequence[Sequence[Any]] = ()
        if more:
            ends = {"after": before.snapshot_id, "at": newest.snapshot_id}
            rows = self._ask(ADDED.format(**_PARTS, name=FLIGHT_DATA.name, **ends), ())
        if len(rows) != more or any(row[-1] != "insert" for row in rows):
            raise Torn(f"The commits say {more:,} rows were added, and Trino gives {len(rows):,}.")
        added = columns_of([row[:-1] for row in rows], recent.names)
        return recent.later(newest, added, self._most)

    def _reaches_back(self, recent: Recent) -> bool:
        if self._too_dense:
            return False
        first_us = recent.snapshot.committed_ms * 1000 - _REACH_US
        return recent.since_us > first_us and len(recent) < 0.8 * self._most

    def _reached_back(self, recent: Recent, state: State) -> Recent:
        span_us = self._span_us or self._guess_us(state, recent.snapshot)
        since_us = recent.since_us - span_us
        rows = self._between(recent.snapshot, since_us, recent.since_us)
        if not self._fits(rows, span_us):
            return recent
        return self._checked(recent.earlier(columns_of(rows, recent.names), since_us))

    def _between(
        self, at: Snapshot, since_us: int, until_us: int | None = None
    ) -> Sequence[Sequence[Any]]:
        sql, ends = SPAN.format(**_PARTS, at=at.snapshot_id) + FROM, [moment(since_us)]
        if until_us is not None:
            sql, ends = sql + UNTIL, [*ends, moment(until_us)]
        try:
            return self._ask(sql + LIMIT.format(most=2 * self._step_rows + 1), ends)
        except TooLong:
            self._span_us = ((until_us or at.committed_ms * 1000) - since_us) // 4
            raise

    def _fits(self, rows: Sequence[Any], span_us: int) -> bool:
        """Say whether an answer is whole; of how long a time the next one is, goes by this one.

        How many reports have their event time in a second is not how many were written in one.
        """
        whole = len(rows) <= 2 * self._step_rows
        longer = 2 * span_us if len(rows) < self._step_rows else span_us
        self._span_us = min(_REACH_US, longer) if whole else span_us // 4
        return whole

    def _checked(self, recent: Recent) -> Recent:
        """Note when these are all rows there are."""
        if len(recent) < recent.snapshot.total_records:
            return recent
        return replace(recent, since_us=WHOLE)

    def _guess_us(self, state: State, newest: Snapshot) -> int:
        step_s = self._step_rows / max(self._per_s(state, newest), 1e-9)
        return min(int(step_s * 1e6), _REACH_US)

    @staticmethod
    def _per_s(state: State, newest: Snapshot) -> float:
        """Say how many rows a second were written in the last minute of the table's history."""
        past = [s for s in state.snapshots if newest.committed_ms - s.committed_ms <= 60_000]
        span_s = (newest.committed_ms - past[0].committed_ms) / 1000
        return (newest.total_records - past[0].total_records) / max(span_s, 1.0)
