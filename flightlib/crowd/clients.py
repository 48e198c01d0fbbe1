"""Load clients: many streams read at once, in a process of their own, and at little cost.

`python -m flightlib.crowd.clients PLAN` reads a plan (JSON): `host`, `port`, `paths` (one for
each client) and `keep` (the numbers of clients that keep all they are sent, as PLAN.NUMBER.sse).
Nothing is parsed: of each event a client notes when it came, and the first two numbers in it.
PLAN.joined is there once every stream has been answered or refused; after SIGTERM they read on
until they are up to date, and what they noted is in PLAN.npz.
"""

from __future__ import annotations

import json
import re
import selectors
import signal
import socket
import struct
import sys
import time
from array import array
from pathlib import Path
from types import FrameType
from typing import Any, BinaryIO

import numpy as np

from flightlib.crowd.limits import raise_open_files

HEAD = re.compile(rb'(?:event: (\w+)\n)?data: \{"seq":(\d+),"sent_ms":(\d+)')
HEAD_BYTES = 200
READ_BYTES = 262_144
WAVE = 64
"""How many streams are asked for and not yet answered, at most: a crowd, not an attack."""
LOOK_S = 0.1
QUIET_S = 2.5
DRAIN_S = 20.0
CONNECT_S = 10.0


class Notes:
    """What all clients note: a row for each event, in columns."""

    def __init__(self) -> None:
        self.client, self.update = array("i"), array("b")
        self.seq, self.sent_ms, self.at_s = array("q"), array("q"), array("d")

    def add(self, client: int, head: re.Match[bytes], at_s: float) -> int:
        """Note one event; gives when it says that it was sent, epoch ms."""
        sent_ms = int(head[3])
        self.client.append(client)
        self.update.append(head[1] != b"snapshot")
        self.seq.append(int(head[2]))
        self.sent_ms.append(sent_ms)
        self.at_s.append(at_s)
        return sent_ms

    def columns(self) -> dict[str, Any]:
        """Give the columns as arrays."""
        return {name: np.array(column) for name, column in vars(self).items()}


class Client:
    """One stream as its bytes come in."""

    __slots__ = ("answered", "file", "head", "number", "rest", "sent_ms", "socket")

    def __init__(self, number: int, connected: socket.socket, file: BinaryIO | None) -> None:
        self.number, self.socket, self.file = number, connected, file
        self.answered, self.head, self.rest, self.sent_ms = False, b"", b"", 0

    def take(self, data: bytes, at_s: float, notes: Notes) -> bool:
        """Note the events that end in this piece; False when the stream is refused."""
        if self.file is not None:
            self.file.write(data)
        text = self.rest + data
        if not self.answered:
            head, found, text = text.partition(b"\r\n\r\n")
            if not found:
                self.rest = head
                return True
            if head.split(b" ", 2)[1] != b"200":
                return False
            self.answered = True
        self._events(text, at_s, notes)
        return True

    def _events(self, text: bytes, at_s: float, notes: Notes) -> None:
        """Find where events end; of one that has not ended its head is kept, and one byte."""
        begin, head = 0, self.head
        while (end := text.find(b"\n\n", begin)) >= 0:
            if found := HEAD.search(head + text[begin : min(end, begin + HEAD_BYTES)]):
                self.sent_ms = notes.add(self.number, found, at_s)
            begin, head = end + 2, b""
        if len(text) - begin > HEAD_BYTES or head:
            head = head or text[begin : begin + HEAD_BYTES]
            begin = max(begin, len(text) - 1)
        self.head, self.rest = head, text[begin:]


class Clients:
    """All streams of a plan, read in one loop."""

    def __init__(self, plan: Path) -> None:
        told = json.loads(plan.read_text(encoding="utf-8"))
        self._plan, self._address = plan, (told["host"], told["port"])
        self._paths, self._keep = list(enumerate(told["paths"]))[::-1], set(told["keep"])
        self._all: list[Client] = []
        self._waiting: set[int] = set()
        self._gone: set[int] = set()
        self._notes, self._selector = Notes(), selectors.DefaultSelector()
        self._stop_ms = 0
        self._last_s = time.monotonic()

    def stop(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """End once every client is up to date, or nothing comes any more."""
        self._stop_ms, self._last_s = time.time_ns() // 1_000_000, time.monotonic()

    def run(self) -> None:
        """Join, read until told to stop, and write what was noted."""
        joined = False
        while not self._is_over():
            while self._paths and len(self._waiting) < WAVE:
                self._join(*self._paths.pop())
            for key, _ in self._selector.select(LOOK_S):
                self._read(key.data)
            if not joined and not self._paths and not self._waiting:
                joined = True
                self._plan.with_suffix(".joined").touch()
        self._write()

    def _is_over(self) -> bool:
        if not self._stop_ms:
            return False
        quiet_s = time.monotonic() - self._last_s
        late_s = time.time() - self._stop_ms / 1000
        if quiet_s > QUIET_S or late_s > DRAIN_S:
            return True
        return all(c.sent_ms >= self._stop_ms or c.number in self._gone for c in self._all)

    def _join(self, number: int, path: str) -> None:
        try:
            connected = socket.create_connection(self._address, CONNECT_S)
        except OSError:
            self._gone.add(number)
            return
        request = f"GET {path} HTTP/1.1\r\nHost: {self._address[0]}\r\nAccept: text/event-stream"
        connected.sendall(f"{request}\r\n\r\n".encode())
        connected.setblocking(False)
        # Ended with a reset: thousands of closed connections would hold their ports for a minute.
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        kept = self._plan.with_suffix(f".{number}.sse").open("wb") if number in self._keep else None
        client = Client(number, connected, kept)
        self._all.append(client)
        self._waiting.add(number)
        self._selector.register(connected, selectors.EVENT_READ, client)

    def _read(self, client: Client) -> None:
        try:
            data = client.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._last_s = time.monotonic()
        if not data or not client.take(data, time.time(), self._notes):
            self._selector.unregister(client.socket)
            client.socket.close()
            self._gone.add(client.number)
            self._waiting.discard(client.number)
        elif client.answered:
            self._waiting.discard(client.number)

    def _write(self) -> None:
        for client in self._all:
            client.socket.close()
            if client.file is not None:
                client.file.close()
        draft = self._plan.with_suffix(".draft.npz")
        np.savez(draft, gone=np.array(sorted(self._gone), dtype=np.int64), **self._notes.columns())
        draft.replace(self._plan.with_suffix(".npz"))


def main() -> None:
    """Run the plan whose path is the first argument."""
    clients = Clients(Path(sys.argv[1]))
    signal.signal(signal.SIGTERM, clients.stop)
    raise_open_files()
    clients.run()


if __name__ == "__main__":
    main()
