"""What came out: a table of goal, measured and verdict, for a terminal, a notebook, a README."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from math import isnan
from typing import Any

import pandas as pd

from flightlib.errors import SettingError, not_allowed
from flightlib.measure.figure import Figure, Found

HEADS = ("figure", "goal", "measured", "verdict")
MET, MISSED, COUNTED, WRONG = "met", "missed", "counted", "counts differ"


@dataclass(frozen=True)
class Outcome:
    """A figure and what was found; `trouble` instead when it could not be measured."""

    figure: Figure
    found: Found | None
    trouble: str = ""
    quick: bool = False
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def samples(self) -> pd.DataFrame:
        """What was timed or counted, a row for each; none where it could not be measured."""
        return pd.DataFrame() if self.found is None else self.found.samples

    @property
    def ok(self) -> bool:
        """Whether it was measured and its counts agree; how fast it was is not asked."""
        return self.found is not None and self.found.agrees

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Give a row for each goal: figure, goal, measured, verdict."""
        if self.found is None:
            # Why an engine does not start takes many lines: a table has room for the first.
            yield self.figure.title, "", self.trouble.partition("\n")[0], "not measured"
            return
        if not self.found.agrees:
            yield self.figure.title, "counts agree", self._differing(), WRONG
        for goal in self.figure.goals:
            value = self.found.numbers.get(goal.number, float("nan"))
            verdict = MET if goal.met(value) else MISSED
            words = in_words(goal.number, value)
            yield self.figure.title, goal.words, words, COUNTED if self.quick else verdict

    def _differing(self) -> str:
        assert self.found is not None
        pairs = self.found.counts.items()
        wrong = [f"{n}: {e:,} expected, {f:,} found" for n, (e, f) in pairs if e != f]
        return "; ".join(wrong)


UNITS = {
    "s": "s",
    "ms": "ms",
    "us": "µs",
    "mb": "MB",
    "gb": "GB",
    "kb": "kB",
    "percent": "%",
    "per_s": "per second",
    "mb_per_min": "MB a minute",
    "reports": "reports",
    "cores": "cores",
}


def in_words(number: str, value: float) -> str:
    """Write a number with the unit that ends its name: p99_s, 0.1234 is "0.12 s"."""
    if isnan(value):
        return "nothing"
    ending = max((u for u in UNITS if number.endswith(f"_{u}")), key=len, default="")
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{digits} {UNITS[ending]}" if ending else digits


class Outcomes(tuple[Outcome, ...]):
    """All that was measured, in order; shows itself as a table.

    `machine` says what it was measured on: cores, memory_gb, system, the day, and how long its
    Python took to count to ten million before (count_s) and after (count_end_s).
    """

    machine: Mapping[str, Any]

    def __new__(
        cls, outcomes: Iterable[Outcome] = (), machine: Mapping[str, Any] | None = None
    ) -> Outcomes:
        """Keep them in the order given."""
        made = super().__new__(cls, tuple(outcomes))
        made.machine = machine or {}
        return made

    @property
    def quick(self) -> bool:
        """Whether any of them was a quick one, whose times mean nothing."""
        return any(one.quick for one in self)

    @property
    def where(self) -> str:
        """Say in a few words where and when it was measured; nothing if that is not known."""
        told = self.machine
        if not told:
            return ""
        day = date.fromisoformat(told["day"])
        size = f"{told['cores']} cores and {told['memory_gb']} GB of memory"
        pace = (
            f"; it counted to ten million in {told['count_s']:.2g} s" if "count_s" in told else ""
        )
        pace += f", at the end in {told['count_end_s']:.2g} s" if "count_end_s" in told else ""
        return f"{day.day} {day:%B %Y} on {size}, {told['system']}{pace}"

    def of(self, name: str) -> Outcome:
        """Give one by its figure's name; raises SettingError naming the nearest there is."""
        named = {one.figure.name: one for one in self}
        if name not in named:
            raise SettingError(not_allowed("A measured figure", name, named))
        return named[name]

    @property
    def ok(self) -> bool:
        """Whether each was measured and all counts agree."""
        return all(one.ok for one in self)

    def to_frame(self) -> pd.DataFrame:
        """Give the table as a DataFrame with the columns figure, goal, measured, verdict."""
        return pd.DataFrame([row for one in self for row in one.rows()], columns=list(HEADS))

    def to_markdown(self) -> str:
        """Give the table as Markdown, for a README."""
        rows = [HEADS, ("---",) * len(HEADS), *(row for one in self for row in one.rows())]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def __str__(self) -> str:
        """Give the table as text."""
        rows = [HEADS, *(row for one in self for row in one.rows())]
        widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
        return "\n".join(line.rstrip() for line in lines)

    def _repr_html_(self) -> str:
        rows = [row for one in self for row in one.rows()]
        head = "".join(f"<th>{html.escape(word)}</th>" for word in HEADS)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{html.escape(self.where)}</p>" if self.where else table
