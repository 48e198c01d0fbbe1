"""What `flightlib status` and `flightlib top` show of the engines: a table, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from rich.table import Table

from flightlib.engines import EngineStatus, Statuses

COLOUR = {
    "ok": "green",
    "warn": "yellow",
    "fail": "red",
    "healthy": "green",
    "starting": "yellow",
    "stopped": "dim",
    "remote": "cyan",
}


def status_table(rows: Statuses) -> Table:
    """Lay the rows out as a table."""
    table = Table(box=None, pad_edge=False)
    for name in ("engine", "state", "address", "pid", "up", "memory", "restarts"):
        side: Literal["left", "right"] = "right" if name in ("up", "memory", "restarts") else "left"
        table.add_column(name, justify=side, overflow="fold")
    for row in rows:
        table.add_row(*_status_cells(row))
    if rows.memory_mb:
        table.caption = f"{rows.memory_mb / 1000:.1f} GB of memory together"
    return table


def _status_cells(row: EngineStatus) -> Iterator[str]:
    colour = COLOUR.get(row.state, "red") if row.healthy or row.state != "remote" else "red"
    # Host and port: a path behind them would not fit a terminal of 80 columns.
    place = row.address.removesuffix(urlsplit(row.address).path if "//" in row.address else "")
    yield from (row.engine, f"[{colour}]{row.state}[/{colour}]", place, str(row.pid or ""))
    yield "" if row.uptime_s is None else _duration(row.uptime_s)
    yield "" if row.memory_mb is None else f"{row.memory_mb:.0f} MB"
    yield str(row.restarts)


def messages(rows: Statuses) -> Iterator[str]:
    """Say what to do, once for all engines it is to be done for."""
    for message in dict.fromkeys(row.message for row in rows if row.message):
        yield f"{', '.join(row.engine for row in rows if row.message == message)}: {message}"


def _duration(seconds: float) -> str:
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02}m" if hours else f"{minutes}m {left:02}s"
