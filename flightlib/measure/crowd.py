"""A crowd: many clients of a server, in processes of their own, and what they noted."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from flightlib.errors import MeasureError
from flightlib.measure.bench import Bench

A_PROCESS = 5000
"""How many clients one process has at most; a second one takes a core from the server."""
JOIN_S, LEAVE_S = 120.0, 60.0
COLUMNS = ("client", "update", "seq", "sent_ms", "at_s")


@dataclass(frozen=True)
class Event:
    """One event with data, as a client that keeps all was sent it."""

    name: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Receipts:
    """What a crowd noted: a row for each event that each client got, in the order they came.

    `events` has client, update (0 for a snapshot), seq, sent_ms (epoch ms, by the server), at_s
    (epoch seconds, by the client); `gone` are the clients that were refused, or cut off.
    """

    events: pd.DataFrame
    clients: int
    gone: frozenset[int]
    kept: dict[int, Path]

    def of(self, client: int) -> Iterator[Event]:
        """Read what a client that keeps all was sent."""
        yield from parsed(self.kept[client].read_bytes())

    def arrivals(self, seqs: Sequence[int]) -> npt.NDArray[np.float64]:
        """Tell when each client knew of each frame: clients by frames, epoch seconds.

        A client that missed a frame knows of it with its next event; nan if none came any more.
        """
        events = self.events.sort_values(["client", "seq"], kind="stable")
        step = int(events.seq.max()) + 2 if len(events) else 1
        known = (events.client * step + events.seq).to_numpy()
        clients = np.arange(self.clients)[:, None]
        wanted = clients * step + np.asarray(seqs, dtype=np.int64)[None, :]
        at = np.searchsorted(known, wanted)
        fits = at < len(known)
        at[~fits] = 0
        if len(known):
            fits &= known[at] // step == clients
        return np.where(fits, events.at_s.to_numpy()[at] if len(known) else np.nan, np.nan)


def parsed(raw: bytes) -> Iterator[Event]:
    """Read the events out of a whole HTTP answer, as far as they have come to their end."""
    head, _, body = raw.partition(b"\r\n\r\n")
    if b"transfer-encoding: chunked" in head.lower():
        body = b"".join(_chunks(body))
    for block in body.split(b"\n\n")[:-1]:
        lines = dict(line.partition(b": ")[::2] for line in block.split(b"\n"))
        if b"data" in lines:
            yield Event(lines.get(b"event", b"message").decode(), orjson.loads(lines[b"data"]))


def _chunks(body: bytes) -> Iterator[bytes]:
    at = 0
    while (line := body.find(b"\r\n", at)) >= 0:
        size = int(body[at:line], 16)
        yield body[line + 2 : line + 2 + size]
        at = line + 4 + size


class Crowd:
    """Clients of one server, `paths` having one for each; those in `keep` keep all they are sent.

    They are there between `join` and `leave`; a `with` around it ends them whatever happens.
    """

    def __init__(
        self, bench: Bench, port: int, paths: Sequence[str], keep: Sequence[int] = ()
    ) -> None:
        self._bench, self.clients = bench, len(paths)
        self._folder = Path(tempfile.mkdtemp(prefix="crowd-", dir=bench.folder))
        self._keep, self._processes = keep, list[subprocess.Popen[bytes]]()
        self._parts = [
            range(n, min(n + A_PROCESS, len(paths))) for n in range(0, len(paths), A_PROCESS)
        ]
        for plan, part in zip(self._plans, self._parts, strict=True):
            told = {"host": "127.0.0.1", "port": port, "paths": [paths[n] for n in part]}
            keeping = [n - part.start for n in keep if n in part]
            plan.write_text(json.dumps({**told, "keep": keeping}), encoding="utf-8")

    @property
    def _plans(self) -> list[Path]:
        return [self._folder / f"{part.start}.json" for part in self._parts]

    def __enter__(self) -> Crowd:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for one in self._processes:
            if one.poll() is None:
                one.kill()
        self._bench.end(*self._processes)

    def join(self) -> None:
        """Start, and return when each client has had an answer. Raises MeasureError."""
        for plan in self._plans:
            command = ("flightlib.crowd.clients", str(plan))
            self._processes.append(self._bench.process(*command, log="clients.log"))
        joined = [plan.with_suffix(".joined") for plan in self._plans]
        self._bench.until(
            lambda: self._lives() and all(path.exists() for path in joined),
            f"{self.clients} clients to join",
            JOIN_S,
        )

    def _lives(self) -> bool:
        if all(one.poll() is None for one in self._processes):
            return True
        log = self._bench.folder / "clients.log"
        raise MeasureError(f"A load process ended: {log.read_text()[-300:]}")

    def leave(self) -> Receipts:
        """Let each client come up to date, then end them; give what they noted."""
        for one in self._processes:
            one.terminate()
        self._bench.until(
            lambda: all(one.poll() is not None for one in self._processes),
            "load clients to end",
            LEAVE_S,
        )
        self._bench.end(*self._processes)
        parts, gone, kept = list[pd.DataFrame](), set[int](), dict[int, Path]()
        for plan, part in zip(self._plans, self._parts, strict=True):
            with np.load(plan.with_suffix(".npz")) as noted:
                rows = pd.DataFrame({name: noted[name] for name in COLUMNS})
                gone |= {int(n) + part.start for n in noted["gone"]}
            parts.append(rows.assign(client=rows.client + part.start))
            files = {n: plan.with_suffix(f".{n - part.start}.sse") for n in self._keep if n in part}
            kept |= {n: path for n, path in files.items() if path.exists()}
        return Receipts(pd.concat(parts, ignore_index=True), self.clients, frozenset(gone), kept)
