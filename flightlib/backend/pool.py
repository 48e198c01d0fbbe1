"""A few things at once in threads, a short line before them, and clients first."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from flightlib.backend.trouble import Busy

T = TypeVar("T")

SIZE, LINE = 4, 64


def in_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Run something that blocks in a thread of its own; call it on the event loop.

    A daemon thread: an engine that hangs does not keep the interpreter from leaving. The thread
    knows the id of the request it works for.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            settle = _settler(future, context.run(work))
        except Exception as error:
            settle = _settler(future, error=error)
        with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
            loop.call_soon_threadsafe(settle)

    threading.Thread(target=run, name="flightlib-rest", daemon=True).start()
    return future


def _settler(
    future: asyncio.Future[T], result: T | None = None, error: Exception | None = None
) -> Callable[[], None]:
    def settle() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    return settle


class Ticket:
    """A place in the line; `ready` comes true when it is one's turn."""

    def __init__(self, urgent: bool) -> None:
        self.urgent = urgent
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class Pool:
    """Runs at most `size` things at once, at most `line` waiting; lives on the event loop.

    What a client waits for is urgent and goes first. What is not urgent leaves one place
    free, so that a client who comes anew need not wait for it. `threads` run what never hangs, and
    are kept; without them each thing gets a thread of its own.
    """

    def __init__(
        self, size: int = SIZE, line: int = LINE, threads: ThreadPoolExecutor | None = None
    ) -> None:
        self._size, self._line, self._threads = size, line, threads
        self._running = 0
        self._waiting: list[Ticket] = []

    @property
    def waiting(self) -> int:
        """How many stand in the line."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """How many run now."""
        return self._running

    @property
    def busy(self) -> bool:
        """Whether all places but the one for clients who come anew are taken."""
        return self._running >= max(1, self._size - 1)

    def enter(self, urgent: bool) -> Ticket:
        """Take a place in the line. Raises Busy when the line is full."""
        ticket = Ticket(urgent)
        if sum(other.urgent == urgent for other in self._waiting) >= self._line:
            raise Busy(
                f"{self._running} queries run and {self._line} wait for Trino. "
                "Ask again in a moment."
            )
        self._waiting.append(ticket)
        self._call_next()
        return ticket

    def promote(self, ticket: Ticket) -> None:
        """Treat a place in the line as a client's, from now on."""
        ticket.urgent = True
        self._call_next()

    async def turn(self, ticket: Ticket) -> None:
        """Wait for the ticket's turn; then `run` has to follow at once."""
        try:
            await ticket.ready
        except asyncio.CancelledError:
            self._leave(ticket)
            raise

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread; the place is free when that ends, even if nobody waits for it."""
        try:
            done = self._begin(work)
        except RuntimeError:  # the system gives no more threads
            self._free()
            raise Busy("This machine gives no thread to ask Trino in; close something.") from None
        done.add_done_callback(lambda _: self._free())
        return await asyncio.shield(done)

    def _begin(self, work: Callable[[], T]) -> asyncio.Future[T]:
        if self._threads is None:
            return in_thread(work)
        return asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """Let go of the threads that were kept."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self, ticket: Ticket) -> None:
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        elif not ticket.ready.cancelled():
            self._free()

    def _free(self) -> None:
        self._running -= 1
        self._call_next()

    def _call_next(self) -> None:
        for ticket in sorted(self._waiting, key=lambda ticket: not ticket.urgent):
            places = self._size if ticket.urgent else max(1, self._size - 1)
            if self._running >= places:
                return
            self._waiting.remove(ticket)
            if not ticket.ready.done():
                self._running += 1
                ticket.ready.set_result(None)
