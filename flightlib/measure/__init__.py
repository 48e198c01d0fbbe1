"""How fast it is on this machine: every figure measured on engines of its own, with a verdict."""

from flightlib.measure.bench import Bench
from flightlib.measure.catalogue import NAMES, figure, figures
from flightlib.measure.figure import Figure, Found, Goal, percentiles
from flightlib.measure.keep import keep, read
from flightlib.measure.outcome import Outcome, Outcomes
from flightlib.measure.run import run

__all__ = [
    "NAMES",
    "Bench",
    "Figure",
    "Found",
    "Goal",
    "Outcome",
    "Outcomes",
    "figure",
    "figures",
    "keep",
    "percentiles",
    "read",
    "run",
]
