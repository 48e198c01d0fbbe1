"""Steps that change how reports are delivered: outages, lateness, copies, surges, poison."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from flightlib.scenario import places
from flightlib.scenario.spans import in_words
from flightlib.scenario.step import Lasting, Latitude, Longitude, Place, Span, Step, Strict
from flightlib.sky import delivery

Share = Annotated[float, Field(ge=0.001, le=1, description="(a share of them)")]


class BoxModel(Strict):
    """Four edges in degrees."""

    south: Latitude
    west: Longitude
    north: Latitude
    east: Longitude

    @model_validator(mode="after")
    def _upright(self) -> BoxModel:
        if not (self.south < self.north and self.west < self.east):
            raise ValueError("needs south below north and west below east")
        return self


class Area(Lasting):
    """A step in a box: given by its edges, around an airport, or the cell of one."""

    needs_area: ClassVar[bool] = True
    box: BoxModel | None = None
    near: Place | None = None
    size_deg: Annotated[float, Field(ge=0.5, le=30, description="degrees")] | None = None
    cell_of: Place | None = None

    @model_validator(mode="after")
    def _one_area(self) -> Area:
        given = sum(one is not None for one in (self.box, self.near, self.cell_of))
        paired = (self.near is None) == (self.size_deg is None)
        if given > 1 or not paired or (self.needs_area and not given):
            raise ValueError("needs one of 'box', 'cell_of', or 'near' with 'size_deg'")
        return self

    def area(self, region: str) -> delivery.Box | None:
        """Give the box in a sky over a region; None is everywhere."""
        if self.box is not None:
            return self.box.south, self.box.west, self.box.north, self.box.east
        if self.near is not None and self.size_deg is not None:
            return places.around(self.near, region, self.size_deg)
        return None if self.cell_of is None else places.cell_of(self.cell_of, region)

    def where(self) -> str:
        """Say where it is."""
        if self.box is not None:
            edges = (self.box.south, self.box.west, self.box.north, self.box.east)
            return "in " + ", ".join(f"{edge:g}" for edge in edges)
        if self.near is not None:
            return f"within {self.size_deg:g}° around {self.near}"
        return f"in the region of {self.cell_of}" if self.cell_of else "everywhere"


class Outage(Area):
    """A receiver is down; what it missed comes in one burst when it is up again."""

    kind: Literal["outage"]

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"receivers are down {self.where()}, then a late burst"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the outage."""
        area = self.area(region)
        if area is not None:
            yield delivery.Outage(*area, begin_ms, begin_ms + self.for_)


class Surge(Area):
    """Aircraft report many times as often."""

    needs_area: ClassVar[bool] = False
    kind: Literal["surge"]
    factor: Annotated[int, Field(ge=2, le=delivery.MOST_FACTOR, description="times")]

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"{self.factor} times as many reports {self.where()}"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the surge."""
        yield delivery.Surge(self.factor, self.area(region), begin_ms, begin_ms + self.for_)


class Late(Lasting):
    """A share of the reports is late."""

    kind: Literal["late"]
    share: Share
    most: Annotated[Span, Field(ge=1000)]

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"{self.share:.0%} of the reports come up to {in_words(self.most)} late"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the lateness."""
        yield delivery.Lateness(self.share, self.most / 1000, begin_ms, begin_ms + self.for_)


class Duplicates(Lasting):
    """A share of the reports comes twice."""

    kind: Literal["duplicates"]
    share: Share

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"{self.share:.0%} of the reports come twice"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the doubling."""
        yield delivery.Duplicates(self.share, begin_ms, begin_ms + self.for_)


class Poison(Step):
    """Messages that are no flight reports."""

    kind: Literal["poison"]
    count: Annotated[int, Field(ge=1, le=delivery.MOST_POISON, description="messages")] = 1

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"{self.count} message{'s are' if self.count > 1 else ' is'} no flight report"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the poison."""
        yield delivery.Poison(begin_ms, self.count)
