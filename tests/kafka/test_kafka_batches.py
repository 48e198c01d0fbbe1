"""Publishing batches: what holds for single reports holds for those that come as bytes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

import pytest
from confluent_kafka import KafkaError, KafkaException

from flightlib import records
from flightlib.errors import EngineDown, RecordError
from flightlib.kafka import Publisher, now_ms
from flightlib.kafka.baton import Baton
from flightlib.kafka.convoy import MOST, Batched, Convoy
from flightlib.kafka.ledger import Ledger
from flightlib.kafka.outlet import Outlet
from flightlib.kafka.pump import Pump, producer
from flightlib.records import FlightReport
from flightlib.settings import Settings, load
from flightlib.sky import Sky

Make = Callable[..., FlightReport]
Until = Callable[..., None]
T = 1_700_000_000_000


@dataclass(frozen=True)
class Reports:
    """A batch of reports that are encoded one by one."""

    made: Sequence[FlightReport]

    @property
    def due_ms(self) -> list[int]:
        """Each at its own time."""
        return [report.timestamp for report in self.made]

    def messages(self, schema_id: int) -> tuple[list[bytes], list[bytes]]:
        """Encode them all, or none."""
        keys = [report.flight_id.encode() for report in self.made]
        return keys, [records.encode(report, schema_id) for report in self.made]

    def reports(self) -> Sequence[FlightReport]:
        """Give them as they are."""
        return self.made


def convoy(*batches: Sequence[FlightReport]) -> Convoy:
    return Convoy(iter([Reports(batch) for batch in batches]))


def pump(batches: Convoy, settings: Settings, paced: bool = True) -> Pump:
    return Pump(
        batches,
        "flights",
        lambda: 1,
        partial(producer, settings),
        settings.kafka,
        Baton(settings, "flights"),
        paced,
    )


def counts(running: Pump) -> tuple[int, int, int]:
    status = running.ledger.status(now_ms(), running=False)
    return status.sent, status.acknowledged, status.errors


def test_batches_arrive_once_and_in_order(
    make_report: Make, small_cluster: Settings, until: Until, read_all: Callable[..., list]
) -> None:
    """Every report of every batch is acknowledged, and each flight's keep their order."""
    start_ms = now_ms() - 3000
    sent = [make_report(flight_id=f"F{n % 7}", timestamp=start_ms + n) for n in range(3000)]
    running = pump(convoy(sent[:1700], [], sent[1700:]), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    assert counts(running) == (3000, 3000, 0)
    found = read_all(small_cluster, 3000)
    for flight in range(7):
        name = f"F{flight}"
        stamps_read = [r["timestamp"] for key, r in found if key == name.encode()]
        assert stamps_read == [r.timestamp for r in sent if r.flight_id == name]


def test_a_sky_as_batches_is_the_sky_as_reports(
    small_cluster: Settings, until: Until, read_all: Callable[..., list]
) -> None:
    """What Kafka holds of a sky's batches is what its reports say, those taken before left out."""
    start_ms = now_ms() - 60_000
    options = {"start_ms": start_ms, "until_ms": start_ms + 4000, "late_share": 0.2}
    expected = list(Sky(60).reports(**options))
    stream = Sky(60).reports(**options)
    assert isinstance(stream, Batched)
    taken = list(islice(stream, 10))
    running = pump(Convoy(stream.batches()), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    assert counts(running) == (len(expected) - 10, len(expected) - 10, 0)
    found = [FlightReport(**record) for _, record in read_all(small_cluster, len(expected) - 10)]
    assert taken == expected[:10]
    assert sorted(found, key=repr) == sorted(expected[10:], key=repr)


def test_nothing_is_loaded_before_it_is_due(make_report: Make) -> None:
    """A load ends at the clock, and at a bearable number of messages."""
    carts = convoy([make_report(timestamp=T + 10 * n) for n in range(2 * MOST)])
    assert carts.next_due_ms() == T
    assert list(carts.load(T - 1, 1).due_ms) == []
    assert list(carts.load(T + 25, 1).due_ms) == [T, T + 10, T + 20]
    carts.sent(2)
    assert list(carts.load(T + 25, 1).due_ms) == [T + 20]
    assert len(carts.load(T + 10**6, 1).keys) == MOST
    carts.sent(2 * MOST - 2)
    assert carts.next_due_ms() is None


def test_a_batch_is_paced_by_its_due_times(
    make_report: Make, small_cluster: Settings, until: Until
) -> None:
    """What is due stays not, what is due in an hour does not leave, and does not hold a stop."""
    now = now_ms()
    running = pump(
        convoy([make_report(timestamp=t) for t in (now, now + 3_600_000)]), small_cluster
    )
    until(lambda: running.ledger.acknowledged == 1)
    status = running.ledger.status(now_ms(), running.running)
    assert "next report is due in 3," in str(status)
    running.stop(10)
    assert counts(running) == (1, 1, 0)


def test_unpaced_nothing_waits(make_report: Make, small_cluster: Settings, until: Until) -> None:
    """A load test sends what is due in hours, and does not call it ahead."""
    ahead = [make_report(timestamp=now_ms() + 3_600_000 * n) for n in range(20)]
    running = pump(convoy(ahead), small_cluster, paced=False)
    until(lambda: not running.running)
    running.stop(10)
    assert counts(running) == (20, 20, 0)


def test_a_new_schema_id_is_in_every_message_after_it(make_report: Make) -> None:
    """A topic made anew may have another id: what was not sent before carries it."""
    carts = convoy([make_report(timestamp=T + n) for n in range(4)])
    assert carts.next_due_ms() == T
    assert {records.schema_id(p) for p in carts.load(T + 9, 1).payloads} == {1}
    carts.sent(2)
    late = carts.load(T + 9, 2)
    assert [records.schema_id(payload) for payload in late.payloads] == [2, 2]
    assert list(late.due_ms) == [T + 2, T + 3]


def test_a_bad_report_is_counted_and_the_rest_of_its_batch_is_sent(
    make_report: Make, small_cluster: Settings, until: Until
) -> None:
    """One bad report does not spoil its batch, and the status says what was wrong with it."""
    bad = make_report(status="LATE")
    batch = [bad, make_report(), make_report(), bad, make_report(), bad]
    running = pump(convoy(batch, [make_report()]), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    assert counts(running) == (7, 4, 3)
    assert "'LATE'" in str(running.ledger.status(now_ms(), running=False))


def test_a_sky_that_fails_says_so(make_report: Make, small_cluster: Settings, until: Until) -> None:
    """What batches raise ends the publisher, and stands in its status."""

    def broken() -> Iterator[Reports]:
        yield Reports([make_report()])
        raise ZeroDivisionError("the sky ends here")

    running = pump(Convoy(broken()), small_cluster)
    until(lambda: not running.running)
    running.stop(10)
    assert "ZeroDivisionError: the sky ends here" in str(running.ledger.status(now_ms(), False))
    assert counts(running) == (1, 1, 0)


def test_stopping_in_a_batch_loses_nothing_and_another_pump_goes_on(
    make_report: Make, small_cluster: Settings, until: Until
) -> None:
    """What was sent is acknowledged; what was not is there for whoever starts again."""
    total = 40 * MOST
    carts = convoy([make_report(timestamp=now_ms()) for _ in range(total)])
    first = pump(carts, small_cluster)
    until(lambda: first.ledger.sent > MOST)
    first.stop(30)
    sent, acknowledged, errors = counts(first)
    assert acknowledged == sent > MOST
    assert errors == 0
    second = pump(carts, small_cluster)
    until(lambda: not second.running)
    second.stop(10)
    assert counts(second) == (total - sent, total - sent, 0)


def test_without_kafka_batches_wait(make_report: Make, until: Until, tmp_path) -> None:
    """Reports wait while Kafka is away, the status names it, and stop counts them as lost."""
    gate = threading.Event()

    def some() -> Iterator[Reports]:
        yield Reports([make_report()] * 5)
        gate.wait(60)

    running = pump(Convoy(some()), load(kafka_port=1, data=tmp_path))
    until(lambda: running.ledger.sent == 5)
    gate.set()
    until(lambda: "not answering on 127.0.0.1:1" in str(running.ledger.status(now_ms(), True)))
    running.stop(0.5)
    assert counts(running) == (5, 0, 5)


class Full:
    """A client that takes some messages, then is full or fails, then takes the rest."""

    def __init__(self, *limits: tuple[int, Exception]) -> None:
        self.limits, self.taken, self.held = list(limits), [], 0
        self.refused: Callable = lambda error, message: None

    def produce(self, topic: str, payload: bytes, key: bytes) -> None:
        """Take a message unless it is the turn of an error."""
        if self.limits and len(self.taken) == self.limits[0][0]:
            raise self.limits.pop(0)[1]
        self.taken.append((key, payload))
        self.held += 1

    def poll(self, seconds: float) -> None:
        """Write all."""
        self.held = 0

    def flush(self, seconds: float) -> int:
        """Write all."""
        self.held = 0
        return 0

    def refuse(self, error: KafkaError, message: object) -> None:
        """Give one back."""
        self.held -= 1
        self.refused(error, message)

    def __len__(self) -> int:
        return self.held


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (BufferError("full"), 0),
        (KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)), 0),
        (KafkaException(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)), 1),
    ],
    ids=["full", "no such topic", "too large"],
)
def test_a_client_that_takes_no_more_is_met_in_the_middle_of_a_batch(
    make_report: Make, tmp_path, until: Until, error: Exception, lost: int
) -> None:
    """What the client did not take is given to it again, in its place; a hopeless one is lost."""
    client = Full((3, error), (700, BufferError("full")))
    sent = [make_report(flight_id=f"F{n}", timestamp=T + n) for n in range(900)]
    running = Pump(
        convoy(sent), "flights", lambda: 1, lambda *_: client, "", Baton(load(data=tmp_path), "x")
    )
    until(lambda: not running.running)
    running.stop(1)
    assert counts(running) == (900, 900 - lost, lost)
    expected = [report.flight_id.encode() for report in sent]
    assert [key for key, _ in client.taken] == expected[:3] + expected[3 + lost :]


def test_trouble_is_over_only_when_something_is_written_after_it() -> None:
    """Reports that were written before a refusal do not take its words away."""
    ledger, client = Ledger("flights"), Full()
    outlet = Outlet(
        ledger, "", lambda: 1, lambda *_: client, threading.Event(), lambda seconds: None
    )
    outlet.put_all([b"a", b"b"], [b"1", b"2"])
    client.held, client.poll = 1, lambda seconds: None
    ledger.sent = 2
    outlet._say(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    outlet.serve(0)
    assert ledger.acknowledged == 1
    assert "sent again" in (ledger.trouble or "")
    client.held = 0
    outlet.serve(0)
    assert (ledger.acknowledged, ledger.trouble) == (2, None)


def test_what_came_back_is_not_acknowledged() -> None:
    """Of three that the client took, one comes back for good: two are written, one is lost."""
    ledger, client = Ledger("flights"), Full()

    def connect(_: Callable, refused: Callable) -> Full:
        client.refused = refused
        return client

    outlet = Outlet(ledger, "", lambda: 1, connect, threading.Event(), lambda seconds: None)
    outlet.put_all([b"a", b"b", b"c"], [b"1", b"2", b"3"])
    ledger.sent = 3
    client.refuse(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), Kept(b"b", b"2"))
    client.held = 1
    assert outlet.busy
    outlet._acknowledge()
    assert (ledger.acknowledged, ledger.errors) == (1, 1)
    outlet.serve(0)
    assert (ledger.acknowledged, ledger.errors, outlet.busy) == (2, 1, False)


def test_what_was_refused_goes_before_what_is_new() -> None:
    """While refused reports wait, the client gets no newer ones: none overtakes another."""
    clients, stopping, ledger = [], threading.Event(), Ledger("flights")
    answers: list[int | Exception] = [1, EngineDown("Schema Registry", "here"), 2]

    def prepare() -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def connect(_: Callable, refused: Callable) -> Full:
        clients.append(Full())
        clients[-1].refused = refused
        return clients[-1]

    outlet = Outlet(ledger, "", prepare, connect, stopping, lambda seconds: None)
    outlet.put_all([b"a"], [b"1"])
    clients[0].refuse(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART), Kept(b"a", b"1"))
    outlet.serve(0)
    count, error = outlet.put_all([b"a"], [b"2"])
    assert (count, type(error)) == (0, BufferError)
    outlet._renew_at_ms = 0
    outlet.serve(0)
    assert outlet.put_all([b"a", b"a"], [b"2", b"3"]) == (2, None)
    outlet.serve(0)
    assert [payload for client in clients[1:] for _, payload in client.taken] == [b"1", b"2", b"3"]
    assert ledger.acknowledged == 3


@dataclass
class Kept:
    """A message as the client gives it back."""

    name: bytes
    payload: bytes

    def key(self) -> bytes:
        """Give its key."""
        return self.name

    def value(self) -> bytes:
        """Give its payload."""
        return self.payload


def test_a_second_publisher_of_a_stream_goes_on_where_the_first_stopped() -> None:
    """A stream has one convoy: what a publisher took and did not send is not lost to the next."""
    stream = Sky(5).reports(T, until_ms=T + 60_000)
    first = Publisher(stream)._reports
    assert isinstance(first, Convoy)
    first.next_due_ms()
    first.sent(1)
    assert Publisher(stream)._reports is first


def test_a_batch_is_booked_as_its_reports_are() -> None:
    """The books of many at once and of one after the other say the same at every moment."""
    due = [T + n * n for n in range(60)]
    single, together = Ledger("flights"), Ledger("flights")
    for due_ms in due:
        single.handed_over(due_ms)
    together.all_handed_over(due[:25])
    together.all_handed_over(due[25:])
    for count in (0, 3, 17, 40):
        single.acknowledge(T + 9000, count)
        together.acknowledge(T + 9000, count)
        assert single.status(T + 9000, True) == together.status(T + 9000, True)


def test_a_publisher_of_a_sky_takes_its_batches() -> None:
    """A sky goes the quick way by itself, any other iterator the plain one."""
    assert isinstance(Publisher(Sky(5).reports(T))._reports, Convoy)
    assert not isinstance(Publisher(iter([]))._reports, Convoy)


def test_batches_that_cannot_be_encoded_raise_what_single_reports_raise(make_report: Make) -> None:
    """The fallback is for bad reports alone: any other failure is not hidden."""
    with pytest.raises(RecordError, match="'LATE'"):
        Reports([make_report(status="LATE")]).messages(1)

    class Odd(Reports):
        def messages(self, schema_id: int) -> tuple[list[bytes], list[bytes]]:
            raise ZeroDivisionError

    carts = Convoy(iter([Odd([make_report()])]))
    carts.next_due_ms()
    with pytest.raises(ZeroDivisionError):
        carts.load(T + 10**9, 1)


def test_silence_is_waited_for_and_not_sent() -> None:
    """A place without a payload lets its time pass, poison is counted, and nothing else changes."""

    class Mixed:
        due_ms = (T, T + 10, T + 20, T + 30)
        poison = (2,)

        def messages(self, schema_id: int) -> tuple[list[bytes], list[bytes | None]]:
            return [b"a", b"", b"p", b"b"], [b"1", None, b"poison", b"2"]

        def reports(self) -> list[FlightReport]:
            return []

    carts = Convoy(iter([Mixed()]))
    assert carts.next_due_ms() == T
    assert carts.load(T + 100, 1).payloads == [b"1"]
    assert carts.sent(1) == 0
    assert carts.next_due_ms() == T + 10
    assert carts.load(T + 100, 1).payloads == ()
    assert carts.next_due_ms() == T + 20
    assert carts.load(T + 100, 1).payloads == [b"poison", b"2"]
    assert carts.sent(2) == 1
    assert carts.next_due_ms() is None
