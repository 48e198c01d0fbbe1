"""The newest rows at hand for the backend: followed while there are questions, then let go."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import time

from flightlib.backend.newest import Newest
from flightlib.backend.pool import in_thread
from flightlib.errors import EngineDown, FlightlibError
from flightlib.lake import Recent, Tail, TooLong, Window

log = logging.getLogger("flightlib.backend")

LOOK_S = 0.15
"""How often one looks for a new commit."""
AGAIN_S = 1.0
"""The same while an engine is down."""
REST_S = 30.0
"""How long nothing is held after rows came that do not add up."""
IDLE_S = 60.0
"""So long after the last question the rows are let go."""


class AtHand:
    """Keeps the newest rows at hand; lives on the event loop, and asks in threads."""

    def __init__(self, tail: Tail, newest: Newest, idle_s: float = IDLE_S) -> None:
        self._tail, self._newest, self._idle_s = tail, newest, idle_s
        self._wanted_s = 0.0
        self._task: asyncio.Task[None] | None = None

    @property
    def recent(self) -> Recent | None:
        """The rows that are held, if any."""
        return self._tail.recent

    def covering(self, window: Window) -> Recent | None:
        """Give the rows that are held if a whole window is among them."""
        recent = self.recent
        return recent if recent is not None and recent.covers(window) else None

    def want(self) -> None:
        """Note that there was a question."""
        self._wanted_s = time.monotonic()
        if self._task is None or self._task.done():
            # In a context of its own: this is no work for the request that happens to begin it.
            self._task = contextvars.Context().run(asyncio.create_task, self._follow())

    def close(self) -> None:
        """Let go of the rows."""
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        try:
            while time.monotonic() - self._wanted_s < self._idle_s:
                await asyncio.sleep(await self._step())
        finally:
            self._tail.forget()

    async def _step(self) -> float:
        """Take one step; give the seconds to wait before the next."""
        try:
            state = await self._newest.look()
        except (FlightlibError, asyncio.TimeoutError):
            return AGAIN_S  # the rows that are held are still those of their snapshot
        try:
            await in_thread(lambda: self._tail.step(state))
        except (EngineDown, TooLong):
            return AGAIN_S
        except FlightlibError as error:
            log.info("No rows are held for %g s: %s", REST_S, error)
            self._tail.forget()
            return REST_S
        return LOOK_S
