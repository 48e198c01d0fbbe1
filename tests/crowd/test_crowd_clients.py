"""What load clients note of the streams that they read."""

from __future__ import annotations

import socket
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from streamed import ANSWER, STREAM, T, chunked, plain

from flightlib.crowd.clients import HEAD_BYTES, Client, Notes


@given(st.lists(st.integers(0, 3000)), st.sampled_from([chunked, plain]))
def test_each_event_is_noted_once_however_its_bytes_come(cuts: list[int], wire: Any) -> None:
    """Wherever the network cuts a stream, the same events are noted, each when it ends."""
    raw = ANSWER + wire(*STREAM)
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    notes = Notes()
    with socket.socket() as unused:
        client = Client(7, unused, None)
        for begin, end in pairwise(edges):
            assert client.take(raw[begin:end], float(end), notes)
    assert list(notes.seq) == [3, 5, 6]
    assert list(notes.update) == [0, 1, 1]
    assert set(notes.client) == {7}
    assert client.sent_ms == T + 6
    ends = [raw.index(STREAM[n]) + len(STREAM[n]) for n in (2, 4, 5)]
    assert list(notes.at_s) == [min(e for e in edges if e >= end) for end in ends]
    assert len(client.rest) <= HEAD_BYTES


def test_a_refused_stream_is_no_stream() -> None:
    """An answer other than 200 ends a client."""
    with socket.socket() as unused:
        client = Client(0, unused, None)
        assert not client.take(b"HTTP/1.1 503 Service Unavailable\r\n\r\n{}", 1.0, Notes())
