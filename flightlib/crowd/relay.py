"""Give each frame of a stream to nchan as well: `python -m flightlib.crowd.relay PLAN`.

The plan (JSON) has the addresses `stream` and `publish` (host, port, path), and `posted`: a file
that gets a line for each frame, its seq and when it was posted (epoch seconds). Ends on SIGTERM.
"""

from __future__ import annotations

import http.client
import json
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

SEQ = re.compile(rb'\{"seq":(\d+)')


def blocks(lines: Iterator[bytes]) -> Iterator[dict[bytes, bytes]]:
    """Give the fields of each event; a comment has an empty name."""
    fields: dict[bytes, bytes] = {}
    for line in lines:
        if line := line.rstrip(b"\n"):
            name, _, value = line.partition(b": ")
            fields[name] = value
        else:
            yield fields
            fields = {}


def relay(plan: Path) -> None:
    """Post the frames of a stream as they come."""
    told = json.loads(plan.read_text(encoding="utf-8"))
    host, port, path = told["stream"]
    stream = http.client.HTTPConnection(host, port)
    stream.request("GET", path, headers={"Accept": "text/event-stream"})
    host, port, path = told["publish"]
    publish = http.client.HTTPConnection(host, port)
    with (
        closing(stream),
        closing(publish),
        Path(told["posted"]).open("a", encoding="utf-8", buffering=1) as posted,
    ):
        for event in blocks(iter(stream.getresponse())):
            if found := SEQ.match(event.get(b"data", b"")):
                posted.write(f"{int(found[1])} {time.time():.6f}\n")
                _post(publish, path, event)


def _post(publish: http.client.HTTPConnection, path: str, event: dict[bytes, bytes]) -> None:
    """Post a frame; once more, if the server had closed the connection that was kept."""
    headers = {"X-EventSource-Event": event[b"event"].decode()}
    for last in (False, True):
        try:
            publish.request("POST", path, event[b"data"], headers)
            publish.getresponse().read()
            return
        except ConnectionError:  # http.client connects anew with the next request
            publish.close()
            if last:
                raise


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    relay(Path(sys.argv[1]))
