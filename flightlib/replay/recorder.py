"""`record`: keep what is published to a topic in a Parquet file, to play it again."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from flightlib.errors import EngineDown, RecordingError, SettingError, TopicError, not_allowed
from flightlib.kafka import (
    TOPICS,
    Reader,
    Taken,
    now_ms,
    offsets_at,
    watermarks,
)
from flightlib.replay.columns import NO_REPORT, to_table
from flightlib.replay.draft import Draft
from flightlib.replay.moments import BEGINNING, NOW, Moment, epoch_ms
from flightlib.replay.recording import CUT_SHORT, Recording
from flightlib.settings import Settings, load

WAIT_S = 0.2
BATCH_ROWS = 5000
PATIENCE_S = 60.0
"""How long a Kafka may be away, or silent, before a recording ends without its end."""
NOTE_S = 1.0
JUST_NOW_MS = 1000


Note = Callable[[int, Mapping[str, int]], None]


class Source(Protocol):
    """What a topic is read through."""

    def take(self, wait_s: float) -> list[Taken]:
        """Give what has come, after at most so many seconds."""

    @property
    def reached(self) -> Mapping[int, int]:
        """The next offset of each partition that had no more, past what is no message."""


def record(
    topic: str = "flights",
    path: str | Path = "flights.parquet",
    seconds: float | None = None,
    until: Moment | None = None,
    since: Moment = NOW,
    settings: Settings | None = None,
    note: Note = lambda rows, skipped: None,
) -> Recording:
    """Record a topic to a Parquet file: `fl.record("flights", "sky.parquet", seconds=60)`.

    It begins `since` now, "beginning", "5m" ago or a time, and ends after `seconds`, at `until`
    ("now" for what is there already, or a time), or when it is interrupted: then the file is
    closed with what was there; so it is when Kafka gives nothing for a minute before the end is
    reached, and `cut_short` says so. The file has its name only when it is closed, and replaces an
    older one. Messages that are no flight report are counted. `note` hears each second of the rows.

    Raises EngineDown, TopicError for a topic that does not exist, SettingError for an argument
    that is not allowed, and RecordingError when nothing was recorded.
    """
    settings = settings or load()
    _check_topic(topic)
    if seconds is not None and not 0 < seconds < 1e9:
        raise SettingError(f"seconds cannot be {seconds!r}; allowed: a number above 0.")
    asked_ms = now_ms()
    since_ms = epoch_ms("since", since, asked_ms)
    ends = [asked_ms + int(seconds * 1000)] if seconds is not None else []
    ends += [epoch_ms("until", until, asked_ms)] if until is not None else []
    start = _start(settings, topic, since, since_ms)
    span = Span(start, min(ends, default=None), lambda ms: _end(settings, topic, ms))
    draft = Draft(Path(path).expanduser())
    try:
        with closing(Reader(topic, start, settings)) as source:
            return keep(source, span, draft, topic, note)
    finally:
        draft.drop()


def _check_topic(topic: str) -> None:
    names = [name for name, planned in TOPICS.items() if planned.record == TOPICS["flights"].record]
    if topic not in names:
        raise SettingError(not_allowed("A topic to record", topic, names))


def _start(settings: Settings, topic: str, since: Moment, since_ms: int) -> dict[int, int]:
    if since in (NOW, BEGINNING):
        return {p: ends[since == NOW] for p, ends in watermarks(topic, settings).items()}
    return offsets_at(settings, topic, since_ms)


def _end(settings: Settings, topic: str, until_ms: int) -> dict[int, int]:
    """Give the offsets of a moment; if it came just now, of all that is there."""
    if now_ms() - until_ms < JUST_NOW_MS:
        return {p: high for p, (_, high) in watermarks(topic, settings).items()}
    return offsets_at(settings, topic, until_ms)


class Span:
    """From which offsets to which: the end is known once its moment (epoch ms) has come."""

    def __init__(
        self,
        start: Mapping[int, int],
        until_ms: int | None,
        offsets: Callable[[int], Mapping[int, int]],
        clock: Callable[[], int] = now_ms,
    ) -> None:
        self._next, self._ends = dict(start), dict[int, int]()
        self._until_ms, self._offsets, self._clock = until_ms, offsets, clock
        self._known = False

    def look(self) -> None:
        """Ask for the end if its moment has come; a Kafka that is away is asked again next time."""
        if self._until_ms is not None and not self._known and self.due:
            with suppress(EngineDown, TopicError):  # one that restarts has no topics at first
                self._ends = dict(self._offsets(self._until_ms))
                self._known = True

    def reach(self, reached: Mapping[int, int]) -> None:
        """Note how far has been read where there are no messages."""
        for partition, offset in reached.items():
            self._next[partition] = max(offset, self._next.get(partition, 0))

    def holds(self, taken: Taken) -> bool:
        """Note a message as read, and say whether it belongs to what is recorded."""
        self._next[taken.partition] = taken.offset + 1
        return not self._known or taken.offset < self._ends.get(taken.partition, 0)

    @property
    def due(self) -> bool:
        """Whether the moment of the end has come."""
        return self._until_ms is not None and self._clock() >= self._until_ms

    @property
    def unknown(self) -> bool:
        """Whether the end has come, and Kafka has not said yet where it is."""
        return self.due and not self._known

    @property
    def over(self) -> bool:
        """Whether all has been read."""
        reached = (self._next.get(p, 0) >= end for p, end in self._ends.items())
        return self._known and all(reached)


def keep(
    source: Source,
    span: Span,
    draft: Draft,
    topic: str,
    note: Note = lambda rows, skipped: None,
    clock_s: Callable[[], float] = time.monotonic,
) -> Recording:
    """Read a span to its end, or until it is interrupted or Kafka is silent, and make the file.

    Raises RecordingError when there was nothing.
    """
    skipped = Counter[str]()
    with _ctrl_c_noted() as enough:
        whole = _read(source, span, draft, skipped, enough, note, clock_s)
    if not draft.rows:
        passed = f"; {sum(skipped.values()):,} messages were no flight reports" if skipped else ""
        passed += "" if whole else f"; {CUT_SHORT}"
        raise RecordingError(
            f"Nothing came to {topic}{passed}. No file was written; publish reports with "
            "`flightlib generate`."
        )
    stopped = enough.is_set()
    return draft.finish(f"topic {topic}", skipped, stopped, cut_short=not (whole or stopped))


def _read(
    source: Source,
    span: Span,
    draft: Draft,
    skipped: Counter[str],
    enough: threading.Event,
    note: Note,
    clock_s: Callable[[], float],
) -> bool:
    """Put what comes into a draft; say whether it was read to the end, or interrupted."""
    waiting: list[dict[str, Any]] = []
    heard_s = noted_s = clock_s()
    while not (span.over or enough.is_set()):
        span.look()
        taken = [one for one in _take(source, span) if span.holds(one)]
        now_s = clock_s()
        heard_s = now_s if taken or not span.due else heard_s
        waiting += [row for one in taken if (row := _row(one, skipped)) is not None]
        span.reach(source.reached)
        if len(waiting) >= BATCH_ROWS:
            waiting = _put(draft, waiting, skipped)
        if now_s - noted_s >= NOTE_S:
            noted_s = now_s
            note(draft.rows + len(waiting), skipped)
        if now_s - heard_s > PATIENCE_S:
            break
    _put(draft, waiting, skipped)
    return span.over or enough.is_set()


def _take(source: Source, span: Span) -> list[Taken]:
    """Take what has come; while nobody knows where the end is, it stays where it lies."""
    if span.unknown:
        time.sleep(WAIT_S)
        return []
    return source.take(WAIT_S)


@contextmanager
def _ctrl_c_noted() -> Iterator[threading.Event]:
    """Note Ctrl-C instead of breaking off within a batch, which would be lost or kept twice."""
    enough = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield enough  # only the main thread hears of signals
        return
    before = signal.signal(signal.SIGINT, lambda *_: enough.set())
    try:
        yield enough
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _row(taken: Taken, skipped: Counter[str]) -> dict[str, Any] | None:
    if taken.report is None:
        skipped[NO_REPORT] += 1
        return None
    written_ms = taken.report.get("timestamp") if taken.written_ms is None else taken.written_ms
    where = {"written_ms": written_ms, "partition": taken.partition, "offset": taken.offset}
    return {**taken.report, **where}


def _put(draft: Draft, rows: list[dict[str, Any]], skipped: Counter[str]) -> list[dict[str, Any]]:
    if rows:
        table, bad = to_table(rows)
        draft.add(table)
        skipped.update(bad)
    return []
