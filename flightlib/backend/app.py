"""The backend as an ASGI app: streams, health, metrics, an index."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from flightlib.backend import engine_metrics, metrics, rest, rest_params, streams
from flightlib.backend.access import HEADER, AccessLog, Took
from flightlib.backend.answers import Answers
from flightlib.backend.asker import LakeAsker
from flightlib.backend.channel import HEARTBEAT_S, Channel
from flightlib.backend.source import Follow, Source
from flightlib.backend.trouble import told
from flightlib.errors import FlightlibError, SettingError
from flightlib.kafka import TOPICS, Follower
from flightlib.lake import Tail
from flightlib.settings import Settings, load


def create_app(
    settings: Settings | None = None,
    follow: Follow | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    answers: Answers | None = None,
) -> FastAPI:
    """Build the app. Nothing is read from Kafka until a stream or `/healthz` is asked for.

    `follow` opens the reader of a topic, Kafka's by default; `answers` answers questions about
    the lake, through Trino by default. Raises SettingError when the setting of allowed origins is
    no regular expression.
    """
    settings = settings or load()
    follow = follow or _from_kafka(settings)
    channels = {topic: Channel(topic, follow, heartbeat_s=heartbeat_s) for topic in TOPICS}
    seats = streams.Seats(settings.max_clients)
    answers = answers or _from_lake(settings)
    app = FastAPI(
        title="flightlib",
        description=__doc__,
        # The pages that show OpenAPI load scripts from the network; /openapi.json does not.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.channels, app.state.answers = channels, answers
    took = Took()
    _surround(app, _origins(settings), took)
    app.include_router(streams.routes(channels, seats))
    app.include_router(rest.routes(answers))
    _add_pages(app, channels, seats, answers)
    _add_metrics(app, settings, metrics.Counted(channels.values(), answers, seats, took))
    return app


def _surround(app: FastAPI, origins: str, took: Took) -> None:
    """Put the access log, the rules for other origins and the words for errors around the app."""
    app.add_middleware(
        CORSMiddleware,
        allow_origin_regex=origins,
        allow_methods=["GET"],
        allow_headers=["If-None-Match", HEADER],
        expose_headers=rest.EXPOSED,
    )
    app.add_middleware(AccessLog, took=took)
    app.add_exception_handler(FlightlibError, told)
    app.add_exception_handler(RequestValidationError, _refused)


def _from_kafka(settings: Settings) -> Follow:
    def follow(topic: str, deliver: Any, tell: Any) -> Source:
        return Follower(topic, settings, deliver, tell)

    return follow


def _from_lake(settings: Settings) -> Answers:
    asker = LakeAsker(settings)
    return Answers(asker, tail=Tail(asker.rows))


def _origins(settings: Settings) -> str:
    try:
        re.compile(settings.cors_origins)
    except re.error as error:
        raise SettingError(
            f"FLIGHTLIB_CORS_ORIGINS cannot be {settings.cors_origins!r}: {error}. "
            "Give a regular expression such as https://demo\\.example\\.org."
        ) from None
    return settings.cors_origins


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.answers.close()
    for channel in app.state.channels.values():
        channel.close()


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return await told(request, rest_params.refused(error))


def _add_pages(
    app: FastAPI, channels: dict[str, Channel], seats: streams.Seats, answers: Answers
) -> None:
    @app.get("/", tags=["about"])
    async def index() -> dict[str, Any]:
        """Say what can be asked here."""
        paths = [*(f"/{topic}/sse" for topic in channels), *rest.PATHS.values()]
        about = ("/healthz", "/metrics", "/metrics/engines", "/openapi.json")
        return {"name": "flightlib", "paths": [*paths, *about]}

    @app.get("/healthz", tags=["about"])
    async def healthz() -> dict[str, Any]:
        """Say that the backend lives, whether Kafka can be read, and how fresh all is.

        Always 200: the backend is alive, also while Kafka is away; `ready` is the other question.
        """
        await asyncio.gather(*(channel.settled() for channel in channels.values()))
        return {
            "status": "ok",
            "ready": channels["flights"].state.kafka == "up",
            "clients": seats.taken,
            "max_clients": seats.limit,
            "topics": {topic: _health(channel) for topic, channel in channels.items()},
            "lake": await answers.health(),
        }


def _add_metrics(app: FastAPI, settings: Settings, counted: metrics.Counted) -> None:
    own, engines = metrics.registry(counted), engine_metrics.watched(settings)

    @app.get("/metrics", tags=["about"], response_class=PlainTextResponse)
    async def prometheus() -> Response:
        """Give what the backend counts, in Prometheus' text format."""
        counted.committed_ms = await counted.answers.newest.committed_ms()
        return Response(generate_latest(own), media_type=CONTENT_TYPE_LATEST)

    @app.get("/metrics/engines", tags=["about"], response_class=PlainTextResponse)
    async def prometheus_engines() -> Response:
        """Give what is to be seen of the engines, jobs and tables, in the same format."""
        try:
            return Response(await engines.get(), media_type=CONTENT_TYPE_LATEST)
        except asyncio.TimeoutError:
            return PlainTextResponse("# The engines were not looked at in time.\n", 503)


def _health(channel: Channel) -> dict[str, Any]:
    return {
        **channel.state._asdict(),
        "clients": channel.clients,
        "flights": len(channel.hub.entries),
        "newest_ms": channel.hub.newest_ms,
        "reports": channel.reports,
        "reports_per_s": channel.per_s,
        "poison": channel.poison,
    }
