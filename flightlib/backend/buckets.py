"""Counts of values by size, as Prometheus' histograms want them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence


class Buckets:
    """Counts values into buckets; `bounds` are the largest value of each, in rising order.

    Adding takes well under a microsecond. One thread adds; any may read.
    """

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds, self.total = tuple(bounds), 0.0
        self._counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[str, float]]:
        """Give, for each bound and for infinity, how many values were not larger."""
        told, so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), list(self._counts), strict=True):
            so_far += count
            told.append((bound, float(so_far)))
        return told
