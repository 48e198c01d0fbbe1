"""The hub: the newest picture of every flight, and what changed since any moment.

Pure: no clock, no thread, no Kafka. Times come in as arguments. Every accepted change gets the
next sequence number; a `View` is the part of the hub that one filter lets through.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from types import NoneType
from typing import Any, NamedTuple

from flightlib import records
from flightlib.backend.filters import Filter
from flightlib.errors import RecordError

Flight = dict[str, Any]

SILENT_MS = 60_000
FUTURE_MS = 300_000
REMEMBER = 20_000
NUMBERS = (
    "latitude",
    "longitude",
    "altitude",
    "heading",
    "ground_speed",
    "vertical_speed",
    "departure_delay",
    "arrival_delay",
    "progress_percent",
    "timestamp",
)
WORDS = (
    "flight_id",
    "callsign",
    "aircraft_type",
    "registration",
    "operator",
    "origin",
    "destination",
    "phase",
    "status",
    "region",
)
KEYS = WORDS + NUMBERS
KINDS = ((str, NoneType),) * len(WORDS) + ((int, float, NoneType),) * len(NUMBERS)


def picture(report: dict[str, Any]) -> Flight:
    """Take from a decoded report what a stream shows of a flight.

    Raises RecordError when the report lacks an id, a position on Earth or a time.
    """
    values = list(map(report.get, KEYS))
    if not all(map(isinstance, values, KINDS)):
        raise _refused(values)
    flight: Flight = dict(zip(KEYS, values, strict=True))
    if not flight["flight_id"] or not isinstance(flight["timestamp"], int):
        raise RecordError("a report has no flight_id or no timestamp")
    latitude, longitude = flight["latitude"], flight["longitude"]
    if not _within(latitude, 90) or not _within(longitude, 180):
        raise RecordError(f"a report's position cannot be {latitude!r}, {longitude!r}")
    flight["region"] = flight["region"] or records.region(latitude, longitude)
    return flight


def _refused(values: list[Any]) -> RecordError:
    """Name the first value that a stream cannot show, and what is allowed."""
    told = zip(KEYS, values, KINDS, strict=True)
    key, value, _ = next(one for one in told if not isinstance(one[1], one[2]))
    allowed = "str" if key in WORDS else "float"
    return RecordError(f"a report's {key} cannot be {value!r}; allowed: {allowed}")


def _within(degrees: Any, limit: float) -> bool:
    return isinstance(degrees, int | float) and math.isfinite(degrees) and abs(degrees) <= limit


@dataclass(slots=True)
class Entry:
    """One flight as the hub holds it."""

    flight: Flight
    seq: int
    received_ms: int


class Hub:
    """Holds the newest state of each flight of one topic, in order of last change."""

    def __init__(self) -> None:
        self.seq = 0
        self.floor = 0
        self.newest_ms: int | None = None
        self.entries: dict[str, Entry] = {}
        self._removed: dict[str, int] = {}

    def apply(self, flight: Flight, received_ms: int) -> bool:
        """Take in a newer state of a flight; False for one that is late, and so not news.

        A late report moves nothing, but shows that its flight is not silent.
        Raises RecordError for a report from the future: it would hold its flight still.
        """
        if flight["timestamp"] > received_ms + FUTURE_MS:
            ahead_s = (flight["timestamp"] - received_ms) / 1000
            raise RecordError(f"a report's timestamp lies {ahead_s:,.0f} s in the future")
        flight_id = flight["flight_id"]
        held = self.entries.get(flight_id)
        if held is not None and flight["timestamp"] <= held.flight["timestamp"]:
            held.received_ms = max(held.received_ms, received_ms)
            return False
        self.seq += 1
        # Taken out and put in again: the entries stay in order of their last change.
        self.entries.pop(flight_id, None)
        self.entries[flight_id] = Entry(flight, self.seq, received_ms)
        self._removed.pop(flight_id, None)
        self.newest_ms = max(self.newest_ms or 0, flight["timestamp"])
        return True

    def sweep(self, now_ms: int) -> int:
        """Remove the flights that were silent for a minute; return how many."""
        silent = [i for i, e in self.entries.items() if now_ms - e.received_ms >= SILENT_MS]
        for flight_id in silent:
            self.seq += 1
            del self.entries[flight_id]
            self._removed[flight_id] = self.seq
        while len(self._removed) > REMEMBER:
            self.floor = self._removed.pop(next(iter(self._removed)))
        return len(silent)

    def news_since(self, seq: int) -> list[tuple[int, str]]:
        """List (seq, flight_id) of what changed or was removed after `seq`, oldest first."""
        changed = takewhile(lambda e: e.seq > seq, reversed(self.entries.values()))
        removed = takewhile(lambda r: r[1] > seq, reversed(self._removed.items()))
        news = [(e.seq, str(e.flight["flight_id"])) for e in changed]
        return sorted(news + [(n, flight_id) for flight_id, n in removed])


class Change(NamedTuple):
    """What differs between two moments of a view."""

    flights: list[Flight]
    gone: list[str]


class View:
    """The flights of a hub that pass one filter, and those that no longer do.

    `catch_up` brings it to the hub's present; `since(n)` then tells what changed after `n`,
    which is possible for every n from `floor` on.
    """

    def __init__(self, hub: Hub, chosen: Filter) -> None:
        self._hub, self._chosen = hub, chosen
        self._start_over()

    def _start_over(self) -> None:
        chosen = self._chosen
        self._shown = {
            i: e.seq for i, e in self._hub.entries.items() if chosen.lets_through(e.flight)
        }
        self._gone: dict[str, int] = {}
        self.seq = self.floor = self._hub.seq

    def catch_up(self) -> None:
        """Follow the hub to its present state."""
        if self.seq < self._hub.floor:
            self._start_over()
            return
        for seq, flight_id in self._hub.news_since(self.seq):
            was_shown = self._shown.pop(flight_id, None) is not None
            entry = self._hub.entries.get(flight_id)
            if entry is not None and self._chosen.lets_through(entry.flight):
                self._shown[flight_id] = seq
                self._gone.pop(flight_id, None)
            elif was_shown:
                self._leave(flight_id, seq)
        self.seq = self._hub.seq

    def _leave(self, flight_id: str, seq: int) -> None:
        self._gone.pop(flight_id, None)
        self._gone[flight_id] = seq
        if len(self._gone) > REMEMBER:
            self.floor = max(self.floor, self._gone.pop(next(iter(self._gone))))

    def flights(self) -> list[Flight]:
        """List every flight shown now."""
        return [self._hub.entries[i].flight for i in self._shown]

    def since(self, seq: int) -> Change:
        """Tell what a client that knows the view of `seq` needs in order to be up to date."""
        shown = takewhile(lambda item: item[1] > seq, reversed(self._shown.items()))
        gone = takewhile(lambda item: item[1] > seq, reversed(self._gone.items()))
        entries = self._hub.entries
        return Change([entries[i].flight for i, _ in shown], [i for i, _ in gone])


def take(hub: Hub, reports: Iterable[tuple[dict[str, Any], int]]) -> list[str]:
    """Apply decoded reports with their receive times; return why some were refused."""
    refused = []
    for report, received_ms in reports:
        try:
            hub.apply(picture(report), received_ms)
        except RecordError as error:
            refused.append(str(error))
    return refused
