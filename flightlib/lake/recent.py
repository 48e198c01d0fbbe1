"""The newest rows of the table at hand, as columns: all that one snapshot has from a time on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import numpy as np

from flightlib.lake.history import Snapshot
from flightlib.lake.questions import Window
from flightlib.lake.schemas import FLIGHT_DATA

TYPES = {field.name: field.type for field in FLIGHT_DATA.fields}
_HELD_AS = {"string": np.int32, "int": np.int32, "double": np.float64, "timestamp": np.int64}
WHOLE = np.iinfo(np.int64).min
"""Rows from this time on are all rows there are."""

BLOCK_ROWS = 1 << 17
"""The last block is cut in two when it has more: with each commit it is written anew."""

Array = np.ndarray[Any, np.dtype[Any]]
Columns = Mapping[str, Array]


class Names:
    """Gives each word a number, once and for all: rows of any age can be read by it."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self.words: list[str] = []

    def __len__(self) -> int:
        return len(self.words)

    def numbers(self, words: Sequence[str]) -> Array:
        """Give the numbers of words; those that are new get one."""
        found = np.fromiter(map(self._numbers.__getitem__, words), np.int32, len(words))
        self.words += islice(self._numbers, len(self.words), None)
        return found

    def known(self, words: Sequence[str]) -> list[int]:
        """Give the numbers of those words that have one."""
        return [self._numbers[word] for word in words if word in self._numbers]

    def told(self, numbers: Array) -> list[str]:
        """Give the words back."""
        words = self.words
        return [words[number] for number in numbers.tolist()]


_EPOCH, _MICRO = datetime(1970, 1, 1), timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Give a moment of the lake as the columns hold it: microseconds since 1970, UTC."""
    return (at - _EPOCH) // _MICRO


def moment(us: int) -> datetime:
    """Give a moment of the columns as the lake writes it."""
    return _EPOCH + us * _MICRO


@dataclass(frozen=True)
class Recent:
    """All rows of a snapshot whose event time is `since_us` or later.

    They lie in blocks, one after the other in time, each with its oldest row first. Nothing here
    ever changes: a later commit makes another one, which shares the blocks that it leaves as they
    are. `names` have the words of text columns.
    """

    snapshot: Snapshot
    since_us: int
    blocks: tuple[Columns, ...]
    names: Mapping[str, Names]

    def __len__(self) -> int:
        return sum(map(_length, self.blocks))

    def covers(self, window: Window) -> bool:
        """Say whether every row of a window is here."""
        there = window.snapshot
        here = there is not None and there.snapshot_id == self.snapshot.snapshot_id
        return here and micros(window.since) >= self.since_us

    def between(self, since: datetime, until: datetime) -> list[Columns]:
        """Give the rows of a time, block by block."""
        ends, found = [micros(since), micros(until)], []
        for block in self.blocks:
            first, last = np.searchsorted(block["timestamp"], ends).tolist()
            if first < last:
                found.append(cut(block, slice(first, last)))
        return found

    def later(self, snapshot: Snapshot, added: Columns, most: int) -> Recent:
        """Give the rows as of a later snapshot, which added some to this one.

        The oldest blocks are left out as long as the others have `most` rows.
        """
        fresh = int(np.searchsorted(added["timestamp"], self.since_us))
        blocks = self._merged(cut(added, slice(fresh, None)))
        since_us, count = self.since_us, sum(map(_length, blocks))
        while count - _length(blocks[0]) >= most:
            gone = blocks.pop(0)
            since_us, count = int(gone["timestamp"][-1]) + 1, count - _length(gone)
        return Recent(snapshot, since_us, tuple(blocks), self.names)

    def earlier(self, added: Columns, since_us: int) -> Recent:
        """Give these rows with those of the time before, from `since_us` on."""
        # An empty block has no time, so it is only there as long as there is no other.
        blocks = tuple(block for block in (added, *self.blocks) if _length(block))
        return Recent(self.snapshot, since_us, blocks or self.blocks, self.names)

    def _merged(self, added: Columns) -> list[Columns]:
        """Put each row into the block of its time; most come into the last one."""
        begins = [int(block["timestamp"][0]) for block in self.blocks[1:]]
        cuts = np.searchsorted(added["timestamp"], begins).tolist()
        ends = zip([0, *cuts], [*cuts, _length(added)], strict=True)
        blocks = [
            _with(block, cut(added, slice(*own)))
            for block, own in zip(self.blocks, ends, strict=True)
        ]
        if _length(blocks[-1]) > BLOCK_ROWS:
            last, half = blocks.pop(), BLOCK_ROWS // 2
            early = {name: column[:-half].copy() for name, column in last.items()}
            blocks += [early, cut(last, slice(-half, None))]
        return blocks


def cut(block: Columns, rows: slice) -> Columns:
    """Give some of the rows of a block."""
    return {name: column[rows] for name, column in block.items()}


def columns_of(rows: Sequence[Sequence[Any]], names: Mapping[str, Names]) -> Columns:
    """Lay rows out as columns, the oldest first; times are texts as Trino sends them."""
    cells = list(zip(*rows, strict=True)) or [()] * len(TYPES)
    laid = {
        name: _column(given, kind, names.get(name))
        for (name, kind), given in zip(TYPES.items(), cells, strict=True)
    }
    order = np.argsort(laid["timestamp"], kind="stable")
    return {name: column[order] for name, column in laid.items()}


def _column(given: Sequence[Any], kind: str, names: Names | None) -> Array:
    if names is not None:
        return names.numbers(given)
    if kind == "timestamp":
        return np.array(given, "datetime64[us]").astype(np.int64)
    return np.array(given, _HELD_AS[kind])


def _length(block: Columns) -> int:
    return len(block["timestamp"])


def _with(block: Columns, added: Columns) -> Columns:
    """Put rows among those of a block by event time; most come at its end."""
    if not _length(added):
        return block
    first = int(np.searchsorted(block["timestamp"], added["timestamp"][0], "right"))
    tail = {name: np.concatenate([block[name][first:], added[name]]) for name in block}
    order = np.argsort(tail["timestamp"], kind="stable")
    return {name: np.concatenate([block[name][:first], tail[name][order]]) for name in block}


def new_names() -> dict[str, Names]:
    """Make the words' numbers of every text column."""
    return {name: Names() for name, kind in TYPES.items() if kind == "string"}
