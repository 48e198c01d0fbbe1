"""The publisher's books: what was sent, what was acknowledged, how late it is, what is wrong."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from flightlib.kafka.meter import Meter

MARK_MS = 100
FAR_AHEAD_S = 5.0


@dataclass(frozen=True, slots=True, repr=False)
class PublisherStatus:
    """What a publisher has done so far; `str()` gives it as one line.

    `sent` counts reports handed to Kafka's client, `acknowledged` those that Kafka has written,
    `errors` those that were given up. `rate_per_s` is of acknowledged reports over the last five
    seconds. `lag_s` is how long ago the oldest report not yet acknowledged was due. `poison` says
    how many of those sent were no reports, but bytes that a scenario put among them.
    """

    topic: str
    running: bool
    sent: int
    acknowledged: int
    errors: int
    rate_per_s: float
    lag_s: float
    ahead_s: float
    last_error: str | None
    poison: int = 0

    def __repr__(self) -> str:
        """Say it in one line."""
        doing = f"publishing {self.rate_per_s:,.0f} reports/s" if self.running else "stopped"
        parts = [
            f"{self.topic}: {doing}",
            f"{self.sent:,} sent",
            f"{self.acknowledged:,} acknowledged",
        ]
        if self.poison:
            parts.append(f"{self.poison:,} of them poison")
        if self.errors:
            parts.append(f"{self.errors:,} lost")
        if self.running:
            parts.append(f"lag {self.lag_s:.1f} s")
        if self.running and self.ahead_s > FAR_AHEAD_S:
            parts.append(f"next report is due in {self.ahead_s:,.0f} s")
        if self.last_error:
            parts.append(self.last_error)
        return " · ".join(parts)


class Ledger:
    """Keeps the counts of one publisher; one thread writes, any thread may read."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.sent = self.acknowledged = self.errors = self.poison = 0
        self.trouble: str | None = None
        self._lasting: str | None = None
        self.due_ms: int | None = None
        self._marks: deque[tuple[int, int]] = deque()
        self._meter = Meter()

    def waits_for(self, due_ms: int | None) -> None:
        """Note when the report in hand is due; None when no report is in hand."""
        self.due_ms = due_ms

    def handed_over(self, due_ms: int, poison: bool = False) -> None:
        """Count a report given to Kafka's client, due at `due_ms`, or poison among them."""
        self.sent += 1
        self.poison += poison
        if not self._marks or due_ms - self._marks[-1][1] >= MARK_MS:
            self._marks.append((self.sent, due_ms))

    def all_handed_over(self, due_ms: Sequence[int]) -> None:
        """Count reports given to Kafka's client, by their due times, which never go back."""
        at = 0
        while at < len(due_ms):
            if not self._marks or due_ms[at] - self._marks[-1][1] >= MARK_MS:
                self._marks.append((self.sent + at + 1, due_ms[at]))
            at = bisect_left(due_ms, self._marks[-1][1] + MARK_MS, at)
        self.sent += len(due_ms)

    def acknowledge(self, now_ms: int, count: int = 1) -> None:
        """Count reports that Kafka has written: whatever was wrong is over."""
        self.acknowledged += count
        self.trouble = None
        self._meter.add(count, now_ms)
        self._settle()

    def give_up(self, why: str) -> None:
        """Count a report that will never be written, and say why."""
        self.errors += 1
        self.remember(why)
        self._settle()

    def remember(self, why: str) -> None:
        """Keep a trouble in the status for good: the next acknowledgement does not mend it."""
        self._lasting = why

    def _settle(self) -> None:
        # A mark says: from report number n on, due at t. It is settled when n is.
        settled = self.acknowledged + self.errors
        while len(self._marks) > 1 and settled + 1 >= self._marks[1][0]:
            self._marks.popleft()
        if settled >= self.sent:
            self._marks.clear()

    def status(self, now_ms: int, running: bool) -> PublisherStatus:
        """Sum up the books as they are now."""
        marks = list(self._marks)[:1]
        dues = [due for _, due in marks] + ([] if self.due_ms is None else [self.due_ms])
        oldest = min(dues, default=now_ms)
        return PublisherStatus(
            topic=self.topic,
            running=running,
            sent=self.sent,
            acknowledged=self.acknowledged,
            errors=self.errors,
            rate_per_s=self._meter.per_s(now_ms) if running else 0.0,
            lag_s=max(0.0, (now_ms - oldest) / 1000) if running else 0.0,
            ahead_s=max(0.0, (oldest - now_ms) / 1000) if running else 0.0,
            last_error=self.trouble or self._lasting,
            poison=self.poison,
        )
