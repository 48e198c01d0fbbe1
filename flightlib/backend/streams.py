"""The stream routes: `/flights/sse` and `/processed_flights/sse`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from flightlib.backend import filters, sse
from flightlib.backend.channel import Channel
from flightlib.backend.line import Line, connection

Text = str | None
Bbox = Annotated[Text, Query(description="west,south,east,north in degrees: -125,24,-66,50")]
Status = Annotated[
    list[str] | None,
    Query(description="ON_TIME, DELAYED, CANCELLED, DIVERTED; repeat or join with commas"),
]
Region = Annotated[
    list[str] | None,
    Query(description="5 by 5 degree cells by south-west corner: 40_-75; repeat or join"),
]
Altitude = Annotated[Text, Query(description="feet, -2000 to 100000, included")]
Delayed = Annotated[Text, Query(description="true: 15 minutes late or more; false: the others")]
Every = Annotated[Text, Query(description="seconds between frames, 0.25 to 5; default 1")]


class Seats:
    """How many streams may be open at once."""

    def __init__(self, limit: int) -> None:
        self.limit, self.taken, self.refused = limit, 0, 0


class EventStream(Response):
    """A response that writes events until it ends or its client is gone."""

    media_type = sse.MEDIA_TYPE

    def __init__(self, run: Callable[[Line], Awaitable[None]], seats: Seats) -> None:
        # Proxies such as nginx would hold events back.
        own = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(headers=own)
        del self.headers["content-length"]
        self._run, self._seats = run, seats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a seat, stream, and give the seat back however it ends."""
        if self._seats.taken >= self._seats.limit:
            self._seats.refused += 1
            await _full(self._seats.limit)(scope, receive, send)
            return
        self._seats.taken += 1
        try:
            await self._stream(receive, send, Line(send, connection(scope)))
        finally:
            self._seats.taken -= 1

    async def _stream(self, receive: Receive, send: Send, line: Line) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        running = asyncio.ensure_future(self._run(line))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({running, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            running.cancel()
            await asyncio.wait({running, leaving})
        if not running.cancelled():
            running.result()
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _full(limit: int) -> JSONResponse:
    detail = f"All {limit} streams are taken. Close one, or allow more with FLIGHTLIB_MAX_CLIENTS."
    return JSONResponse({"detail": detail}, status_code=503, headers={"Retry-After": "5"})


class StreamRoute(APIRoute):
    """A route whose parameters are declared for OpenAPI alone; the handler reads the query itself.

    FastAPI reading them as well is most of what it takes to open a stream.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Call the endpoint with nothing but the request."""
        endpoint: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return endpoint


def routes(channels: dict[str, Channel], seats: Seats) -> APIRouter:
    """Make one stream route per topic."""
    router = APIRouter(tags=["streams"], route_class=StreamRoute)
    for channel in channels.values():
        router.add_api_route(
            f"/{channel.topic}/sse",
            _route(channel, seats),
            methods=["GET"],
            status_code=200,
            response_class=EventStream,
            responses=RESPONSES,
            name=f"{channel.topic} stream",
            description=DESCRIPTION,
        )
    return router


DESCRIPTION = (
    "Server-sent events: `state` (is Kafka there), `snapshot` (every flight chosen), then `update` "
    "(what changed) each `every` seconds. Come back with Last-Event-ID to get what was missed."
)
RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {sse.MEDIA_TYPE: {}}, "description": "An endless stream of events."},
    422: {"description": "A parameter is not allowed; `detail` says what is."},
    503: {"description": "All streams are taken; see Retry-After."},
}


def _route(channel: Channel, seats: Seats) -> Callable[..., Awaitable[EventStream]]:
    async def stream(
        request: Request,
        bbox: Bbox = None,
        status: Status = None,
        region: Region = None,
        min_altitude: Altitude = None,
        max_altitude: Altitude = None,
        delayed: Delayed = None,
        every: Every = None,
    ) -> EventStream:
        # Declared for OpenAPI; read from the query itself, where unknown names show as well.
        chosen, every_s = filters.parse(request.query_params.multi_items())
        last = request.headers.get("last-event-id")
        return EventStream(lambda line: channel.serve(chosen, every_s, last, line), seats)

    return stream
