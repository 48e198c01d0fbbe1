"""What the numbers say, in sentences: which levels are met, which are missed, and by how much.

Pure: outcomes in, words out.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from math import isnan, log

import pandas as pd

from flightlib.measure.frames import fan_out_points, growth_points
from flightlib.measure.judged import Judged, judged
from flightlib.measure.outcome import Outcome, Outcomes, in_words

ALIKE = 0.05  # a difference that the next run may undo
CLOSE = 0.8  # of what a level allows: little is left


class Sentences(tuple[str, ...]):
    """Sentences; shows itself as a list."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "<ul>" + "".join(f"<li>{html.escape(one)}</li>" for one in self) + "</ul>"


def verdict(outcomes: Outcomes) -> Sentences:
    """Say what was measured: what could not be, what is wrong, missed, close and met."""
    return Sentences(_said(outcomes))


def _said(outcomes: Outcomes) -> Iterator[str]:
    if not outcomes:
        yield "Nothing was measured."
        return
    yield from (_troubled(one) for one in outcomes if one.trouble)
    yield _counted(outcomes)
    if outcomes.quick:
        yield "This was a quick run: small and short, so its times are no verdict on any level."
        return
    rows = [one for one in judged(outcomes) if not isnan(one.value)]
    met = [one for one in rows if one.goal.met(one.value)]
    if rows:
        yield f"{len(met)} of {len(rows)} levels are met."
    yield from (_missed(one) for one in rows if one not in met)
    close = [one for one in met if one.share > CLOSE]
    yield from (f"Met, with little to spare: {one.name} ({one.words})." for one in close)
    yield from _bends(outcomes)
    yield from _knees(outcomes)


def _troubled(one: Outcome) -> str:
    return f"{one.figure.title} could not be measured: {one.trouble.partition(chr(10))[0]}"


def _counted(outcomes: Outcomes) -> str:
    """Say whether all that must agree does; that is asked of every run, however slow."""
    pairs = {
        f"{one.figure.title}, {name}": pair
        for one in outcomes
        if one.found is not None
        for name, pair in one.found.counts.items()
    }
    wrong = [f"{n} ({e:,} expected, {f:,} found)" for n, (e, f) in pairs.items() if e != f]
    if wrong:
        return f"What was counted does not agree: {'; '.join(wrong)}."
    return f"What was counted agrees ({len(pairs)} counts): nothing was lost, nobody left out."


def _missed(one: Judged) -> str:
    return f"Missed: {one.name}. Measured: {one.words}, {_times(one.share)} what is allowed."


def _times(factor: float) -> str:
    return f"{factor:.2f} times" if factor < 2 else f"{factor:,.1f} times"


# --- before and after ---------------------------------------------------------------------------


class Comparison(pd.DataFrame):
    """Two runs side by side; says so when there is nothing to compare."""

    NOTHING = "There is nothing to compare: no number is in both runs."

    def _repr_html_(self) -> str:
        if self.empty:
            return f"<p>{self.NOTHING}</p>"
        return self.to_html(index=False)

    def __str__(self) -> str:
        return self.NOTHING if self.empty else self.to_string(index=False)

    __repr__ = __str__


def compare(before: Outcomes, after: Outcomes) -> Comparison:
    """Put the goals of two runs side by side: figure, goal, before, after, and the difference.

    A number that is in one run alone is left out.
    """
    then = {(one.title, one.goal): one for one in judged(before) if not isnan(one.value)}
    rows = [
        (now.title, now.goal.words, old.words, now.words, difference(old.share, now.share))
        for now in judged(after)
        if (old := then.get((now.title, now.goal))) and not isnan(now.value)
    ]
    return Comparison(rows, columns=["figure", "goal", "before", "after", "difference"])


def difference(before: float, after: float) -> str:
    """Say in words how two shares of a level differ: less is better."""
    if before == after or (before and abs(after / before - 1) < ALIKE):
        return "about the same"
    if min(before, after) <= 0:  # nothing to divide by
        return "better" if after < before else "worse"
    better = after < before
    return (
        f"{_times(before / after if better else after / before)} {'better' if better else 'worse'}"
    )


# --- the knee -----------------------------------------------------------------------------------


def knee(loads: Sequence[float], values: Sequence[float]) -> float | None:
    """Give the load after which a value grows faster than the load itself; None if it never does.

    Up to the knee twice the load costs less than twice as much; loads are to be in order.
    """
    steps = zip(loads, loads[1:], values, values[1:], strict=False)
    for load, more, value, larger in steps:
        if min(load, value, larger) > 0 and log(larger / value) > log(more / load):
            return load
    return None


def _bends(outcomes: Outcomes) -> Iterator[str]:
    """Say of each server up to how many clients it takes them easily."""
    for server, points in fan_out_points(outcomes).groupby("server", sort=False):
        order = points.sort_values("clients")
        loads, waits = list(order["clients"]), list(order["latency_s"])
        if len(loads) > 1:
            yield f"{server}: {_bend(loads, waits)}"


def _bend(loads: list[float], waits: list[float]) -> str:
    at, last = knee(loads, waits), f"{loads[-1]:,.0f} clients"
    most = in_words("p99_s", waits[-1])
    if at is None:
        return f"up to {last} the wait (p99) grows more slowly than their number, to {most}."
    wait = in_words("p99_s", waits[loads.index(at)])
    return (
        f"the knee is at {at:,.0f} clients (p99 {wait}); beyond it the wait grows faster than "
        f"their number, to {most} with {last}."
    )


def _knees(outcomes: Outcomes) -> Iterator[str]:
    """Say of all that grows with the flights where it begins to grow faster than they do."""
    table, easy = growth_points(outcomes), list[str]()
    for (measure, line), points in table.groupby(["measure", "line"], sort=False):
        order = points.sort_values("load")
        name = f"{str(measure).partition(',')[0]} ({line})"
        at = knee(list(order["load"]), list(order["value"]))
        if at is None:
            easy.append(name)
        else:
            yield f"Growth, {name}: the knee is at {at:,.0f} flights."
    if easy:
        yield f"Growth without a knee, up to {table['load'].max():,.0f} flights: {', '.join(easy)}."
