"""Fan-out: which sizes, and what the turns of two servers come to."""

from __future__ import annotations

import os

import pandas as pd
import pytest

from flightlib.measure import fanout, nchan
from flightlib.measure.crowd import Receipts
from flightlib.measure.fanout import OURS, THEIRS, Server, Turn


def server_of(name: str, *turns: Turn) -> Server:
    """A server that was measured; its memory is this process's."""
    made = Server(name, 1, "/", os.getpid(), lambda receipts: {})
    made.idle_kb, made.turns = 1000.0, list(turns)
    return made


def turn(clients: int, wait_s: float, dropped: int = 0, behind: int = 0) -> Turn:
    """A turn in which each wait was the same."""
    return Turn(clients, pd.Series([wait_s] * 10), dropped, behind, 1000.0 + 30 * clients, 5.0)


def test_loads_go_up_to_what_fits() -> None:
    """Sizes are parts of the largest, from a hundred on, and the largest is always there."""
    assert fanout._sizes(10_000) == [100, 1000, 5000, 10_000]
    assert fanout._sizes(40) == [40]


def test_two_servers_are_compared_at_each_load() -> None:
    """The ratio is ours to theirs; memory of a client is what all of them added, shared out."""
    ours = server_of(OURS, turn(100, 0.01), turn(1000, 0.04))
    theirs = server_of(THEIRS, turn(100, 0.02), turn(1000, 0.02))
    found = fanout._numbers(ours, theirs)
    assert found["p99_ratio_100"] == pytest.approx(0.5)
    assert found["p99_ratio_1000"] == pytest.approx(2.0)
    assert found["flightlib_client_kb"] == pytest.approx(30.0)
    assert found["dropped"] == 0


def test_alone_there_is_no_ratio() -> None:
    """Without the other server nothing is compared, and a note says how to get it."""
    assert not [
        name for name in fanout._numbers(server_of(OURS, turn(100, 0.01))) if "ratio" in name
    ]
    assert nchan.INSTALL in list(fanout._notes(100, 100, compared=False))
    assert any("ulimit -n" in note for note in fanout._notes(100, 5000, compared=True))


def test_who_was_dropped_and_who_was_behind_is_counted() -> None:
    """Of all clients those that stayed, and of these those that got each frame."""
    ours = server_of(OURS, turn(100, 0.1, dropped=2), turn(1000, 0.1, behind=3))
    assert fanout._stayed(ours) == (1100, 1098)
    assert fanout._current(ours) == (1098, 1095)


def test_a_frame_was_encoded_when_its_updates_say() -> None:
    """Snapshots do not count: they are made for one client, at its own time."""
    columns = ["client", "update", "seq", "sent_ms", "at_s"]
    rows = [(0, 0, 4, 1000, 1.1), (0, 1, 5, 2000, 2.1), (1, 1, 5, 2000, 2.2)]
    told = Receipts(pd.DataFrame(rows, columns=columns), 2, frozenset(), {})
    assert fanout._encoded_s(told) == {5: 2.0}
