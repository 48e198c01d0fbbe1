"""What `%load_ext flightlib` adds to a notebook: a backend, `%%flink`, `%%trino`, `%%fails`."""

from __future__ import annotations

from typing import Any

from flightlib import backend, settings
from flightlib.magics.cells import end_queries
from flightlib.magics.lessons import DidNotFail, Lessons
from flightlib.magics.show import say
from flightlib.magics.sql import Flink
from flightlib.magics.trino import Trino

__all__ = ["DidNotFail", "Lessons", "load_ipython_extension", "unload_ipython_extension"]


def load_ipython_extension(shell: Any) -> None:
    """Start the backend in this kernel and say where it listens; twice is harmless.

    It starts no engine and waits for none: a stream says by itself when Kafka is missing.
    """
    shell.register_magics(Lessons)
    shell.register_magics(Flink)
    shell.register_magics(Trino)
    running = backend.start(settings.load())
    note = f" ({running.note})" if running.note else ""
    say(f"flightlib's backend listens on {running.url}{note}")


def unload_ipython_extension(_shell: Any) -> None:
    """Stop the backend of this kernel, and its live queries; named jobs go on."""
    end_queries()
    backend.stop()
    say("flightlib's backend has stopped")
