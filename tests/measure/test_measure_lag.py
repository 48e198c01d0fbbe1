"""Lag is counted by partition, and what is overdue by when Kafka had it."""

from __future__ import annotations

from flightlib.measure.lag import Look, behind, lags, offsets_in

METRICS = """\
# HELP flightlib_next_offset Offset up to which a partition is read.
# TYPE flightlib_next_offset gauge
flightlib_next_offset{partition="0",topic="flights"} 40.0
flightlib_next_offset{partition="3",topic="flights"} 1.2e+06
flightlib_next_offset{partition="0",topic="processed_flights"} 9.0
"""


def test_being_ahead_in_one_partition_makes_up_for_none() -> None:
    """What a reader is behind by is counted partition by partition, and is never negative."""
    assert behind({0: 10, 1: 10, 2: 5}, {0: 30, 1: 7}) == 3 + 5


def test_only_what_lay_there_for_a_second_is_overdue() -> None:
    """Overdue is what lies before the end offsets of a second before, and is unread."""
    written = [Look(0.0, {0: 100}), Look(0.5, {0: 150}), Look(1.0, {0: 200}), Look(1.5, {0: 260})]
    reads = [Look(0.6, {0: 0}), Look(1.1, {0: 100}), Look(1.6, {0: 140})]
    assert list(lags(written, reads)) == [(1.1, 100, 0), (1.6, 120, 10)]


def test_positions_are_found_in_the_metrics() -> None:
    """Positions are those of `flights` alone, by partition, as whole numbers."""
    assert offsets_in(METRICS) == {0: 40, 3: 1_200_000}
