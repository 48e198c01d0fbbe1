"""The way into Kafka: messages given to its client, its answers booked, its refusals mended."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from flightlib.errors import FlightlibError
from flightlib.kafka.client import now_ms
from flightlib.kafka.ledger import Ledger

MAX_WAIT_S = 0.1
RENEW_S = 1.0
HOPELESS = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError._MSG_TIMED_OUT, KafkaError.INVALID_RECORD}
AWAY = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT)

OnError = Callable[[KafkaError], None]
OnRefused = Callable[[KafkaError | None, Message], None]
Explain = Callable[[KafkaError], str]
"""Says what an error means for a Kafka that runs elsewhere; nothing for one of this machine."""
Connect = Callable[[OnError, OnRefused], Producer]
"""Makes a client that says what is wrong with Kafka, and which messages were not written."""


class Outlet:
    """One producer after another for one topic; what one could not deliver the next one sends.

    `wait` is how its owner waits; it serves Kafka's answers meanwhile, by calling `serve`.
    """

    def __init__(
        self,
        ledger: Ledger,
        address: str,
        prepare: Callable[[], int],
        connect: Connect,
        stopping: threading.Event,
        wait: Callable[[float], object],
        explain: Explain = lambda _error: "",
    ) -> None:
        self._ledger, self._topic, self._address = ledger, ledger.topic, address
        self._prepare, self._connect = prepare, connect
        self._stopping, self._wait, self._explain = stopping, wait, explain
        self.schema_id = prepare()
        self._producer = connect(self._on_error, self._on_refused)
        # Of this producer: the messages it took, how many of them came back, and how many of
        # those written are in the books.
        self._taken = self._back = self._booked = 0
        self._refused: deque[tuple[bytes, bytes]] = deque()
        self._renew_at_ms = 0

    @property
    def busy(self) -> bool:
        """Whether something is not acknowledged yet."""
        return bool(len(self._producer) or self._refused)

    def put(self, key: bytes, payload: bytes) -> bool:
        """Give one message to Kafka's client, waiting while it is full; False when stopped."""
        while not self._stopping.is_set():
            _, error = self.put_all([key], [payload])
            if error is None:
                return True
            if not self.overcome(error):
                return False
        return False

    def put_all(
        self, keys: Iterable[bytes], payloads: Iterable[bytes]
    ) -> tuple[int, BufferError | KafkaException | None]:
        """Give messages to Kafka's client until it takes no more; say how many, and why no more.

        One call each: the client's own call for many goes on after one that it refuses, and then
        a flight's later report would overtake its earlier one.
        """
        if self._refused:
            return 0, BufferError()  # they go first, or a flight's reports would change places
        count, produce, topic, refusal = 0, self._producer.produce, self._topic, None
        try:
            for key, payload in zip(keys, payloads, strict=True):
                produce(topic, payload, key)
                count += 1
        except (BufferError, KafkaException) as error:
            refusal = error
        self._taken += count
        return count, refusal

    def overcome(self, error: BufferError | KafkaException) -> bool:
        """Wait and mend what keeps the client from a message; False if it will never take it."""
        if isinstance(error, KafkaException):
            if error.args[0].code() in HOPELESS:
                self.give_up(f"Kafka refuses a report: {error.args[0].str()}.")
                return False
            self._say(error.args[0])
        self._wait(MAX_WAIT_S)
        if isinstance(error, KafkaException):
            self._renew()
        return True

    def give_up(self, why: str) -> None:
        """Count a report that cannot even be given to the client."""
        self._ledger.sent += 1
        self._ledger.give_up(why)

    def serve(self, seconds: float) -> None:
        """Take Kafka's answers for a while, and see to what it refused."""
        self._producer.poll(seconds)
        self._acknowledge()
        if self._refused:
            self._renew()

    def _on_refused(self, error: KafkaError | None, message: Message) -> None:
        if error is None:
            return
        self._back += 1
        if error.code() in HOPELESS or self._stopping.is_set():
            self._ledger.give_up(self._ledger.trouble or f"Kafka refuses a report: {error.str()}.")
        else:
            self._say(error)
            self._refused.append((_bytes(message.key()), _bytes(message.value())))

    def _acknowledge(self) -> None:
        """Book what was written: all that the client took, holds no more and did not give back.

        Asking it for each message would take as long as sending it.
        """
        written = self._taken - self._back - len(self._producer)
        if written > self._booked:
            count, self._booked = written - self._booked, written
            self._ledger.acknowledge(now_ms(), count)

    def _on_error(self, error: KafkaError) -> None:
        if error.code() in AWAY or error.fatal() or self._explain(error):
            self._say(error)

    def _say(self, error: KafkaError) -> None:
        # What was written before does not mend what is wrong now.
        self._acknowledge()
        if self._explain(error) and error.code() in AWAY and self._ledger.trouble:
            return  # why it lets nobody in was told before, and all connections are gone since
        self._ledger.trouble = self._explain(error) or (
            f"Kafka is not answering on {self._address}; reports wait here. Start the engines "
            "with `flightlib up`."
            if error.code() in AWAY
            else f"Kafka refuses reports and they are sent again: {error.str()}."
        )

    def _renew(self) -> None:
        """Send what was refused again through a new producer, at most once a second."""
        if now_ms() < self._renew_at_ms or self._stopping.is_set():
            return
        self._renew_at_ms = now_ms() + int(RENEW_S * 1000)
        try:
            self.schema_id = self._prepare()
        except FlightlibError as error:
            self._ledger.trouble = str(error)
            return
        self._drain(self._producer, 0.0)
        self._producer = self._connect(self._on_error, self._on_refused)
        self._taken = self._back = self._booked = 0
        again, self._refused = self._refused, deque()
        while again and (self.put(*again[0]) or not self._stopping.is_set()):
            again.popleft()  # Kafka's client has it, or it was given up for good
        self._refused.extendleft(reversed(again))

    def _drain(self, old: Producer, timeout_s: float) -> None:
        """Let a producer finish; what it still holds after the time comes back as refused."""
        if old.flush(timeout_s):
            old.purge()
            old.flush(1.0)
        self._acknowledge()

    def close(self, timeout_s: float) -> None:
        """Wait until Kafka has what was sent, and count what it has not."""
        self._drain(self._producer, timeout_s)
        while self._refused:
            self._refused.popleft()
            self._ledger.give_up(self._ledger.trouble or "Kafka did not take a report.")


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else b""
