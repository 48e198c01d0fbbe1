"""The publisher's thread: takes reports as they come due and hands them to Kafka."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import Producer

from flightlib.errors import RecordError
from flightlib.kafka.baton import Baton
from flightlib.kafka.client import client_config, library_log, log, now_ms
from flightlib.kafka.convoy import Convoy, Sent, bytes_of
from flightlib.kafka.ledger import Ledger
from flightlib.kafka.outlet import MAX_WAIT_S, Connect, Explain, OnError, OnRefused, Outlet
from flightlib.kafka.patience import ready
from flightlib.records import FlightReport
from flightlib.settings import Settings

NEVER_MS = 2**63 - 1
MOST_WAITING = 30_000


def paced(
    reports: Iterable[Sent | None],
    clock: Callable[[], int],
    wait: Callable[[float], bool],
    note: Callable[[int | None], None] = lambda due_ms: None,
) -> Iterator[tuple[int, Sent]]:
    """Yield (due time, report) in the order given, none before its own timestamp.

    A late report (its timestamp lies before one already seen) is due at once. Behind its
    timestamps the iterator does not wait at all, so a backlog goes out as fast as it can. After a
    None, which stands for nothing yet, it waits a moment.
    `clock` gives epoch milliseconds; `wait(seconds)` returns False to end; `note` hears when the
    next report is due.
    """
    due_ms = 0
    for report in reports:
        if report is None:
            note(None)
            if not wait(MAX_WAIT_S):
                return
            continue
        due_ms = max(due_ms, report.timestamp)
        note(due_ms)
        while (left_ms := due_ms - clock()) > 0:
            if not wait(min(left_ms / 1000, MAX_WAIT_S)):
                return
        yield due_ms, report


def producer(settings: Settings, trouble: OnError, refused: OnRefused) -> Producer:
    """Make a producer that acknowledges only what is written, in order, and never gives up.

    It tells `refused` of each message that was not written; of the others it says nothing.
    """
    config = client_config(settings, linger_ms=5, compression_type="lz4")
    durable = {"acks": "all", "enable.idempotence": True, "message.timeout.ms": 0}
    # How long a topic may be missing before its reports come back to be sent anew.
    durable["topic.metadata.propagation.max.ms"] = 5000
    # A tenth of a second at full pace; what waits longer waits where it takes less memory.
    durable["queue.buffering.max.messages"] = MOST_WAITING
    told = {"error_cb": trouble, "on_delivery": refused, "delivery.report.only.error": True}
    return Producer({**config, **durable, **told}, logger=library_log)


class Pump:
    """Publishes one iterator of reports, or one convoy of batches, in a thread of its own.

    Unless `paced`, nothing waits for its time, and all counts as due when it is sent.
    Kafka away: its client keeps what it holds and goes on trying, and when it is full the
    iterator is not asked for more. What Kafka refuses for a passing reason (its topic was
    deleted, its memory of this producer was lost) is sent again through a new producer.
    """

    def __init__(
        self,
        reports: Iterable[Sent] | Convoy,
        topic: str,
        prepare: Callable[[], int],
        connect: Connect,
        address: str,
        baton: Baton,
        paced: bool = True,
        explain: Explain = lambda _error: "",
    ) -> None:
        self.ledger = Ledger(topic)
        self._baton, self._reports, self._paced = baton, reports, paced
        self._stopping = threading.Event()
        self._taken = False
        own = self._stopping, self._wait
        self._outlet = Outlet(self.ledger, address, prepare, connect, *own, explain)
        baton.take()
        self._thread = threading.Thread(target=self._run, name=f"publish-{topic}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether reports are still being taken or still wait for Kafka."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            if isinstance(self._reports, Convoy):
                self._send(self._reports)
            else:
                self._send_singly(self._reports)
        except Exception as error:
            # The iterator is the caller's: whatever it raises ends the stream and is shown.
            log.exception("publishing to %s ended", self.ledger.topic)
            self.ledger.remember(f"{type(error).__name__}: {error}")
        self.ledger.waits_for(None)
        while not self._stopping.is_set() and self._outlet.busy:
            self._wait(MAX_WAIT_S)
        if not self._stopping.is_set():
            self._baton.let_go()

    def _clock(self) -> int:
        return now_ms() if self._paced else NEVER_MS

    def _waits_for(self, due_ms: int | None) -> None:
        self.ledger.waits_for(due_ms if self._paced or due_ms is None else now_ms())

    def _send_singly(self, reports: Iterable[Sent]) -> None:
        for due_ms, report in paced(ready(reports), self._clock, self._wait, self._waits_for):
            self._publish(due_ms if self._paced else now_ms(), report)
            if self._over:
                break

    def _publish(self, due_ms: int, report: Sent) -> None:
        try:
            payload = bytes_of(report, self._outlet.schema_id)
        except RecordError as error:
            self._outlet.give_up(str(error))
            return
        if payload is not None and self._outlet.put(report.flight_id.encode(), payload):
            self.ledger.handed_over(due_ms, poison=not isinstance(report, FlightReport))
        self._wait(0.0)

    def _send(self, convoy: Convoy) -> None:
        """Send batches as they fall due, until there are no more or it is over."""
        going = not self._over
        while going and (due_ms := convoy.next_due_ms()) is not None:
            self._waits_for(due_ms)
            left_ms = due_ms - self._clock()
            if left_ms <= 0:
                self._send_due(convoy)
            going = self._wait(min(max(left_ms, 0) / 1000, MAX_WAIT_S))

    def _send_due(self, convoy: Convoy) -> None:
        load = convoy.load(self._clock(), self._outlet.schema_id)
        if load.refused:
            self._outlet.give_up(load.refused)
            convoy.sent(1)
        count, error = self._outlet.put_all(load.keys, load.payloads)
        self.ledger.poison += convoy.sent(count)
        due_ms = load.due_ms[:count] if self._paced else [now_ms()] * count
        self.ledger.all_handed_over(due_ms)
        if error is not None and not self._outlet.overcome(error):
            convoy.sent(1)

    def _wait(self, seconds: float) -> bool:
        """Serve Kafka's answers for a while; False once the pump is to stop."""
        self._outlet.serve(seconds)
        if other := self._baton.taken_by():
            self._taken = True
            self.ledger.remember(f"process {other} publishes to {self.ledger.topic} since then")
        return not self._over

    @property
    def _over(self) -> bool:
        return self._taken or self._stopping.is_set()

    def stop(self, timeout_s: float) -> None:
        """Take no more reports, wait until Kafka has what was sent, and count what it has not."""
        self._stopping.set()
        self._thread.join(timeout_s)
        self._outlet.close(timeout_s)
        self._baton.let_go()
