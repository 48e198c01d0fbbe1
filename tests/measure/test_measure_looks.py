"""When a look at a stream is over: everything was read, and no job is still writing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

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
        return self.at(self._written[topic])

    def heard(self, topic: str) -> int:
        """What the backend has read of it."""
        return self.at(self._heard[topic])

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Ask once a second."""
        while not condition():
            self.second += 1
            assert self.second < 100, what

    def at(self, counts: Sequence[int]) -> int:
        """Give what is so in this second; after the last one written down, that."""
        return counts[min(self.second, len(counts) - 1)]


class Heard:
    """What an ear has of a topic, second by second: how many reports, and how many pass."""

    def __init__(
        self, air: Air, seen: Sequence[int], passing: Sequence[int] = (0,), whole_at: int = 0
    ) -> None:
        self._air, self._seen, self._passing, self._whole_at = air, seen, passing, whole_at

    @property
    def passing(self) -> set[int]:
        """Those of its reports that a job is to write on."""
        return set(range(self._air.at(self._passing)))

    @property
    def seen(self) -> set[int]:
        """All of its reports."""
        return set(range(self._air.at(self._seen)))

    def has_all(self) -> bool:
        """Whether the ear has all that Kafka has."""
        return self._air.second >= self._whole_at


def ended(air: Air, **ears: Heard) -> int:
    """In which second the wait ends."""
    looks.await_all(cast("OnAir", cast("Any", air)), cast("dict[str, looks.Ear]", ears))
    return air.second


def test_one_topic_is_over_when_all_of_it_was_read() -> None:
    """Its publisher has ended, so no more comes: nothing else is waited for."""
    air = Air({"flights": [9]}, {"flights": [5, 7, 9]})
    assert ended(air, flights=Heard(air, [9])) == 2


def test_a_job_that_pauses_is_still_at_it() -> None:
    """The second topic has to have all that passes, though what it has was read long before."""
    grows = [1] * 20 + [6]
    air = Air({"flights": [9], "out": grows}, {"flights": [9], "out": grows})
    assert ended(air, flights=Heard(air, [9], [6]), out=Heard(air, grows)) == 20


def test_what_is_read_late_is_waited_for() -> None:
    """A topic that has all is not over before the backend has read it."""
    air = Air({"flights": [9], "out": [4]}, {"flights": [9], "out": [0] * 20 + [4]})
    assert ended(air, flights=Heard(air, [9], [4]), out=Heard(air, [4])) == 20


def test_how_much_passes_is_known_when_the_ear_has_all() -> None:
    """Before that, less seems to be due, and the wait would end too early."""
    grows = [2, 2, 2, 2, 2, 5]
    air = Air({"flights": [9], "out": grows}, {"flights": [9], "out": grows})
    first = Heard(air, [9], [2, 2, 2, 5], whole_at=3)
    assert ended(air, flights=first, out=Heard(air, grows)) == 5


def test_what_a_job_wrote_twice_is_not_what_is_due() -> None:
    """As many messages as pass are not enough when some of them are the same report."""
    written = [6, 6, 6, 9]
    air = Air({"flights": [9], "out": written}, {"flights": [9], "out": written})
    assert ended(air, flights=Heard(air, [9], [6]), out=Heard(air, [4, 4, 4, 6])) == 3


def test_the_last_ear_is_waited_for() -> None:
    """An ear that has what is due, and not all that Kafka has, would miss the rest."""
    air = Air({"flights": [9], "out": [7]}, {"flights": [9], "out": [7]})
    assert ended(air, flights=Heard(air, [9], [4]), out=Heard(air, [4], whole_at=5)) == 5
