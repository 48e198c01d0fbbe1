"""One client of a stream: what it was sent last, and whether it waits for more."""

from __future__ import annotations

import asyncio

from flightlib.backend.line import Line


class Client:
    """Sits in a group while its stream is open.

    Its own coroutine sends it what it lacks, then waits; while it waits, a frame that it can take
    is written by the group, without waking it. A client that cannot take one is woken.
    """

    __slots__ = ("_waiting", "line", "seq")

    def __init__(self, line: Line) -> None:
        self.line, self.seq = line, 0
        self._waiting: asyncio.Future[bytes] | None = None

    async def wait(self) -> bytes:
        """Wait until its own coroutine has to look; gives what it is to send first, if anything."""
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            return await self._waiting
        finally:
            self._waiting = None

    @property
    def waits(self) -> bool:
        """Whether it has been sent all there was, and waits for more."""
        return self._waiting is not None and not self._waiting.done()

    def wake(self, data: bytes = b"") -> None:
        """Let it look, and send something first; one that does not wait will look anyway."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(data)

    def offer(self, since: int, seq: int, chunk: bytes) -> None:
        """Send what brings a client from `since` or later to `seq`, if that is what it lacks."""
        if self.seq >= seq or not self.waits:
            return
        if self.seq >= since and chunk and self.line.push(chunk):
            self.seq = seq
        else:
            self.wake()

    def beat(self, data: bytes, chunk: bytes) -> None:
        """Send a heartbeat; to one that does not wait something is on its way."""
        if self.waits and not self.line.push(chunk):
            self.wake(data)
