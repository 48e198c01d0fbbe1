"""How fast it is on this machine: every figure measured on engines of its own, with a verdict."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from flightlib.measure.bench import Bench
from flightlib.measure.catalogue import NAMES, figure, figures
from flightlib.measure.figure import Figure, Found, Goal, percentiles
from flightlib.measure.keep import keep, read
from flightlib.measure.outcome import Outcome, Outcomes
from flightlib.measure.run import run
from flightlib.measure.shipped import shipped
from flightlib.measure.verdict import Comparison, compare, knee, verdict

if TYPE_CHECKING:
    from flightlib.measure import plots

__all__ = [
    "NAMES",
    "Bench",
    "Comparison",
    "Figure",
    "Found",
    "Goal",
    "Outcome",
    "Outcomes",
    "compare",
    "figure",
    "figures",
    "keep",
    "knee",
    "percentiles",
    "plots",
    "read",
    "run",
    "shipped",
    "verdict",
]


def __getattr__(name: str) -> Any:
    """Load what draws at its first use: most of what measures has no need of it."""
    if name == "plots":
        return import_module("flightlib.measure.plots")
    raise AttributeError(f"flightlib.measure has no {name!r}; it has: {', '.join(__all__)}")
