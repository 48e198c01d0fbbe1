"""What every step of a scenario has: when it begins, how long it goes on, what it does to a sky.

Models take every word or none: a word they do not know is refused, and so is text for a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from flightlib.scenario import places
from flightlib.scenario.spans import ALLOWED, span_ms

Span = Annotated[int, BeforeValidator(span_ms), Field(description=ALLOWED)]
Place = Annotated[str, BeforeValidator(places.checked), Field(description=places.ALLOWED)]
Latitude = Annotated[float, Field(ge=-90, le=90, description="degrees")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="degrees")]


class Strict(BaseModel):
    """A model that takes no word it does not know, and no text for a number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Step(Strict):
    """One thing that happens: when it begins, and what it does to a sky."""

    kind: str
    at: Span = 0

    @property
    def lasts_ms(self) -> int:
        """How long it goes on; nothing for what happens at a moment."""
        return 0

    def words(self) -> str:
        """Say what it does, in a few words."""
        raise NotImplementedError

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give what disturbs a sky over a region when the step begins at a time."""
        raise NotImplementedError


class Lasting(Step):
    """A step that goes on for a while."""

    for_: Annotated[Span, Field(alias="for", ge=1000)]

    @property
    def lasts_ms(self) -> int:
        """How long it goes on."""
        return self.for_


class Include(Step):
    """Another scenario, begun `at` a time after this one."""

    kind: Literal["include"]
    scenario: Annotated[str, Field(description="the name of a scenario")]

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"the scenario {self.scenario!r}"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give nothing: what it includes takes its place when it is read."""
        yield from ()
