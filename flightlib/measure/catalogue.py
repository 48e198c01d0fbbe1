"""Which figures there are, in the order of the table."""

from __future__ import annotations

import html
from importlib import import_module

from flightlib.errors import SettingError, not_allowed
from flightlib.measure.figure import Figure

NAMES = (
    "start",
    "sse",
    "pixel",
    "flink",
    "lake",
    "lag",
    "sky",
    "filter",
    "to-lake",
    "fanout",
    "filters",
    "rest",
    "map",
    "memory",
    "growth",
)
"""Each is a module of this room, which has its figure as FIGURE."""


def figure(name: str) -> Figure:
    """Find a figure by name; raises SettingError naming the nearest."""
    if name not in NAMES:
        raise SettingError(not_allowed("A figure", name, NAMES))
    found: Figure = import_module(f"flightlib.measure.{name.replace('-', '_')}").FIGURE
    return found


class Figures(tuple[Figure, ...]):
    """Figures; shows itself as a table of what each measures and what it is to reach."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(f"{one.name:12} {one.title}: {_goals(one, ', ')}" for one in self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = ((one.name, one.title, _goals(one, "; "), ", ".join(one.options)) for one in self)
        cells = ("".join(f"<td>{html.escape(word)}</td>" for word in row) for row in rows)
        head = "<tr><th>figure</th><th>what is measured</th><th>levels</th><th>options</th></tr>"
        return f"<table>{head}{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"


def _goals(one: Figure, between: str) -> str:
    return between.join(goal.words for goal in one.goals)


def figures() -> Figures:
    """Give all figures in the order of the table."""
    return Figures(figure(name) for name in NAMES)
