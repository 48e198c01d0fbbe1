"""The backend: Kafka's topics as live streams over HTTP, on this machine only."""

from flightlib.backend.app import create_app
from flightlib.backend.server import Backend, current, serve, start, stop

__all__ = ["Backend", "create_app", "current", "serve", "start", "stop"]
