"""Blocks that were planned along with others, for when they begin."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.hops import Hops

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Blocks that were planned and not yet begun: slots, their blocks, the hops of these."""

    slots: Ints
    block: Ints
    hops: Hops

    @classmethod
    def none(cls) -> Ahead:
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, no_hops(0))

    def find(self, slots: Ints, block: Ints) -> Ints:
        """Say where blocks of slots are among these, -1 where they are not."""
        order = np.argsort(self.slots)
        at = np.searchsorted(self.slots, slots, sorter=order)
        at = np.concatenate([order, [-1]])[at]
        found = (at >= 0) & (len(self.slots) > 0)
        found[found] = (self.slots[at[found]] == slots[found]) & (
            self.block[at[found]] == block[found]
        )
        return np.where(found, at, -1)


def no_hops(count: int) -> Hops:
    """Make a table of so many blocks without any hop."""
    return Hops(**{f.name: np.zeros((count, 1), _dtype(f.type)) for f in fields(Hops)})


def _dtype(annotation: object) -> str:
    """Read the element type out of a field of Hops, such as NDArray[np.int16]."""
    return str(annotation).split("np.")[1].rstrip("]")
