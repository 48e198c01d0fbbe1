"""`flightlib observe`: Prometheus beside the engines, in the foreground."""

from __future__ import annotations

import subprocess

import typer

from flightlib import settings as address_book
from flightlib.cli.console import console, one_line_errors
from flightlib.cli.streams import killed_like_ctrl_c
from flightlib.engines import prometheus
from flightlib.errors import EngineFailed
from flightlib.settings import HOST

END_S = 20.0


def register(app: typer.Typer) -> None:
    """Add `observe` to the command line."""
    app.command()(one_line_errors(observe))


def observe() -> None:
    """Run Prometheus with flightlib's figures and alerts until Ctrl-C, if it is installed."""
    settings, binary = address_book.load(), prometheus.program()
    place = prometheus.prepared(settings)
    log = place / "prometheus.log"
    with log.open("wb") as out:
        running = subprocess.Popen(
            prometheus.command(settings, place, binary),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this command, which then ends it
        )
    where = f"http://{HOST}:{settings.prometheus_port}"
    console.print(f"Prometheus on {where}; its menu has Alerts and Targets. Ctrl-C ends it.")
    try:
        with killed_like_ctrl_c():
            running.wait()
    except KeyboardInterrupt:
        return
    finally:
        _end(running)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise EngineFailed(f"Prometheus ended by itself: {' '.join(said) or 'no reason'} ({log}).")


def _end(running: subprocess.Popen[bytes]) -> None:
    """Let it write down what it has, and end."""
    running.terminate()
    try:
        running.wait(END_S)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
