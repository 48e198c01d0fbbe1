"""A backlog is counted as it is sent, and a job's pace is found from looks at it."""

from __future__ import annotations

from math import isclose, isnan

from flightlib.measure.backlog import Backlog, frame, pace, paces
from flightlib.measure.filter import _numbers
from flightlib.records import decode
from flightlib.sky import Sky

TOTAL = 1000


def test_the_beginning_and_the_late_last_look_do_not_count() -> None:
    """The pace is taken from a tenth of the backlog to the look before the last."""
    looks = [(0.0, 0), (2.0, 100), (3.0, 500), (4.0, 900), (9.0, TOTAL)]
    assert isclose(pace(looks, TOTAL), 400)


def test_a_backlog_read_at_once_counts_from_the_start() -> None:
    """With too few looks the whole time counts; with no time there is no pace."""
    assert isclose(pace([(0.0, 0), (2.0, TOTAL)], TOTAL), TOTAL / 2)
    assert isnan(pace([(0.0, TOTAL)], TOTAL))


def test_the_cold_round_is_kept_apart() -> None:
    """The first round gives the cold pace alone; the ratio is that of warm rounds."""

    def run(per_s: float) -> list[tuple[float, int]]:
        return [(0.0, 0), *((i, round(i * per_s)) for i in range(1, 11)), (30.0, TOTAL)]

    runs = {
        ("high-altitude", 0): run(20),
        ("measured-blackhole", 0): run(80),
        ("high-altitude", 1): run(60),
        ("measured-blackhole", 1): run(80),
    }
    numbers = _numbers(paces(frame(runs), TOTAL))
    assert isclose(numbers["warm_per_s"], 60)
    assert isclose(numbers["cold_per_s"], 20)
    assert isclose(numbers["ratio"], 0.75)


def test_high_reports_are_counted_as_they_are_sent() -> None:
    """What is counted above an altitude is what the bytes say, to the last report passed on."""
    backlog = Backlog({}, 20_000)
    batches = backlog.counted(Sky(50).reports(1_750_000_000_000).batches(), 120)
    sent = [decode(value) for one in batches for value in one.messages(1)[1] if value]
    assert backlog.reports == len(sent) >= 120
    assert backlog.high == sum(report["altitude"] > 20_000 for report in sent) > 0
