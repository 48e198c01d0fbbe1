"""The publisher's books and meter: counts, rate, lag and one truthful line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flightlib.kafka.ledger import Ledger
from flightlib.kafka.meter import Meter

T = 1_700_000_000_000


def test_a_burst_once_a_second_reads_as_a_steady_rate() -> None:
    """The rate does not swing between bursts, whenever one looks."""
    meter = Meter()
    for second in range(20):
        meter.add(100, T + second * 1000)
    seen = {meter.per_s(T + 19_500 + ahead) for ahead in range(0, 500, 50)}
    assert seen == {100.0}


def test_a_backlog_counts_in_the_seconds_it_belongs_to() -> None:
    """Reports of the last minute, read all at once, do not look like a flood."""
    meter = Meter()
    for ago_s in range(60):
        meter.add(50, T - ago_s * 1000)
    assert meter.per_s(T + 500) == 50.0


def test_a_rate_falls_to_zero_after_silence_and_starts_at_zero() -> None:
    """No report gives no rate, before the first and long after the last."""
    meter = Meter()
    assert meter.per_s(T) == 0.0
    meter.add(1000, T)
    assert meter.per_s(T + 1000) == 1000.0
    assert meter.per_s(T + 60_000) == 0.0


@given(st.lists(st.integers(0, 600_000), max_size=300))
def test_a_meter_keeps_little_however_long_it_runs(offsets: list[int]) -> None:
    """Memory is bounded, and a rate is never negative nor above what was counted."""
    meter = Meter()
    for offset in offsets:
        meter.add(1, T + offset)
        assert len(meter._counts) <= 41
    assert 0 <= meter.per_s(T + 600_000) <= len(offsets) * 2


def test_lag_is_the_age_of_the_oldest_report_not_acknowledged() -> None:
    """Lag grows while Kafka is silent and falls as acknowledgements come."""
    ledger = Ledger("flights")
    for second in range(3):
        for _ in range(10):
            ledger.handed_over(T + second * 1000)
    assert ledger.status(T + 5000, running=True).lag_s == 5.0
    for _ in range(10):
        ledger.acknowledge(T + 5000)
    assert ledger.status(T + 5000, running=True).lag_s == 4.0
    for _ in range(20):
        ledger.acknowledge(T + 5000)
    assert ledger.status(T + 5000, running=True).lag_s == 0.0


def test_a_report_that_waits_for_its_time_is_no_lag() -> None:
    """What is due later counts as ahead, and what is due and stuck counts as lag."""
    ledger = Ledger("flights")
    ledger.waits_for(T + 60_000)
    early = ledger.status(T, running=True)
    assert (early.lag_s, early.ahead_s) == (0.0, 60.0)
    assert "next report is due in 60 s" in str(early)
    assert ledger.status(T + 62_000, running=True).lag_s == 2.0


@given(st.lists(st.sampled_from(["send", "acknowledge", "lose"]), max_size=200))
def test_the_books_add_up(steps: list[str]) -> None:
    """Sent is never less than acknowledged and lost together, and lag ends when they are equal."""
    ledger = Ledger("flights")
    for number, step in enumerate(steps):
        open_reports = ledger.sent - ledger.acknowledged - ledger.errors
        if step == "send":
            ledger.handed_over(T + number * 50)
        elif open_reports and step == "acknowledge":
            ledger.acknowledge(T)
        elif open_reports:
            ledger.give_up("refused")
        status = ledger.status(T + 1_000_000, running=True)
        settled = status.acknowledged + status.errors
        assert settled <= status.sent
        assert (status.lag_s > 0) == (settled < status.sent)


def test_trouble_shows_until_kafka_writes_again_and_a_loss_for_ever() -> None:
    """A passing trouble leaves the line with the next acknowledgement; a loss does not."""
    ledger = Ledger("flights")
    ledger.trouble = "Kafka is not answering"
    assert str(ledger.status(T, running=True)).endswith("Kafka is not answering")
    ledger.handed_over(T)
    ledger.acknowledge(T)
    assert "not answering" not in str(ledger.status(T, running=True))
    ledger.sent += 1
    ledger.give_up("a report is too large")
    ledger.handed_over(T)
    ledger.acknowledge(T)
    assert "1 lost" in str(ledger.status(T, running=False))
    assert str(ledger.status(T, running=False)).endswith("a report is too large")
