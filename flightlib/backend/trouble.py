"""What can go wrong with a question, as an answer over HTTP: a status and one line."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse

from flightlib.backend.filters import BadParameter
from flightlib.errors import EngineDown, FlightlibError
from flightlib.lake import TooLong


class NotFound(FlightlibError):
    """What was asked for by its name is not there; `parameter` held the name."""

    def __init__(self, parameter: str, message: str) -> None:
        self.parameter = parameter
        super().__init__(message)


class NotAcceptable(FlightlibError):
    """The client takes none of the formats there are."""


class Busy(FlightlibError):
    """More is asked of Trino at once than it is given to do."""


class NotReady(FlightlibError):
    """There is nothing to read yet, or nothing new is written."""


STATUS: dict[type[FlightlibError], int] = {
    BadParameter: 422,
    NotFound: 404,
    NotAcceptable: 406,
    Busy: 503,
    NotReady: 503,
    EngineDown: 503,
    TooLong: 504,
}
RETRY_AFTER_S: dict[type[FlightlibError], int] = {Busy: 1, NotReady: 5, EngineDown: 5}


async def told(_request: Request, error: Exception) -> JSONResponse:
    """Answer with the error's line; anything without a status of its own is the server's fault."""
    body = {"detail": str(error)}
    if isinstance(error, BadParameter | NotFound):
        body["parameter"] = error.parameter
    found = next((kind for kind in STATUS if isinstance(error, kind)), FlightlibError)
    wait_s = RETRY_AFTER_S.get(found)
    headers = {"Retry-After": str(wait_s)} if wait_s else None
    return JSONResponse(body, STATUS.get(found, 500), headers)
