"""When a look at a stream is over: everything was read, and no job is still writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest

from flightlib.measure import looks
from flightlib.measure.onair import OnAir


class Air:
    """A backend and a Kafka of which it is written down what they say, second by second."""

    def __init__(self, written: dict[str, Sequence[int]], heard: dict[str, Sequence[int]]) -> None:
        self._written, self._heard = written, heard
        self.second = 0
        self.bench = self

    def written(self, topic: str) -> int:
        """What Kafka has of a topic in this second; after the last one written down, that."""
        return self._at(self._written[topic])

    def heard(self, topic: str) -> int:
        """What the backend has read of it."""
        return self._at(self._heard[topic])

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Ask once a second."""
        while not condition():
            self.second += 1
            assert self.second < 100, what

    def _at(self, counts: Sequence[int]) -> int:
        return counts[min(self.second, len(counts) - 1)]


def ended(monkeypatch: pytest.MonkeyPatch, air: Air, *topics: str) -> int:
    """In which second the wait ends."""
    with monkeypatch.context() as patch:
        patch.setattr(looks.time, "monotonic", lambda: float(air.second))
        looks.await_all(cast("OnAir", cast("Any", air)), topics)
    return air.second


def test_one_topic_is_over_when_all_of_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its publisher has ended, so no more comes: nothing else is waited for."""
    air = Air({"flights": [9]}, {"flights": [5, 7, 9]})
    assert ended(monkeypatch, air, "flights") == 2


def test_a_job_that_pauses_is_still_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second topic must not grow for some seconds, though all of it was read meanwhile."""
    grows = [1, 1, 1, 5, 5, 5, 6]
    air = Air({"flights": [9], "out": grows}, {"flights": [9], "out": grows})
    assert ended(monkeypatch, air, "flights", "out") == 6 + looks.STEADY_S


def test_what_is_read_late_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that grows no more is not over before the backend has read it."""
    air = Air({"flights": [9], "out": [4]}, {"flights": [9], "out": [0] * 20 + [4]})
    assert ended(monkeypatch, air, "flights", "out") == 20
