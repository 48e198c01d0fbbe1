"""Each goal with the number that was measured for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flightlib.measure.figure import Goal
from flightlib.measure.outcome import Outcomes, in_words


@dataclass(frozen=True, slots=True)
class Judged:
    """One goal of one figure, with what was measured."""

    figure: str
    title: str
    goal: Goal
    value: float

    @property
    def share(self) -> float:
        """The number as a part of what the level allows: at most 1 is met."""
        return self.goal.share(self.value)

    @property
    def words(self) -> str:
        """The number as one reads it."""
        return in_words(self.goal.number, self.value)

    @property
    def name(self) -> str:
        """The figure and its goal, as a row is named."""
        return f"{self.title}: {self.goal.words}"


def judged(outcomes: Outcomes) -> Iterator[Judged]:
    """Go through all goals of what could be measured, in the order of the table."""
    for one in outcomes:
        if one.found is not None:
            for goal in one.figure.goals:
                value = one.found.numbers.get(goal.number, float("nan"))
                yield Judged(one.figure.name, one.figure.title, goal, value)
