"""What can be asked about the flights in the lake, and over which time: pure, no engine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from flightlib.lake.history import Snapshot

RECENT_MS = 60_000
"""A commit younger than this is the end of a window that is open; an older one tells of a pause."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question in its normal form: two that are equal have the same answer.

    Either `minutes` or `since` says where the window begins. Times are UTC without a zone.
    """

    topic: str  # flights, regions, delays, minutes, density, positions or track
    minutes: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    snapshot: int | None = None
    status: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    min_altitude: int | None = None
    max_altitude: int | None = None
    limit: int = 1000
    by: str = ""
    cell: float = 1.0  # degrees
    flight_id: str = ""

    @property
    def open_ended(self) -> bool:
        """Whether the answer goes on changing while flights are written."""
        return self.until is None and self.snapshot is None


@dataclass(frozen=True, slots=True)
class Window:
    """Where a question is answered: a snapshot (none before the first commit), from, and up to."""

    snapshot: Snapshot | None
    since: datetime  # included
    until: datetime  # left out


def utc(at_ms: int) -> datetime:
    """Give a moment as the lake writes it: UTC, without a zone."""
    return datetime.fromtimestamp(at_ms / 1000, timezone.utc).replace(tzinfo=None)


def placed(question: Question, snapshot: Snapshot | None, now_ms: int) -> Window:
    """Give the window of a question at a snapshot.

    A window without an end ends with the snapshot's commit; once that is a minute old, with the
    last full minute. So equal questions between two commits are one. A snapshot that was asked
    for by its id is always looked at from its own commit.
    """
    until = question.until or _end(question, snapshot, now_ms)
    if question.since is not None:
        # Whoever asks for what came after the last commit is told that nothing did.
        return Window(snapshot, question.since, max(until, question.since))
    return Window(snapshot, until - timedelta(minutes=question.minutes or 0), until)


def _end(question: Question, snapshot: Snapshot | None, now_ms: int) -> datetime:
    if snapshot is not None:
        young = now_ms - snapshot.committed_ms < RECENT_MS
        if young or question.snapshot is not None:
            return utc(snapshot.committed_ms)
    return utc(now_ms - now_ms % 60_000)


def outdated_ms(
    question: Question, window: Window, snapshots: tuple[Snapshot, ...], now_ms: int
) -> int:
    """Say since when a window is not the newest any more; `now_ms` while it is.

    A snapshot that the table has forgotten has been outdated for ever (0).
    """
    if window.snapshot is None:
        return snapshots[0].committed_ms if snapshots else now_ms
    ends: list[int] = []
    for snapshot in reversed(snapshots):  # nearly always it is one of the last
        if snapshot.snapshot_id == window.snapshot.snapshot_id:
            break
        ends = [snapshot.committed_ms]
    else:
        return 0
    if question.open_ended:
        at = window.until.replace(tzinfo=timezone.utc)
        ends.append(max(window.snapshot.committed_ms, int(at.timestamp() * 1000)) + RECENT_MS)
    return min([now_ms, *ends])
