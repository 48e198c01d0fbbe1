"""The publisher's thread: takes reports as they come due and hands them to Kafka."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from flightlib import records
from flightlib.errors import FlightlibError, RecordError
from flightlib.kafka.baton import Baton
from flightlib.kafka.client import client_config, library_log, log, now_ms
from flightlib.kafka.ledger import Ledger
from flightlib.kafka.patience import ready
from flightlib.records import FlightReport
from flightlib.settings import Settings

MAX_WAIT_S = 0.1
RENEW_S = 1.0
HOPELESS = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._MSG_TIMED_OUT, KafkaError.INVALID_RECORD}


class Timed(Protocol):
    """Anything with an event time in epoch milliseconds."""

    @property
    def timestamp(self) -> int:
        """Event time, epoch milliseconds UTC."""


def paced(
    reports: Iterable[FlightReport | None],
    clock: Callable[[], int],
    wait: Callable[[float], bool],
    note: Callable[[int | None], None] = lambda due_ms: None,
) -> Iterator[tuple[int, FlightReport]]:
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


def producer(settings: Settings, trouble: Callable[[KafkaError], None]) -> Producer:
    """Make a producer that acknowledges only what is written, in order, and never gives up."""
    config = client_config(settings, linger_ms=5, compression_type="lz4")
    durable = {"acks": "all", "enable.idempotence": True, "message.timeout.ms": 0}
    # How long a topic may be missing before its reports come back to be sent anew.
    durable["topic.metadata.propagation.max.ms"] = 5000
    return Producer({**config, **durable, "error_cb": trouble}, logger=library_log)


class Pump:
    """Publishes one iterator of reports in a thread of its own.

    Kafka away: its client keeps what it holds and goes on trying, and when it is full the
    iterator is not asked for more. What Kafka refuses for a passing reason (its topic was
    deleted, its memory of this producer was lost) is sent again through a new producer.
    """

    def __init__(
        self,
        reports: Iterable[FlightReport],
        topic: str,
        prepare: Callable[[], int],
        connect: Callable[[Callable[[KafkaError], None]], Producer],
        address: str,
        baton: Baton,
    ) -> None:
        self.ledger = Ledger(topic)
        self._baton = baton
        self._reports, self._topic, self._address = reports, topic, address
        self._prepare, self._connect = prepare, connect
        self._schema_id = prepare()
        self._producer = connect(self._on_error)
        baton.take()
        self._refused: deque[tuple[bytes, bytes]] = deque()
        self._stopping = threading.Event()
        self._taken = False
        self._renew_at_ms = 0
        self._thread = threading.Thread(target=self._run, name=f"publish-{topic}", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether reports are still being taken or still wait for Kafka."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            reports = ready(self._reports)
            for due_ms, report in paced(reports, now_ms, self._wait, self.ledger.waits_for):
                self._publish(due_ms, report)
                if self._over:
                    break
        except Exception as error:
            # The iterator is the caller's: whatever it raises ends the stream and is shown.
            log.exception("publishing to %s ended", self._topic)
            self.ledger.remember(f"{type(error).__name__}: {error}")
        self.ledger.waits_for(None)
        while not self._stopping.is_set() and (len(self._producer) or self._refused):
            self._wait(MAX_WAIT_S)
        if not self._stopping.is_set():
            self._baton.let_go()

    def _publish(self, due_ms: int, report: FlightReport) -> None:
        try:
            payload = records.encode(report, self._schema_id)
        except RecordError as error:
            self.ledger.sent += 1
            self.ledger.give_up(str(error))
            return
        if self._hand_over(report.flight_id.encode(), payload):
            self.ledger.handed_over(due_ms)
        self._wait(0.0)

    def _hand_over(self, key: bytes, payload: bytes) -> bool:
        """Give one message to Kafka's client, waiting while it is full; False when stopped."""
        while not self._stopping.is_set():
            try:
                self._producer.produce(self._topic, payload, key, on_delivery=self._delivered)
                return True
            except BufferError:
                self._wait(MAX_WAIT_S)
            except KafkaException as error:
                if error.args[0].code() in HOPELESS:
                    self.ledger.sent += 1
                    self.ledger.give_up(f"Kafka refuses a report: {error.args[0].str()}.")
                    return False
                self._say(error.args[0])
                self._wait(MAX_WAIT_S)
                self._renew()
        return False

    def _wait(self, seconds: float) -> bool:
        """Serve Kafka's answers for a while; False once the pump is to stop."""
        self._producer.poll(seconds)
        if self._refused:
            self._renew()
        if other := self._baton.taken_by():
            self._taken = True
            self.ledger.remember(f"process {other} publishes to {self._topic} since then")
        return not self._over

    @property
    def _over(self) -> bool:
        return self._taken or self._stopping.is_set()

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            self.ledger.acknowledge(now_ms())
        elif error.code() in HOPELESS or self._stopping.is_set():
            self.ledger.give_up(self.ledger.trouble or f"Kafka refuses a report: {error.str()}.")
        else:
            self._say(error)
            self._refused.append((_bytes(message.key()), _bytes(message.value())))

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT) or error.fatal():
            self._say(error)

    def _say(self, error: KafkaError) -> None:
        away = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT)
        self.ledger.trouble = (
            f"Kafka is not answering on {self._address}; reports wait here. Start the engines "
            "with `flightlib up`."
            if error.code() in away
            else f"Kafka refuses reports and they are sent again: {error.str()}."
        )

    def _renew(self) -> None:
        """Send what was refused again through a new producer, at most once a second."""
        if now_ms() < self._renew_at_ms or self._stopping.is_set():
            return
        self._renew_at_ms = now_ms() + int(RENEW_S * 1000)
        try:
            self._schema_id = self._prepare()
        except FlightlibError as error:
            self.ledger.trouble = str(error)
            return
        self._drain(self._producer, 0.0)
        self._producer = self._connect(self._on_error)
        again, self._refused = self._refused, deque()
        while again and self._hand_over(*again[0]):
            again.popleft()
        self._refused.extendleft(reversed(again))

    @staticmethod
    def _drain(old: Producer, timeout_s: float) -> int:
        """Let a producer finish; what it still holds after the time comes back as refused."""
        left = old.flush(timeout_s)
        if left:
            old.purge()
            old.flush(1.0)
        return int(left)

    def stop(self, timeout_s: float) -> None:
        """Take no more reports, wait until Kafka has what was sent, and count what it has not."""
        self._stopping.set()
        self._thread.join(timeout_s)
        self._drain(self._producer, timeout_s)
        while self._refused:
            self._refused.popleft()
            self.ledger.give_up(self.ledger.trouble or "Kafka did not take a report.")
        self._baton.let_go()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""
