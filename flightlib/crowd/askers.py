"""Load clients of REST: many ask at once, in a process of their own, and at little cost.

`python -m flightlib.crowd.askers PLAN` reads a plan (JSON): `host`, `port`, `clients`, `seconds`,
`pause_s` (between an answer and the next question, on average), `seed`, and `questions`, each with
`topic`, `path` and `weight`. What was answered is then in PLAN.csv, a row for each question.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import random
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

WITHIN_S = 60.0
HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.I)
_TOLD = {
    name: re.compile(rb"\r\n" + name.encode() + rb": ([^\r]*)", re.I)
    for name in ("x-answer", "x-snapshot-committed")
}


class Asked(NamedTuple):
    """One question and what came of it; `status` is 0 if no answer came."""

    begun_s: float
    latency_ms: float
    status: int
    topic: str
    size_b: int
    answer: str
    committed: str


class Line(asyncio.Protocol):
    """One connection that is kept: a question at a time, whose answer is counted, not read."""

    def __init__(self) -> None:
        self._head, self._missing = b"", 0
        self._done: asyncio.Future[bytes] | None = None
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Take the way to the server."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Tell who waits that nothing will come."""
        if self._done is not None and not self._done.done():
            self._done.set_exception(ConnectionError(str(error or "closed")))

    def data_received(self, data: bytes) -> None:
        """Keep the head of an answer, and count its body."""
        if self._done is None or self._done.done():
            return
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(HEAD_END)
            if end < 0:
                return
            body = len(self._head) - end - len(HEAD_END)
            self._head = self._head[: end + 2]
            found = _LENGTH.search(self._head)
            self._missing = (int(found[1]) if found else 0) - body
        if self._missing <= 0:
            self._missing = 0
            self._done.set_result(self._head)

    async def ask(self, path: str, host: str) -> bytes:
        """Ask, and give the head of the answer once all of it has come."""
        self._head, self._done = b"", asyncio.get_running_loop().create_future()
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        return await asyncio.wait_for(self._done, WITHIN_S)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()


async def _client(plan: Mapping[str, Any], number: int, end_s: float, rows: list[Asked]) -> None:
    chance = random.Random(plan["seed"] * 1000 + number)
    questions, weights = plan["questions"], [one["weight"] for one in plan["questions"]]
    pause_s, line = float(plan["pause_s"]), None
    await asyncio.sleep(chance.uniform(0, max(pause_s, 0.2)))
    while time.monotonic() < end_s:
        (question,) = chance.choices(questions, weights)
        line = line or await _connect(plan)
        row = await _one(line, question, plan["host"])
        rows.append(row)
        if line is not None and not row.status:
            line.close()
        line = line if row.status else None
        await asyncio.sleep(chance.uniform(0.5, 1.5) * pause_s)
    if line is not None:
        line.close()


async def _connect(plan: Mapping[str, Any]) -> Line | None:
    loop = asyncio.get_running_loop()
    try:
        _, line = await loop.create_connection(Line, plan["host"], plan["port"])
    except OSError:
        return None
    return line


async def _one(line: Line | None, question: Mapping[str, str], host: str) -> Asked:
    begun_s, started_s, head = time.time(), time.perf_counter(), b""
    with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
        head = await line.ask(question["path"], host) if line else b""
    took_ms = (time.perf_counter() - started_s) * 1000
    return noted(head, question, begun_s, took_ms)


def noted(head: bytes, question: Mapping[str, str], begun_s: float, took_ms: float) -> Asked:
    """Note what the head of an answer tells; an empty one is no answer."""
    status = int(head.split(b" ", 2)[1]) if head else 0
    size = _LENGTH.search(head)
    told = [found[1].decode() if (found := line.search(head)) else "" for line in _TOLD.values()]
    size_b = int(size[1]) if size else 0
    return Asked(round(begun_s, 4), round(took_ms, 2), status, question["topic"], size_b, *told)


async def _run(plan: Mapping[str, Any]) -> list[Asked]:
    rows: list[Asked] = []
    end_s = time.monotonic() + plan["seconds"]
    await asyncio.gather(*(_client(plan, n, end_s, rows) for n in range(plan["clients"])))
    return rows


def main(path: Path) -> None:
    """Ask as planned, and write what came."""
    plan = json.loads(path.read_text(encoding="utf-8"))
    rows = asyncio.run(_run(plan))
    with Path(f"{path}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(Asked._fields)
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
