"""Clients that asked for the same flights at the same pace: each frame is encoded once for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple

from flightlib.backend.client import Client
from flightlib.backend.hub import Flight, View
from flightlib.backend.line import chunk
from flightlib.backend.sse import HEARTBEAT


class Frame(NamedTuple):
    """An encoded event that brings a client from any moment in `since`..`seq` to `seq`."""

    since: int
    seq: int
    data: bytes


Encode = Callable[[str, int, Iterable[Flight], list[str]], bytes]


AT_ONCE = 200
"""To so many clients a frame is written before the loop may do something else."""


class Group:
    """One filter at one pace, and its clients.

    A client keeps nothing but the sequence number it was sent last. One that missed a frame gets
    the snapshot, so a slow reader holds at most one event, never a queue.
    """

    def __init__(self, view: View, every_s: float, encode: Encode) -> None:
        self.view, self.every_s = view, every_s
        self.clients: set[Client] = set()
        self.task: asyncio.Task[None] | None = None
        self._encode = encode
        self._snapshot: Frame | None = None
        view.catch_up()
        self.frame = Frame(view.seq, view.seq, b"")

    def wake(self) -> None:
        """Let every client of the group look whether there is something for it."""
        for client in self.clients:
            client.wake()

    async def publish(self) -> None:
        """Send the newest frame to every client that waits and can take it; wake the others."""
        since, seq, data = self.frame
        wrapped = chunk(data) if data else b""
        await self._each(lambda client: client.offer(since, seq, wrapped))

    async def beat(self) -> None:
        """Send a heartbeat to every client that waits."""
        wrapped = chunk(HEARTBEAT)
        await self._each(lambda client: client.beat(HEARTBEAT, wrapped))

    async def _each(self, do: Callable[[Client], None]) -> None:
        clients = list(self.clients)
        for first in range(0, len(clients), AT_ONCE):
            for client in clients[first : first + AT_ONCE]:
                do(client)
            # What was written goes out, and others have their turn.
            await asyncio.sleep(0)

    def advance(self) -> bool:
        """Make the next frame from what changed since the last one; False if nothing did."""
        self.view.catch_up()
        since, seq = self.frame.seq, self.view.seq
        if since < self.view.floor:
            # The hub forgot what left since then: everybody gets a snapshot.
            self.frame = Frame(seq, seq, b"")
            return True
        change = self.view.since(since)
        if not change.flights and not change.gone:
            return False
        self.frame = Frame(since, seq, self._encode("update", seq, *change))
        return True

    def next_for(self, seq: int) -> Frame | None:
        """Choose what a client at `seq` is sent next: the frame, a snapshot, or nothing yet."""
        if seq >= self.frame.seq:
            return None
        return self.frame if self.frame.data and self.frame.since <= seq else self.snapshot()

    def snapshot(self) -> Frame:
        """Encode every flight shown, at most once a frame."""
        if self._snapshot is None or self._snapshot.seq < self.frame.seq:
            self.view.catch_up()
            seq, flights = self.view.seq, self.view.flights()
            self._snapshot = Frame(0, seq, self._encode("snapshot", seq, flights, []))
        return self._snapshot

    def resume(self, seq: int | None) -> Frame:
        """Choose a returning client's first event; its data is empty if it missed nothing.

        `seq` is the last number it was sent; a number too old or unknown gives the snapshot.
        """
        self.view.catch_up()
        if seq is None or not self.view.floor <= seq <= self.view.seq:
            return self.snapshot()
        change = self.view.since(seq)
        missed = change.flights or change.gone
        data = self._encode("update", self.view.seq, *change) if missed else b""
        return Frame(seq, self.view.seq, data)
