"""What the lake's newest commit is: asked seldom, off the event loop, once for all clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from flightlib.backend.asker import Asker
from flightlib.backend.pool import in_thread
from flightlib.backend.trouble import NotReady
from flightlib.errors import EngineDown, LakeError
from flightlib.lake import State

T = TypeVar("T")

ASK_S = 0.25
"""How long what is known is taken for the newest."""
TRUST_S = 1.0
"""How long it is still told at once, while it is asked again behind the client's back."""
WRITER_S = 1.0
ANSWER_S = 5.0
PEEK_S = 0.25


class Shared(Generic[T]):
    """One question to an engine, asked at most once at a time, its answer kept for a while."""

    def __init__(self, ask: Callable[[], T], fresh_s: float, trust_s: float) -> None:
        self._ask, self._fresh_s, self._trust_s = ask, fresh_s, trust_s
        self._known: tuple[T, float] | None = None
        self._asking: asyncio.Future[T] | None = None
        self.fault: BaseException | None = None

    @property
    def known(self) -> T | None:
        """What the last answer was, if any; nothing is asked."""
        return self._known[0] if self._known else None

    def forget(self) -> None:
        """Let the next one to come ask anew."""
        self._known = None

    async def get(self) -> T:
        """Give the answer, asking if need be. Raises what the asking raised."""
        if self._known is not None:
            age_s = time.monotonic() - self._known[1]
            if age_s > self._fresh_s:
                self._begin()
            if age_s <= self._trust_s:
                return self._known[0]
        return await self.renew()

    async def renew(self) -> T:
        """Ask, or join who asks, and give the answer. Raises what the asking raised."""
        return await asyncio.wait_for(asyncio.shield(self._begin()), ANSWER_S)

    async def peek(self, within_s: float, first: bool = False) -> T | None:
        """Give the last answer; if somebody has asked before, ask anew and wait a moment.

        With `first` also if nobody has.
        """
        if first or self._known is not None or self.fault is not None:
            await asyncio.wait({self._begin()}, timeout=within_s)
        return self.known

    def _begin(self) -> asyncio.Future[T]:
        if self._asking is None:
            asked_s = time.monotonic()
            self._asking = in_thread(self._ask)
            self._asking.add_done_callback(lambda future: self._end(future, asked_s))
        return self._asking

    def _end(self, future: asyncio.Future[T], asked_s: float) -> None:
        self._asking = None
        self.fault = future.exception()
        if self.fault is None:
            self._known = (future.result(), asked_s)


class Newest:
    """The newest state of the table, and whether anybody is there to write the next."""

    def __init__(self, asker: Asker) -> None:
        self._state = Shared(asker.state, ASK_S, TRUST_S)
        self._writer = Shared(asker.check_writer, WRITER_S, WRITER_S)

    @property
    def known(self) -> State | None:
        """The state that was seen last; nothing is asked."""
        return self._state.known

    async def state(self, fresh: bool = False) -> State:
        """Give the newest state. Raises EngineDown, or NotReady when there is no table yet."""
        if fresh:
            self._state.forget()
        try:
            return await self._state.get()
        except LakeError as error:
            raise NotReady(str(error)) from None
        except asyncio.TimeoutError:
            raise NotReady(_silent("The Iceberg catalog")) from None

    async def look(self) -> State:
        """Give the newest state as of now. Raises EngineDown, LakeError, asyncio.TimeoutError."""
        return await self._state.renew()

    async def writer_fault(self) -> str:
        """Say in one line that nobody writes; nothing while somebody can be reached."""
        try:
            await self._writer.get()
        except EngineDown as error:
            return str(error)
        except asyncio.TimeoutError:
            return _silent("Flink")
        return ""

    async def committed_ms(self) -> int | None:
        """Give the time of the newest commit, at once or nearly so; None if that is not known."""
        state = await self._state.peek(PEEK_S, first=True)
        known = state is not None and self._state.fault is None
        return state.current.committed_ms if state and state.current and known else None

    async def health(self, now_ms: int) -> dict[str, Any]:
        """Tell what is known, at once or nearly so; before the first question that is nothing."""
        state = await self._state.peek(PEEK_S)
        newest, fault = state.current if state else None, self._state.fault
        return {
            "state": "down" if fault else "up" if state else "waiting",
            "message": str(fault or ""),
            "snapshot": str(newest.snapshot_id) if newest else None,
            "age_s": round(max(0, now_ms - newest.committed_ms) / 1000, 3) if newest else None,
        }


def _silent(engine: str) -> str:
    return f"{engine} gives no answer within {ANSWER_S:g} s. See `flightlib status`."
