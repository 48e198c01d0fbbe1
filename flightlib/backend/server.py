"""Run the backend: in this process beside a notebook, or alone in the foreground."""

from __future__ import annotations

import atexit
import contextlib
import logging
import socket
import threading
from dataclasses import dataclass

import uvicorn
from fastapi import FastAPI

from flightlib.backend.app import create_app
from flightlib.backend.line import LendingProtocol
from flightlib.errors import EngineFailed, MachineError
from flightlib.settings import HOST, Settings, load

log = logging.getLogger("flightlib.backend")

TRIES = 50
START_S = 15.0
STOP_S = 15.0


class _Server(uvicorn.Server):
    """A uvicorn that ends its endless streams before it waits for them."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=LendingProtocol,
                log_config=None,
                access_log=False,
                lifespan="on",
                ws="none",
                server_header=False,
                timeout_graceful_shutdown=5,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for channel in self._app.state.channels.values():
            channel.end()
        await super().shutdown(sockets)


@dataclass(frozen=True)
class Backend:
    """A backend running in this process; `url` is its address, `note` anything unusual."""

    settings: Settings
    url: str
    note: str
    _server: _Server
    _thread: threading.Thread

    @property
    def running(self) -> bool:
        """Whether it still serves."""
        return self._thread.is_alive()

    def __str__(self) -> str:
        """Say where it listens, in one line."""
        return f"backend on {self.url}" + (f" ({self.note})" if self.note else "")


_current: Backend | None = None
_lock = threading.RLock()


def current() -> Backend | None:
    """Return the backend running in this process, or None."""
    return _current if _current is not None and _current.running else None


def start(settings: Settings | None = None) -> Backend:
    """Start the backend in this process, or return the one that runs.

    It takes the port of the settings, or the next free one, and then says so in `note`.
    Raises MachineError when no port is free.
    """
    global _current
    settings = settings or load()
    with _lock:
        running = current()
        if running is not None and running.settings == settings:
            return running
        stop()
        app = create_app(settings)
        listener, note = _listen(settings, settings.backend_port, TRIES)
        url = f"http://{HOST}:{listener.getsockname()[1]}"
        server = _Server(app)
        thread = threading.Thread(
            target=server.run, args=([listener],), name="flightlib-backend", daemon=True
        )
        thread.start()
        _wait_until_up(server, thread)
        _current = Backend(settings, url, note, server, thread)
        return _current


def stop() -> None:
    """Stop the backend of this process: its streams end, its port is free again."""
    global _current
    with _lock:
        running, _current = _current, None
        if running is not None:
            running._server.should_exit = True
            running._thread.join(STOP_S)


def serve(settings: Settings | None = None, port: int | None = None) -> None:
    """Run the backend alone until Ctrl-C.

    Raises MachineError when `port` was asked for and is taken; without it the next free one does.
    """
    settings = settings or load()
    app = create_app(settings)
    listener, note = _listen(settings, port or settings.backend_port, 1 if port else TRIES)
    where = f"http://{HOST}:{listener.getsockname()[1]}"
    log.info("Listening on %s%s", where, f" ({note})" if note else "")
    with contextlib.suppress(KeyboardInterrupt):
        _Server(app).run([listener])


def _listen(settings: Settings, port: int, tries: int) -> tuple[socket.socket, str]:
    """Open a listening socket on the port or one of the next; say so if it is another."""
    for candidate in range(port, min(port + tries, 65536)):
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.bind, candidate))
            listener.listen(2048)
        except OSError:
            listener.close()
            continue
        taken = f"port {port} is taken by another program" if candidate != port else ""
        return listener, taken
    last = f" to {port + tries - 1}" if tries > 1 else ""
    raise MachineError(
        f"Port {port}{last} is taken by another program. "
        "Choose a free one with `flightlib serve --port` or FLIGHTLIB_BACKEND_PORT."
    )


def _wait_until_up(server: _Server, thread: threading.Thread) -> None:
    up = threading.Event()
    for _ in range(int(START_S / 0.01)):
        if server.started:
            return
        if not thread.is_alive():
            break
        up.wait(0.01)
    server.should_exit = True
    raise EngineFailed("The backend did not start; its log says why. Try `flightlib serve`.")


atexit.register(stop)
