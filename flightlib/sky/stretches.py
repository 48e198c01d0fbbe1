"""The pieces of aircraft with what belongs to them; some are found before their time, and kept.

Finding pieces takes about as long for one aircraft as for hundreds, so a cursor finds along those
that begin next. A piece is what it is whenever it is found: keeping it changes nothing but when
the work is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.pieces import HopRows, Pieces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
_Table = TypeVar("_Table", HopRows, Pieces)

# A time and a slot in one whole number: 2^38 ms are more than eight years.
_SPAN_MS = 1 << 38


@dataclass(frozen=True, slots=True)
class Stretches:
    """What aircraft do for a while, one element each: the block and the hop, and the piece in it.

    `lift` is the flight's lift-off and `due` its scheduled touchdown, in ms from the block's
    start like the times of `hops` and `pieces`.
    """

    slots: Ints
    block: Ints
    hop: Ints
    hops: HopRows
    pieces: Pieces
    lift: Ints
    due: Ints

    def __len__(self) -> int:
        return len(self.slots)

    @property
    def from_ms(self) -> Floats:
        """Say when they begin, in ms since 1970."""
        return self.hops.block_ms + self.pieces.valid_from

    @property
    def to_ms(self) -> Floats:
        """Say when they are over, in ms since 1970."""
        return self.hops.block_ms + self.pieces.valid_to

    def take(self, rows: Ints) -> Stretches:
        """Pick some by number."""
        return Stretches(
            slots=self.slots[rows],
            block=self.block[rows],
            hop=self.hop[rows],
            hops=_taken(self.hops, rows),
            pieces=_taken(self.pieces, rows),
            lift=self.lift[rows],
            due=self.due[rows],
        )


def _taken(table: _Table, rows: Ints) -> _Table:
    columns: dict[str, Any] = {f.name: getattr(table, f.name)[..., rows] for f in fields(table)}
    return type(table)(**columns)


def _joined(found: Sequence[Any]) -> Any:
    """Join tables, and the tables in them, one after the other."""
    first: Any = found[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(found, axis=-1)
    parts = {f.name: _joined([getattr(one, f.name) for one in found]) for f in fields(first)}
    return type(first)(**parts)


class Kept:
    """Stretches kept for the time from `since_ms` to `until_ms` (ms since 1970), in any order."""

    def __init__(self, found: Sequence[Stretches] = (), since_ms: int = 0, until_ms: float = 0):
        self._since_ms, self._until_ms = since_ms, until_ms
        self._found: Stretches | None = _joined(found) if found else None
        if self._found is not None:
            keys = self._key(self._found.slots, np.ceil(self._found.from_ms))
            self._order = np.argsort(keys)
            self._sorted = keys[self._order]

    def serves(self, time_ms: Ints) -> bool:
        """Tell whether all of these times are such as they are kept for."""
        return bool(((time_ms >= self._since_ms) & (time_ms < self._until_ms)).all())

    def find(self, slots: Ints, block: Ints, time_ms: Ints) -> tuple[Stretches | None, Bools]:
        """Pick the stretches of slots at times; tell for which slots there are any."""
        known = self._found
        if known is None:
            return None, np.zeros(len(slots), dtype=bool)
        last = np.searchsorted(self._sorted, self._key(slots, time_ms), side="right") - 1
        at = self._order[last]
        # What begins last before a time may be another's, or over by then.
        fits = (last >= 0) & (known.slots[at] == slots) & (known.block[at] == block)
        fits &= (known.from_ms[at] <= time_ms) & (time_ms < known.to_ms[at])
        return known.take(at[fits]), fits

    def _key(self, slots: Ints, time_ms: Any) -> Ints:
        """Number slots and times so that they sort by slot, and then by time."""
        since_ms = np.clip(time_ms - self._since_ms, 0, _SPAN_MS - 1)
        result: Ints = slots * _SPAN_MS + since_ms.astype(np.int64)
        return result
