"""What may stand in a question's address: each parameter, checked, refused in one line."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Annotated, Any, ClassVar, Literal

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from flightlib.backend.filters import ALTITUDE_FT, READERS, REPEATABLE, BadParameter
from flightlib.errors import not_allowed
from flightlib.lake import Question
from flightlib.records import STATUSES

MINUTES, LIMIT, CELL = (1, 1440), (1, 10_000), (0.25, 10.0)
YEARS = (1970, 2999)
GIVEN = 80
"""As much of what was given is told back."""

_WHOLE = "a whole number from {} to {}"
_TIME = f"an ISO 8601 time such as 2026-01-31T12:00:00Z, years {YEARS[0]} to {YEARS[1]}"
ALLOWED = {
    "minutes": _WHOLE.format(*MINUTES),
    "since": _TIME,
    "until": _TIME,
    "snapshot": "the number of an Iceberg snapshot, up to 19 digits",
    "limit": _WHOLE.format(*LIMIT),
    "min_altitude": _WHOLE.format(*ALTITUDE_FT),
    "max_altitude": _WHOLE.format(*ALTITUDE_FT),
    "cell": f"a number from {CELL[0]:g} to {CELL[1]:g}",
    "flight_id": "1 to 100 characters",
}


def _told(words: str, name: str) -> Any:
    return Field(description=f"{words}: {ALLOWED[name]}")


def _moment(given: Any) -> Any:
    """Take a time as people write it: no bare numbers, and a `+` that became a space."""
    text = str(given).strip()
    if not re.match(r"\d{4}-\d\d-\d\d", text, re.ASCII):
        raise ValueError("no time")
    return re.sub(r"(T.*) (\d\d:?\d\d)$", r"\1+\2", text)


def _in_utc(at: datetime) -> datetime:
    """Give a time as the lake writes it; one without a zone is UTC already."""
    try:  # a zone may move it over the edge of a year
        plain = at.astimezone(timezone.utc).replace(tzinfo=None) if at.tzinfo else at
    except OverflowError:
        raise ValueError("out of range") from None
    if not YEARS[0] <= plain.year <= YEARS[1]:
        raise ValueError("out of range")
    return plain


def _words(name: str) -> AfterValidator:
    return AfterValidator(lambda given: sorted(READERS[name](name, given)))


Nothing = SkipJsonSchema[None]
Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_in_utc)]
Span = Annotated[int, Field(ge=MINUTES[0], le=MINUTES[1])]
Feet = Annotated[int, Field(ge=ALTITUDE_FT[0], le=ALTITUDE_FT[1])]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,19}$")]
Limit = Annotated[int, Field(ge=LIMIT[0], le=LIMIT[1]), _told("rows at most", "limit")]
Degrees = Annotated[float, Field(ge=CELL[0], le=CELL[1])]
StatusWord = Annotated[str, Field(json_schema_extra={"pattern": f"^({'|'.join(STATUSES)})$"})]
RegionWord = Annotated[str, Field(json_schema_extra={"pattern": "^-?[0-9]{1,2}_-?[0-9]{1,3}$"})]


class Over(BaseModel):
    """The time a question is about, and how much of the answer is wanted."""

    model_config = ConfigDict(extra="forbid")
    topic: ClassVar[str]
    minutes_unless_given: ClassVar[int] = 10

    minutes: Annotated[
        Span | Nothing,
        _told(
            "so far back from `until`, or from the newest commit; not together with `since`",
            "minutes",
        ),
    ] = None
    since: Annotated[
        Moment | Nothing, _told("from this time on, UTC unless it names a zone", "since")
    ] = None
    until: Annotated[
        Moment | Nothing, _told("before this time, UTC unless it names a zone", "until")
    ] = None
    snapshot: Annotated[Digits | Nothing, _told("as of this commit", "snapshot")] = None
    limit: Limit = 1000

    @model_validator(mode="wrap")
    @classmethod
    def _in_one_line(cls, given: Any, check: ModelWrapValidatorHandler[Over]) -> Over:
        for name in given:
            if name not in cls.model_fields:
                raise BadParameter(name, not_allowed("A parameter", name, cls.model_fields))
        try:
            asked = check(given)
        except ValidationError as error:
            raise _bad(error.errors()[0], 0) from None
        asked.check_together()
        return asked

    def check_together(self) -> None:
        """Refuse parameters that contradict each other."""
        if self.since is not None and self.minutes is not None:
            raise BadParameter("minutes", "minutes and since both begin the window; give one.")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise BadParameter(
                "since", f"since {self.since}Z is not before until {self.until}Z; swap them."
            )
        if self.snapshot is not None and int(self.snapshot) >= 2**63:
            raise BadParameter("snapshot", _refusal("snapshot", self.snapshot))

    def question(self, **more: Any) -> Question:
        """Give the question in its normal form."""
        told = self.model_dump(exclude_none=True)
        if self.since is None:
            told.setdefault("minutes", self.minutes_unless_given)
        for name in REPEATABLE & told.keys():
            told[name] = tuple(told[name])
        if self.snapshot is not None:
            told["snapshot"] = int(self.snapshot)
        return Question(self.topic, **told, **more)


class Which(Over):
    """Which flights a question is about."""

    status: Annotated[
        list[StatusWord],
        _words("status"),
        Field(description=f"{', '.join(STATUSES)}; repeat or join with commas"),
    ] = []
    region: Annotated[
        list[RegionWord],
        _words("region"),
        Field(description="5 by 5 degree cells by south-west corner: 40_-75; repeat or join"),
    ] = []
    min_altitude: Annotated[Feet | Nothing, _told("feet, included", "min_altitude")] = None
    max_altitude: Annotated[Feet | Nothing, _told("feet, included", "max_altitude")] = None

    def check_together(self) -> None:
        """Refuse parameters that contradict each other."""
        super().check_together()
        low, high = self.min_altitude, self.max_altitude
        if low is not None and high is not None and low > high:
            raise BadParameter(
                "min_altitude", f"min_altitude {low} is above max_altitude {high}; swap them."
            )


class Flights(Which):
    """Parameters of `/flights`."""

    topic = "flights"


class Regions(Which):
    """Parameters of `/flights/regions`."""

    topic = "regions"
    limit: Limit = 100


class Delays(Which):
    """Parameters of `/flights/delays`."""

    topic = "delays"
    limit: Limit = LIMIT[1]
    by: Annotated[Literal["minute", "region"], Field(description="minute or region")] = "minute"


class Minutes(Which):
    """Parameters of `/flights/minutes`."""

    topic = "minutes"
    limit: Limit = LIMIT[1]
    by: Annotated[
        Literal["region"] | Nothing,
        Field(description="region: apart for each of the six regions with most reports"),
    ] = None


class Density(Which):
    """Parameters of `/flights/density`."""

    topic = "density"
    minutes_unless_given = 60
    cell: Annotated[Degrees, _told("edge in degrees", "cell")] = 1.0
    limit: Limit = LIMIT[1]


class Positions(Which):
    """Parameters of `/flights/positions`."""

    topic = "positions"
    minutes_unless_given = 2
    limit: Limit = LIMIT[1]


class Track(Over):
    """Parameters of `/flights/{flight_id}/track`."""

    topic = "track"
    minutes_unless_given = 1440
    limit: Limit = 2000


def _bad(told: Any, place: int) -> BadParameter:
    """Turn one of pydantic's findings into a line of ours; the name stands at `place`."""
    name = str(told["loc"][place])
    if told["type"] == "literal_error":
        words = re.findall(r"'([^']+)'", told["ctx"]["expected"])
        return BadParameter(name, not_allowed(name, str(told["input"])[:GIVEN], words))
    return BadParameter(name, _refusal(name, told.get("input")))


def _refusal(name: str, given: Any) -> str:
    return f"{name} cannot be {str(given)[:GIVEN]!r}; allowed: {ALLOWED[name]}."


def refused(error: RequestValidationError) -> BadParameter:
    """Give the line for what FastAPI itself refuses, such as a part of the path."""
    return _bad(error.errors()[0], 1)  # before it stands where: path or query


async def once(request: Request) -> None:
    """Refuse a parameter that stands twice where one value is meant."""
    for name in request.query_params:
        count = len(request.query_params.getlist(name))
        if count > 1 and name not in REPEATABLE:
            raise BadParameter(name, f"{name[:GIVEN]} is given {count} times; give it once.")
