"""`Publisher`: put any stream of flight reports into Kafka, in the background."""

from __future__ import annotations

import atexit
import html
import threading
from collections.abc import Iterable, Iterator
from functools import partial

from flightlib.errors import SettingError, not_allowed
from flightlib.kafka import security
from flightlib.kafka.baton import Baton
from flightlib.kafka.client import now_ms
from flightlib.kafka.convoy import Batched, Convoy, Sent, convoy_of
from flightlib.kafka.ledger import Ledger, PublisherStatus
from flightlib.kafka.pump import Pump, producer
from flightlib.kafka.registry import register
from flightlib.kafka.topics import FLIGHTS, TOPICS, ensure_topics
from flightlib.settings import Settings, load

_running: dict[str, Publisher] = {}
_lock = threading.RLock()
EXIT_S = 5.0


class Publisher:
    """Publishes reports to a topic in the background, each at its own timestamp.

    `reports` may be any iterator of FlightReport: a sky, a recording, a load test. What is none but
    has a `payload` of bytes (the poison of a scenario) is sent as it is and counted. A report is
    sent when its timestamp (epoch milliseconds, UTC) is reached; reports whose time has passed go
    out at once. If Kafka goes away nothing that it acknowledged is lost, what was not is kept and
    sent when it is back, and `status` says so. A topic has one publisher: starting
    another lets the first finish what it has sent and stops it, also when it runs in another
    process, so a notebook cell may be run again.

    Reports that can be had as batches, as a sky's can, are sent as bytes, many times as fast.
    With `paced=False` nothing waits for its time: a load test.

    Raises SettingError for a topic that does not hold flight reports.
    """

    def __init__(
        self,
        reports: Iterable[Sent],
        topic: str = "flights",
        settings: Settings | None = None,
        paced: bool = True,
    ) -> None:
        self.topic = _of_reports(topic)
        self._reports: Convoy | Iterator[Sent] = (
            convoy_of(reports) if isinstance(reports, Batched) else iter(reports)
        )
        self._paced = paced
        self._settings = settings or load()
        self._pump: Pump | None = None
        self._last = Ledger(self.topic).status(now_ms(), running=False)

    def start(self) -> Publisher:
        """Check the topics, register the schema and begin; returns this publisher.

        Raises EngineDown when Kafka or the registry does not answer, and TopicError when a topic
        or its schema is not as it should be, or when its publisher does not hand over.
        """
        with _lock:
            other = _running.get(self.topic)
            if other is self and self.status.running:
                return self
            if other is not None:
                other.stop()
            self._pump = Pump(
                self._reports,
                self.topic,
                prepare=self._prepare,
                connect=partial(producer, self._settings),
                address=self._settings.kafka,
                baton=Baton(self._settings, self.topic),
                paced=self._paced,
                explain=partial(security.in_words, self._settings),
            )
            _running[self.topic] = self
            atexit.unregister(stop_all)
            atexit.register(stop_all)
        return self

    def _prepare(self) -> int:
        ensure_topics(self._settings)
        return register(self._settings, self.topic)

    def stop(self, timeout_s: float = 10.0) -> PublisherStatus:
        """Stop taking reports, wait for Kafka to acknowledge what was sent, return the status.

        What Kafka has not acknowledged after `timeout_s` seconds is counted under `errors`.
        """
        with _lock:
            if self._pump is not None:
                self._pump.stop(timeout_s)
                self._last = self._pump.ledger.status(now_ms(), running=False)
                self._pump = None
            if _running.get(self.topic) is self:
                del _running[self.topic]
        return self._last

    @property
    def status(self) -> PublisherStatus:
        """What was sent and acknowledged so far, how fast, how late, and what is wrong."""
        pump = self._pump
        return self._last if pump is None else pump.ledger.status(now_ms(), pump.running)

    def __str__(self) -> str:
        """Say the status in one line."""
        return str(self.status)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<code>{html.escape(str(self))}</code>"


def _of_reports(topic: str) -> str:
    names = [name for name, planned in TOPICS.items() if planned.record == FLIGHTS.record]
    if topic not in names:
        raise SettingError(not_allowed("A topic to publish to", topic, names))
    return topic


def stop_all(timeout_s: float = EXIT_S) -> None:
    """Stop every publisher of this process, waiting for what was sent to be acknowledged."""
    for publisher in list(_running.values()):
        publisher.stop(timeout_s)


atexit.register(stop_all)
