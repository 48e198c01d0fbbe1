"""Which figures there are, in the order of the table."""

from __future__ import annotations

from importlib import import_module

from flightlib.errors import SettingError, not_allowed
from flightlib.measure.figure import Figure

NAMES = ("sky", "sse", "fanout")
"""Each is a module of this room, which has its figure as FIGURE."""


def figure(name: str) -> Figure:
    """Find a figure by name; raises SettingError naming the nearest."""
    if name not in NAMES:
        raise SettingError(not_allowed("A figure", name, NAMES))
    found: Figure = import_module(f"flightlib.measure.{name.replace('-', '_')}").FIGURE
    return found


def figures() -> list[Figure]:
    """Give all figures in the order of the table."""
    return [figure(name) for name in NAMES]
