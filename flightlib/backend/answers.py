"""From a question to an answer: kept, shared, renewed behind one's back, or asked of Trino."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from flightlib.backend.asker import Asker
from flightlib.backend.cache import Cache, Entry
from flightlib.backend.formats import encode, iso
from flightlib.backend.newest import Newest
from flightlib.backend.pool import Pool, Ticket, in_thread
from flightlib.backend.trouble import Busy, NotFound, NotReady
from flightlib.errors import LakeError
from flightlib.kafka import now_ms
from flightlib.lake import (
    Question,
    Snapshot,
    State,
    TooLong,
    Window,
    outdated_ms,
    placed,
    statement,
    utc,
)

log = logging.getLogger("flightlib.backend")

WITHIN_S = 30.0
"""How long a query may take; a Trino that has just started needs much of it for its first one."""
STALE_MS = 3000
"""How long after its last moment as the newest an answer is still given without waiting."""
BUSY_STALE_MS = 10_000
"""The same while Trino has all it can do: better an older answer that says so than a long wait."""
QUIET_MS = 15_000
"""Without a commit for this long, one looks whether anybody is there to write."""


@dataclass
class Flight:
    """One query in the line or on its way."""

    ticket: Ticket
    task: asyncio.Task[Entry] = field(init=False)


class Answers:
    """Answers questions; lives on the event loop, and does everything that blocks in threads."""

    def __init__(
        self,
        asker: Asker,
        within_s: float = WITHIN_S,
        stale_ms: int = STALE_MS,
        clock: Callable[[], int] = now_ms,
        pool: Pool | None = None,
        cache: Cache | None = None,
    ) -> None:
        self.newest, self.pool, self.cache = Newest(asker), pool or Pool(), cache or Cache()
        self.outcomes: Counter[str] = Counter()
        self.queries, self.query_s = 0, 0.0
        self._asker, self._clock = asker, clock
        self._within_s, self._stale_ms = within_s, stale_ms
        self._flights: dict[Question, Flight] = {}

    async def health(self) -> dict[str, Any]:
        """Tell what is known of the lake, without waiting for an engine that is down."""
        return await self.newest.health(self._clock())

    async def place(self, question: Question) -> Window:
        """Find the snapshot and the time that a question is about, without asking Trino.

        Raises EngineDown, NotReady, NotFound for a snapshot that is not there.
        """
        state = await self.newest.state()
        snapshot = state.current
        if question.snapshot is not None:
            snapshot = _pinned(question.snapshot, state)
        elif question.open_ended and snapshot is not None:
            await self._check_alive(snapshot)
        return placed(question, snapshot, self._clock())

    async def _check_alive(self, newest: Snapshot) -> None:
        if self._clock() - newest.committed_ms <= QUIET_MS:
            return
        if fault := await self.newest.writer_fault():
            raise NotReady(
                f"{fault} The last commit was at {iso(utc(newest.committed_ms))}; `until=` asks "
                "about what was written before."
            )

    async def get(self, question: Question, window: Window, media: str) -> tuple[Entry, str]:
        """Give an answer in one format, and how it was come by: hit, stale or miss.

        A stale answer was the newest a moment ago, and says so in its own window. Raises Busy,
        TooLong, EngineDown, LakeError or SqlError.
        """
        if window.snapshot is None or window.since >= window.until:
            return await self._in(media, question, Entry(window, ())), "hit"
        held = self.cache.get(question)
        if held is not None and _undone(held.window, window):
            self.cache.drop(question)
            held = None
        if held is not None and held.window == window:
            return await self._in(media, question, held), "hit"
        if held is not None and self._was_newest(question, held.window):
            self._renew(question, window, held)
            return await self._in(media, question, held), "stale"
        entry = await self._wait(self._flight(question, window, media))
        return await self._in(media, question, entry), "miss"

    async def _in(self, media: str, question: Question, entry: Entry) -> Entry:
        if media not in entry.bodies:
            window, rows = entry.window, entry.rows
            entry.bodies[media] = await in_thread(lambda: encode(media, question, window, rows))
            if self.cache.get(question) is entry:
                self.cache.put(question, entry)
        return entry

    def _was_newest(self, question: Question, window: Window) -> bool:
        state, now = self.newest.known, self._clock()
        if state is None:
            return False
        busy = self.pool.busy or question in self._flights
        bound_ms = max(self._stale_ms, BUSY_STALE_MS) if busy else self._stale_ms
        return now - outdated_ms(question, window, state.snapshots, now) <= bound_ms

    def _renew(self, question: Question, window: Window, held: Entry) -> None:
        """Ask anew while nobody waits; if there is too much to do, the next client will."""
        if question not in self._flights:
            with contextlib.suppress(Busy):
                self._begin(question, window, held.bodies, urgent=False)

    def _flight(self, question: Question, window: Window, media: str) -> Flight:
        """Join the query that is on its way, or send one: never two about the same."""
        flight = self._flights.get(question)
        if flight is None:
            return self._begin(question, window, [media], urgent=True)
        self.pool.promote(flight.ticket)
        return flight

    def _begin(
        self, question: Question, window: Window, media: Iterable[str], urgent: bool
    ) -> Flight:
        flight = self._flights[question] = Flight(self.pool.enter(urgent))
        flight.task = asyncio.create_task(self._fly(flight.ticket, question, window, list(media)))
        flight.task.add_done_callback(lambda task: self._landed(question, flight, task))
        return flight

    async def _fly(
        self, ticket: Ticket, question: Question, window: Window, media: list[str]
    ) -> Entry:
        await self.pool.turn(ticket)
        # There may have been a commit while it stood in the line.
        here = self._now_placed(question, window)
        loop = asyncio.get_running_loop()

        def work() -> Entry:
            sql, values = statement(question, here)
            began_s = time.monotonic()
            try:
                rows = self._asker.ask(sql, values, self._within_s).rows
            finally:
                loop.call_soon_threadsafe(self._count, time.monotonic() - began_s)
            return Entry(here, rows, {m: encode(m, question, here, rows) for m in media})

        try:
            entry = await self.pool.run(work)
        except LakeError:
            # Is it the whole table that is gone? Then that is what there is to say.
            await self.newest.state(fresh=True)
            raise
        self.cache.put(question, entry)
        return entry

    def _now_placed(self, question: Question, window: Window) -> Window:
        state = self.newest.known
        if question.snapshot is not None or state is None or state.current is None:
            return window
        return placed(question, state.current, self._clock())

    def _count(self, took_s: float) -> None:
        self.queries += 1
        self.query_s += took_s

    def _landed(self, question: Question, flight: Flight, task: asyncio.Task[Entry]) -> None:
        if self._flights.get(question) is flight:
            del self._flights[question]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("No answer about %s: %s", question.topic, error)

    async def _wait(self, flight: Flight) -> Entry:
        """Wait for a query, yet not for ever: it may stand in the line, or hang."""
        patience_s = 1.5 * self._within_s
        try:
            return await asyncio.wait_for(asyncio.shield(flight.task), patience_s)
        except asyncio.TimeoutError:
            raise TooLong(
                f"There is no answer from Trino after {patience_s:g} s. Ask for less: fewer "
                "minutes, a region, a smaller limit."
            ) from None

    def close(self) -> None:
        """Let go of what is on its way; nobody waits for it any more."""
        for flight in list(self._flights.values()):
            flight.task.cancel()


def _undone(held: Window, now: Window) -> bool:
    """Say whether an answer tells of a commit later than the newest: a rollback took it back."""
    before, newest = held.snapshot, now.snapshot
    return bool(before and newest and before.committed_ms > newest.committed_ms)


def _pinned(snapshot_id: int, state: State) -> Snapshot:
    found = next((s for s in state.snapshots if s.snapshot_id == snapshot_id), None)
    if found is None:
        ids = [s.snapshot_id for s in state.snapshots]
        kept = f"there are {len(ids)}, from {ids[0]} to {ids[-1]}" if ids else "there are none yet"
        raise NotFound(
            "snapshot", f"snapshot cannot be '{snapshot_id}': the table has no such one; {kept}."
        )
    return found
