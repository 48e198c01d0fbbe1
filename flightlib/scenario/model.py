"""A whole scenario as it stands in a file: what it is called, what to watch for, its steps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flightlib.scenario import delivering, flying
from flightlib.scenario.step import Include, Strict

AnyStep = Annotated[
    flying.Storm
    | flying.Holding
    | flying.GroundDelay
    | delivering.Outage
    | delivering.Late
    | delivering.Duplicates
    | delivering.Surge
    | delivering.Poison
    | Include,
    Field(discriminator="kind"),
]
KINDS = {
    "storm": flying.Storm,
    "holding": flying.Holding,
    "ground-delay": flying.GroundDelay,
    "outage": delivering.Outage,
    "late": delivering.Late,
    "duplicates": delivering.Duplicates,
    "surge": delivering.Surge,
    "poison": delivering.Poison,
    "include": Include,
}
"""Every kind of step, by the word that stands in a file."""


class Script(Strict):
    """The content of a scenario's file."""

    title: Annotated[str, Field(min_length=1, max_length=80, description="1 to 80 letters")]
    watch: Annotated[str, Field(min_length=1, max_length=240, description="1 to 240 letters")]
    steps: Annotated[
        tuple[AnyStep, ...],
        Field(min_length=1, max_length=40, description="a list of 1 to 40 steps"),
    ]
