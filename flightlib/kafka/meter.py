"""A rate over the last few seconds, from counts and the times they belong to."""

from __future__ import annotations

BUCKET_MS = 500


class Meter:
    """Count things in half-second buckets and tell how many came per second lately.

    Only whole buckets count, so a burst once a second reads as a steady rate. Times may come
    out of order: a backlog read late counts in the seconds it belongs to, not in this one.
    """

    def __init__(self, window_s: float = 5.0) -> None:
        self._window = int(window_s * 1000 / BUCKET_MS)
        self._first: int | None = None
        self._counts: dict[int, int] = {}

    def add(self, count: int, at_ms: int) -> None:
        """Count `count` things that happened at `at_ms`, epoch milliseconds."""
        bucket = at_ms // BUCKET_MS
        self._first = bucket if self._first is None else min(self._first, bucket)
        self._counts[bucket] = self._counts.get(bucket, 0) + count
        if len(self._counts) > 4 * self._window:
            oldest = max(self._counts) - 2 * self._window
            self._counts = {b: n for b, n in self._counts.items() if b >= oldest}

    def per_s(self, now_ms: int) -> float:
        """Tell how many things a second happened in the window that ends now."""
        if self._first is None:
            return 0.0
        now = now_ms // BUCKET_MS
        span = min(self._window, now - self._first)
        if span <= 0:
            return 0.0
        counted = sum(n for b, n in list(self._counts.items()) if now - span <= b < now)
        return counted / (span * BUCKET_MS / 1000)
