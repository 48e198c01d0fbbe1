"""What `%load_ext flightlib` does in a notebook: start the backend, stop it on unload."""

from __future__ import annotations

from typing import Any

from IPython.display import display

from flightlib import backend, settings


def load(_shell: Any) -> None:
    """Start the backend in this kernel and say where it listens; twice is harmless.

    It starts no engine and waits for none: a stream says by itself when Kafka is missing.
    """
    running = backend.start(settings.load())
    note = f" ({running.note})" if running.note else ""
    _say(f"flightlib's backend listens on {running.url}{note}")


def unload(_shell: Any) -> None:
    """Stop the backend of this kernel; every open stream ends."""
    backend.stop()
    _say("flightlib's backend has stopped")


def _say(line: str) -> None:
    display({"text/plain": line}, raw=True)
