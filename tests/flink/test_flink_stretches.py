"""What lies before and between messages that a job cannot read, cut into stretches."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flightlib.flink.places import stretches
from flightlib.kafka import Poison

OFFSETS = st.sets(st.integers(10, 40), max_size=6)


@given(st.dictionaries(st.integers(0, 3), OFFSETS, min_size=1))
def test_stretches_cover_all_but_the_poison(places: dict[int, set[int]]) -> None:
    """Each offset up to the last poison is in one stretch of its partition, poison in none."""
    start = dict.fromkeys(places, 5)
    met = [Poison("flights", p, o, 0, "") for p, offsets in places.items() for o in offsets]
    read: dict[int, list[int]] = {p: [] for p in places}
    for round_ in stretches(start, met):
        assert set(round_) == set(places)
        for partition, (first, end) in round_.items():
            read[partition] += range(first, end)
    for partition, offsets in places.items():
        expected = [o for o in range(5, max(offsets, default=5)) if o not in offsets]
        assert read[partition] == expected
