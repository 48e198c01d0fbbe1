"""Scenarios: what can happen in a sky and on the way of its reports, as data with times.

    storm = Scenario("storm")
    storm.start(sky)           # from now on, also in streams that run already
    storm.stop(sky)

A scenario is a small YAML file: a title, one sentence that says what to watch for, and steps. Each
step has a `kind`, begins `at` a time after the start and goes on `for` a while; several may
overlap, and a step of kind `include` brings another scenario along.
"""

from flightlib.scenario.runs import Run, running, stop
from flightlib.scenario.scenario import Scenario, Scenarios, chosen, names, now_ms, scenarios
from flightlib.scenario.spans import in_words

__all__ = [
    "Run",
    "Scenario",
    "Scenarios",
    "chosen",
    "in_words",
    "names",
    "now_ms",
    "running",
    "scenarios",
    "stop",
]
