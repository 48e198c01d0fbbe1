"""One topic on the air: Kafka on one side, any number of clients on the other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator

from flightlib.backend import sse
from flightlib.backend.buckets import Buckets
from flightlib.backend.client import Client
from flightlib.backend.filters import Filter
from flightlib.backend.group import Group
from flightlib.backend.hub import Flight, Hub, View, take
from flightlib.backend.line import Line
from flightlib.backend.source import Follow, Source
from flightlib.kafka import KafkaState, Meter, Received, now_ms

log = logging.getLogger("flightlib.backend")

HEARTBEAT_S = 15.0
CATCH_UP_S = 3.0
SWEEP_S = 1.0
VIEWS = 64
# A publisher that starts sends its first seconds at once: they are no flood.
LATE_MS = 3000
FRAME_SECONDS = (0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
LOOKED_AT = 100
"""Of each frame about so many flights, evenly spread, are looked at for how late they are."""


class Channel:
    """Keeps the picture of one topic and streams it.

    The topic's reader delivers from its own thread under the lock; everything else happens on the
    event loop. Reading starts with the first client and goes on until `close`.
    """

    def __init__(
        self,
        topic: str,
        follow: Follow,
        clock: Callable[[], int] = now_ms,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self.topic, self.generation = topic, secrets.token_hex(4)
        self.hub, self.meter = Hub(), Meter()
        self.reports = self.frames = self.frame_bytes = self.clients = self.missed = 0
        self.to_frame = Buckets(FRAME_SECONDS)
        self.state = KafkaState("waiting", f"Nobody has asked for {topic} yet.")
        self._follow, self._clock, self._heartbeat_s = follow, clock, heartbeat_s
        self._lock = threading.Lock()
        self._groups: dict[tuple[Filter, float], Group] = {}
        self._views: OrderedDict[Filter, View] = OrderedDict()
        self._source: Source | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def poison(self) -> int:
        """How many messages were passed over because they are no flight reports."""
        return self._source.poison if self._source else 0

    @property
    def lag(self) -> int:
        """How many messages Kafka has beyond what is read."""
        return self._source.lag if self._source else 0

    @property
    def position(self) -> dict[int, int]:
        """The offset up to which each partition is read; empty before the first question."""
        return self._source.position if self._source else {}

    @property
    def per_s(self) -> float:
        """Reports per second over the last five seconds."""
        return round(self.meter.per_s(self._clock()), 1)

    def start(self) -> None:
        """Begin to read the topic; twice is harmless. Call it on the event loop."""
        if self._source is not None or self._closing:
            return
        loop = asyncio.get_running_loop()

        def tell(state: KafkaState) -> None:
            loop.call_soon_threadsafe(self._turn, state)

        self._source = self._follow(self.topic, self._deliver, tell)
        self._turn(self._source.state)
        self._sweeping = loop.create_task(self._sweep())

    def end(self) -> None:
        """Let every client's stream come to its end, and begin to stop reading the topic."""
        self._closing = True
        self._wake()
        if self._source:
            self._source.end()

    def close(self) -> None:
        """Stop reading the topic. The last thing on the loop: it waits for the reader's thread."""
        self.end()
        if self._sweeping:
            self._sweeping.cancel()
        if self._source:
            # No worker thread: when the interpreter exits there are none to be had.
            self._source.close()

    def _deliver(self, batch: list[Received]) -> None:
        with self._lock:
            self.reports += len(batch)
            for received in batch:
                self.meter.add(1, _moment(received))
            refused = take(self.hub, batch)
        for why in refused:
            if self._source:
                self._source.refuse(f"{self.topic}: {why}")

    def _turn(self, state: KafkaState) -> None:
        self.state = state
        log.info("%s: Kafka is %s: %s", self.topic, state.kafka, state.message)
        self._wake()

    def _wake(self) -> None:
        for group in self._groups.values():
            group.wake()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            with self._lock:
                self.hub.sweep(self._clock())

    async def serve(
        self, chosen: Filter, every_s: float, last_event_id: str | None, line: Line
    ) -> None:
        """Stream to one client until the channel closes or the caller cancels."""
        self.start()
        client = Client(line)
        with self._joined(chosen, every_s, client) as group:
            told, said = self.state, sse.RETRY + self._told()
            if not self._is_settled():
                await line.write(said)
                await self.settled()
                said = b"" if self.state == told else self._told()
            told = self.state
            with self._lock:
                first = group.resume(sse.seq_of(last_event_id, self.generation))
            client.seq = first.seq
            if said or first.data:
                await line.write(said + first.data)
            await self._go_on(group, client, told)

    async def _go_on(self, group: Group, client: Client, told: KafkaState) -> None:
        """Send what the client lacks, then let the group send, until it has to look again."""
        while not self._closing:
            if self.state != told:
                told = self.state
                await client.line.write(self._told())
            with self._lock:
                late = client.seq < group.frame.since
                frame = group.next_for(client.seq)
            if frame:
                client.seq, self.missed = frame.seq, self.missed + late
                await client.line.write(frame.data)
            elif said := await client.wait():
                await client.line.write(said)

    def _told(self) -> bytes:
        return sse.event("state", self.state._asdict())

    async def settled(self) -> None:
        """Start reading if need be, and wait a moment for the last minute's reports.

        The first picture, and the first word about Kafka, are then right at once.
        """
        self.start()
        loop = asyncio.get_running_loop()
        until_s = loop.time() + CATCH_UP_S
        while not self._is_settled() and loop.time() < until_s:
            await asyncio.sleep(0.02)

    def _is_settled(self) -> bool:
        return self._source is None or self._source.caught_up.is_set()

    @contextlib.contextmanager
    def _joined(self, chosen: Filter, every_s: float, client: Client) -> Iterator[Group]:
        """Be one of the clients of a group; the last to leave ends the group."""
        key = (chosen, every_s)
        if key not in self._groups:
            with self._lock:
                self._groups[key] = Group(self._view(chosen), every_s, self._encode)
            self._groups[key].task = asyncio.create_task(self._beat(self._groups[key]))
        group = self._groups[key]
        group.clients.add(client)
        self.clients += 1
        try:
            yield group
        finally:
            self.clients -= 1
            group.clients.remove(client)
            if not group.clients:
                del self._groups[key]
                if group.task:
                    group.task.cancel()

    def _view(self, chosen: Filter) -> View:
        view = self._views.pop(chosen, None) or View(self.hub, chosen)
        self._views[chosen] = view
        if len(self._views) > VIEWS:
            self._views.popitem(last=False)
        return view

    async def _beat(self, group: Group) -> None:
        """Make a group's frames; a heartbeat when there was none for long."""
        loop = asyncio.get_running_loop()
        due_s, beat_s = loop.time() + group.every_s, loop.time() + self._heartbeat_s
        while True:
            await asyncio.sleep(min(due_s, beat_s) - loop.time())
            if loop.time() >= due_s:
                due_s = max(due_s + group.every_s, loop.time())
                with self._lock:
                    news = group.advance()
                if news:
                    await group.publish()
                    beat_s = loop.time() + self._heartbeat_s
            if loop.time() >= beat_s:
                await group.beat()
                beat_s = loop.time() + self._heartbeat_s

    def _encode(self, name: str, seq: int, flights: Iterable[Flight], gone: list[str]) -> bytes:
        now, shown = self._clock(), list(flights)
        if name == "update":
            for flight in shown[:: 1 + len(shown) // LOOKED_AT]:
                self.to_frame.add(max(0, now - flight["timestamp"]) / 1000)
        data = {
            "seq": seq,
            "sent_ms": now,
            "newest_ms": self.hub.newest_ms,
            "reports_per_s": self.per_s,
            "flights": shown,
            "gone": gone,
        }
        frame = sse.event(name, data, sse.event_id(self.generation, seq))
        self.frames += 1
        self.frame_bytes += len(frame)
        return frame


def _moment(received: Received) -> int:
    """Say which second a report counts in: its own, unless it came much later or has none."""
    told, came = received.report.get("timestamp"), received.received_ms
    return told if isinstance(told, int) and 0 <= came - told < LATE_MS else came
