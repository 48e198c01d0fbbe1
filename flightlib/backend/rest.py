"""The REST routes: what the lake knows about flights, as of its newest commit or an older one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from flightlib.backend import rest_params as params
from flightlib.backend.answers import Answers
from flightlib.backend.cache import Entry
from flightlib.backend.formats import chosen, head, tag
from flightlib.backend.rest_docs import HEADERS, responses
from flightlib.backend.trouble import NotFound
from flightlib.errors import FlightlibError
from flightlib.lake import Question, Window

PATHS = {
    "flights": "/flights",
    "regions": "/flights/regions",
    "delays": "/flights/delays",
    "minutes": "/flights/minutes",
    "density": "/flights/density",
    "positions": "/flights/positions",
    "track": "/flights/{flight_id}/track",
}
EXPOSED = [name for name in HEADERS if name != "Vary"]
"""Headers that scripts of other origins may read."""

_FOR_EVER = "public, max-age=31536000, immutable"
_TELL = {
    "snapshot": "X-Snapshot-Id",
    "committed": "X-Snapshot-Committed",
    "since": "X-Since",
    "until": "X-Until",
}
KNOWN = 2000
"""So many addresses are remembered with their questions."""
Address = tuple[str, bytes]
FlightId = Annotated[str, Path(min_length=1, max_length=100, description="as in `/flights`")]


class Desk:
    """Takes questions from requests and hands out answers, with their headers."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._known: OrderedDict[Address, Question] = OrderedDict()

    def asked_before(self, request: Request) -> Question | None:
        """Give the question of an address that was read before: equal ones are equal questions."""
        return self._known.get(_address(request))

    async def reply(self, request: Request, question: Question) -> Response:
        """Answer one request, and count how."""
        self._remember(_address(request), question)
        try:
            media = chosen(request.headers.get("accept"))
            response, outcome = await self._answered(request, question, media)
        except FlightlibError:
            self._answers.outcomes["error"] += 1
            raise
        self._answers.outcomes[outcome] += 1
        return response

    def _remember(self, address: Address, question: Question) -> None:
        self._known[address] = question
        self._known.move_to_end(address)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)

    async def _answered(
        self, request: Request, question: Question, media: str
    ) -> tuple[Response, str]:
        known = _tags(request.headers.get("if-none-match"))
        window = await self._answers.place(question)
        if (named := tag(question, window, media)) in known:
            return Response(status_code=304, headers=_headers(question, window, named)), (
                "not_modified"
            )
        entry, outcome = await self._answers.get(question, window, media)
        _check_found(question, entry)
        named = tag(question, entry.window, media)
        headers = _headers(question, entry.window, named)
        if named in known:
            return Response(status_code=304, headers=headers), "not_modified"
        headers["X-Answer"] = outcome
        return Response(entry.bodies[media], 200, headers, media), outcome


def _address(request: Request) -> Address:
    return request.scope["path"], request.scope["query_string"]


def _tags(given: str | None) -> set[str]:
    return {part.strip().removeprefix("W/") for part in (given or "").split(",")}


def _headers(question: Question, window: Window, named: str) -> dict[str, str]:
    told = {_TELL[key]: value for key, value in head(window).items() if value is not None}
    keep = _FOR_EVER if question.snapshot is not None else "no-cache"
    return {"ETag": named, "Cache-Control": keep, "Vary": "Accept", **told}


def _check_found(question: Question, entry: Entry) -> None:
    if question.topic == "track" and not entry.rows:
        span = head(entry.window)
        raise NotFound(
            "flight_id",
            f"There is no flight {question.flight_id!r} from {span['since']} to {span['until']}. "
            "`/flights` lists flights; `minutes` or `since` look further back.",
        )


def _remembering(desk: Desk) -> type[APIRoute]:
    """Make routes that check the parameters of an address once, which takes a while."""

    class Remembering(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            read = super().get_route_handler()

            async def handle(request: Request) -> Response:
                question = desk.asked_before(request)
                return await (desk.reply(request, question) if question else read(request))

            return handle

    return Remembering


def routes(answers: Answers) -> APIRouter:
    """Make the routes."""
    desk = Desk(answers)
    dependencies = [Depends(params.once)]
    router = APIRouter(tags=["lake"], dependencies=dependencies, route_class=_remembering(desk))

    def add(topic: str, endpoint: Any) -> None:
        router.add_api_route(
            PATHS[topic],
            endpoint,
            methods=["GET"],
            name=topic,
            responses=responses(topic),
            response_model=None,
        )

    _add_all(add, desk)
    return router


def _add_all(add: Any, desk: Desk) -> None:
    async def flights(request: Request, asked: Annotated[params.Flights, Query()]) -> Response:
        """Reports of flights, the newest first; of the last 10 minutes if no time is given."""
        return await desk.reply(request, asked.question())

    async def regions(request: Request, asked: Annotated[params.Regions, Query()]) -> Response:
        """How much flies in each region, and how high; most flights first."""
        return await desk.reply(request, asked.question())

    async def delays(request: Request, asked: Annotated[params.Delays, Query()]) -> Response:
        """How many flights are delayed, cancelled or diverted, by minute or by region."""
        return await desk.reply(request, asked.question())

    async def minutes(request: Request, asked: Annotated[params.Minutes, Query()]) -> Response:
        """How much flies in each minute of event time, oldest first; the newest `limit` rows."""
        return await desk.reply(request, asked.question())

    async def density(request: Request, asked: Annotated[params.Density, Query()]) -> Response:
        """How many flights crossed each cell of a grid; most flights first."""
        return await desk.reply(request, asked.question())

    async def positions(request: Request, asked: Annotated[params.Positions, Query()]) -> Response:
        """Where each flight is: its newest report of 2 minutes, and where it was before."""
        return await desk.reply(request, asked.question())

    async def track(
        request: Request, flight_id: FlightId, asked: Annotated[params.Track, Query()]
    ) -> Response:
        """Where one flight was, oldest first; the newest `limit` reports."""
        return await desk.reply(request, asked.question(flight_id=flight_id))

    for endpoint in (flights, regions, delays, minutes, density, positions, track):
        add(endpoint.__name__, endpoint)
