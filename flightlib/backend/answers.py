"""From a question to an answer: kept, worked out from the newest rows, or asked of Trino."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from flightlib.backend.asker import Asker
from flightlib.backend.at_hand import AtHand
from flightlib.backend.cache import Cache, Entry
from flightlib.backend.formats import encode
from flightlib.backend.newest import Newest
from flightlib.backend.places import Places, undone
from flightlib.backend.pool import Pool, Ticket, in_thread
from flightlib.backend.trouble import Busy
from flightlib.errors import LakeError
from flightlib.kafka import now_ms
from flightlib.lake import Question, Tail, TooLong, Window, statement, tally

log = logging.getLogger("flightlib.backend")

WITHIN_S = 30.0
"""How long a query may take; a Trino that has just started needs much of it for its first one."""
STALE_MS = 3000
"""How long after its last moment as the newest an answer is still given without waiting."""
BUSY_STALE_MS = 10_000
"""The same while Trino has all it can do: better an older answer that says so than a long wait."""
QUICK, QUICK_LINE = 2, 512
"""So many answers are worked out from the rows at hand at once, and so many wait for that."""


@dataclass
class Flight:
    """One answer in the line or on its way."""

    pool: Pool
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
        tail: Tail | None = None,
    ) -> None:
        self.newest, self.pool, self.cache = Newest(asker), pool or Pool(), cache or Cache()
        self._at_hand = AtHand(tail, self.newest) if tail else None
        self.places = Places(self.newest, self._at_hand, clock)
        self.quick = Pool(QUICK, QUICK_LINE, ThreadPoolExecutor(QUICK, "flightlib-rows"))
        self.outcomes: Counter[str] = Counter()
        self.queries, self.query_s = 0, 0.0
        self._asker, self._clock = asker, clock
        self._within_s, self._stale_ms = within_s, stale_ms
        self._flights: dict[Question, Flight] = {}

    async def health(self) -> dict[str, Any]:
        """Tell what is known of the lake, without waiting for an engine that is down."""
        return await self.newest.health(self._clock())

    async def place(self, question: Question) -> Window:
        """Find where a question is answered; see `Places.find`."""
        return await self.places.find(question)

    async def get(self, question: Question, window: Window, media: str) -> tuple[Entry, str]:
        """Give an answer in one format, and how it was come by: hit, stale, rows or miss.

        A hit was kept, and so was a stale one, which was the newest a moment ago and says so in its
        own window; "rows" were worked out from the rows at hand, and a miss was asked of Trino.
        Raises Busy, TooLong, EngineDown, LakeError or SqlError.
        """
        if window.snapshot is None or window.since >= window.until:
            return await self._in(media, question, Entry(window, ())), "hit"
        held = self.cache.get(question)
        if held is not None and undone(held.window, window):
            self.cache.drop(question)
            held = None
        if held is not None and held.window == window:
            return await self._in(media, question, held), "hit"
        if held is not None and self._was_newest(question, held.window):
            self._renew(question, window, held)
            return await self._in(media, question, held), "stale"
        entry = await self._wait(self._flight(question, window, media))
        return await self._in(media, question, entry), entry.source

    async def _in(self, media: str, question: Question, entry: Entry) -> Entry:
        if media not in entry.bodies:
            window, rows = entry.window, entry.rows
            entry.bodies[media] = await in_thread(lambda: encode(media, question, window, rows))
            if self.cache.get(question) is entry:
                self.cache.put(question, entry)
        return entry

    def _was_newest(self, question: Question, window: Window) -> bool:
        busy = self.pool.busy or question in self._flights
        bound_ms = max(self._stale_ms, BUSY_STALE_MS) if busy else self._stale_ms
        return self.places.outdated_ms(question, window) <= bound_ms

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
        flight.pool.promote(flight.ticket)
        return flight

    def _begin(
        self, question: Question, window: Window, media: Iterable[str], urgent: bool
    ) -> Flight:
        pool = self.quick if self.places.covering(window) else self.pool
        flight = self._flights[question] = Flight(pool, pool.enter(urgent))
        flight.task = asyncio.create_task(self._fly(flight, question, window, list(media)))
        flight.task.add_done_callback(lambda task: self._landed(question, flight, task))
        return flight

    async def _fly(
        self, flight: Flight, question: Question, window: Window, media: list[str]
    ) -> Entry:
        await flight.pool.turn(flight.ticket)
        # There may have been a commit while it stood in the line.
        here = self.places.again(question, window)
        recent = self.places.covering(here)
        loop = asyncio.get_running_loop()

        def work() -> Entry:
            if recent is not None:
                rows: Any = tally(question, here, recent)
                return Entry(here, rows, _bodies(media, question, here, rows), "rows")
            sql, values = statement(question, here)
            began_s = time.monotonic()
            try:
                rows = self._asker.ask(sql, values, self._within_s).rows
            finally:
                loop.call_soon_threadsafe(self._count, time.monotonic() - began_s)
            return Entry(here, rows, _bodies(media, question, here, rows))

        try:
            entry = await flight.pool.run(work)
        except LakeError:
            # Is it the whole table that is gone? Then that is what there is to say.
            await self.newest.state(fresh=True)
            raise
        self.cache.put(question, entry)
        return entry

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
        self.quick.close()
        if self._at_hand is not None:
            self._at_hand.close()


def _bodies(
    media: Iterable[str], question: Question, window: Window, rows: Any
) -> dict[str, bytes]:
    return {one: encode(one, question, window, rows) for one in media}
