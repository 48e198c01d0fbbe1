"""Steps that change how aircraft fly: a storm, a hold at a hub, a ground-delay programme."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from flightlib.scenario import places
from flightlib.scenario.step import Lasting, Longitude, Place
from flightlib.sky import disturb


class Storm(Lasting):
    """A storm that moves; aircraft fly around it."""

    kind: Literal["storm"]
    near: Place | None = None
    bearing_deg: Annotated[float, Field(ge=0, le=360, description="degrees")] = 0.0
    away_nm: Annotated[float, Field(ge=0, le=1000, description="nautical miles")] = 0.0
    latitude: Annotated[float, Field(ge=-80, le=80, description="degrees")] | None = None
    longitude: Longitude | None = None
    radius_nm: Annotated[float, Field(ge=5, le=300, description="nautical miles")]
    track_deg: Annotated[float, Field(ge=0, le=360, description="degrees")]
    speed_kt: Annotated[float, Field(ge=0, le=100, description="knots")]

    @model_validator(mode="after")
    def _one_place(self) -> Storm:
        fixed = (self.latitude is not None) + (self.longitude is not None)
        if (self.near is None) != (fixed == 2) or (self.near and fixed):
            raise ValueError("needs either 'near', or 'latitude' and 'longitude'")
        return self

    def words(self) -> str:
        """Say what it does, in a few words."""
        where = f"near {self.near}" if self.near else f"at {self.latitude:g}, {self.longitude:g}"
        moves = f"moving {self.speed_kt:g} kt towards {self.track_deg:g}°"
        return f"storm {where}, {self.radius_nm:g} nm around, {moves}"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the storm."""
        if self.near is not None:
            here = places.away(self.near, region, self.bearing_deg, self.away_nm)
        else:
            here = self.latitude or 0.0, self.longitude or 0.0
        shape = self.radius_nm, self.track_deg, self.speed_kt
        yield disturb.Storm(*here, *shape, begin_ms, begin_ms + self.for_)


class Holding(Lasting):
    """Arrivals of one airport fly laps before they come in."""

    kind: Literal["holding"]
    airport: Place
    laps: Annotated[int, Field(ge=1, le=8, description="laps")]

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"arrivals of {self.airport} hold for {self.laps} laps"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the holding."""
        code = places.airport(self.airport, region).code
        yield disturb.Holding(code, begin_ms, begin_ms + self.for_, self.laps)


class GroundDelay(Lasting):
    """Flights to and from one airport wait at their gates."""

    kind: Literal["ground-delay"]
    airport: Place
    minutes: Annotated[int, Field(ge=1, le=240, description="minutes")]

    def words(self) -> str:
        """Say what it does, in a few words."""
        return f"ground delay of {self.minutes} min at {self.airport}"

    def disturbances(self, region: str, begin_ms: int) -> Iterator[Any]:
        """Give the delay."""
        code = places.airport(self.airport, region).code
        yield disturb.GroundDelay(code, begin_ms, begin_ms + self.for_, self.minutes)
