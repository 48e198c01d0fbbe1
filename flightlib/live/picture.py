"""What a stream has said so far: the flights, and how far they can be trusted. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd

FRESH_S = 3.0
State = Literal["connecting", "live", "silent", "kafka down", "disconnected"]
Flight = dict[str, Any]

COLUMNS = [
    *("flight_id", "callsign", "aircraft_type", "registration", "operator", "origin"),
    *("destination", "latitude", "longitude", "altitude", "heading", "ground_speed"),
    *("vertical_speed", "phase", "status", "region", "departure_delay", "arrival_delay"),
    *("progress_percent", "timestamp"),
]


@dataclass(frozen=True, repr=False)
class Freshness:
    """How far a stream can be trusted at one moment."""

    flights: int
    reports_per_s: float
    age_s: float | None  # now minus the time of the newest report; None before the first
    state: State
    message: str
    since_ms: int  # when this state began

    @property
    def is_fresh(self) -> bool:
        """Whether the newest report is but a moment old: what lay waiting has been read."""
        return self.age_s is not None and self.age_s < FRESH_S

    def __repr__(self) -> str:
        age = "no report yet" if self.age_s is None else f"newest {self.age_s:.1f} s ago"
        line = f"{self.state} · {self.flights:,} flights · {self.reports_per_s:,.0f} reports/s"
        return f"{line} · {age}" + (f" · {self.message}" if self.message else "")


@dataclass(frozen=True)
class Link:
    """How the connection to the backend stands, and since when."""

    state: Literal["connecting", "live", "disconnected"]
    message: str
    since_ms: int


@dataclass(frozen=True)
class Picture:
    """The flights a stream has told of; every event gives a new picture."""

    flights: Mapping[str, Flight] = field(default_factory=dict)
    newest_ms: int | None = None
    reports_per_s: float = 0.0
    kafka: str = "up"
    kafka_message: str = ""
    kafka_since_ms: int = 0
    heard_ms: int = 0  # when flights were last received

    def after(self, event: str, data: Mapping[str, Any], now_ms: int) -> Picture:
        """Give the picture as one event changes it; an unknown event changes nothing."""
        if event == "state":
            return self._told(str(data.get("kafka", "up")), str(data.get("message", "")), now_ms)
        if event not in ("snapshot", "update"):
            return self
        arrived = {flight["flight_id"]: flight for flight in data["flights"]}
        flights = arrived if event == "snapshot" else {**self.flights, **arrived}
        for flight_id in data.get("gone", ()):
            flights.pop(flight_id, None)
        newest = data.get("newest_ms")
        return replace(
            self,
            flights=flights,
            newest_ms=self.newest_ms if newest is None else int(newest),
            reports_per_s=float(data.get("reports_per_s") or 0),
            heard_ms=now_ms,
        )

    def _told(self, kafka: str, message: str, now_ms: int) -> Picture:
        since = self.kafka_since_ms if kafka == self.kafka else now_ms
        return replace(self, kafka=kafka, kafka_message=message, kafka_since_ms=since)

    def freshness(
        self, link: Link, quiet_s: float, now_ms: int, filtered: bool = False
    ) -> Freshness:
        """Judge this picture at one moment; `quiet_s` without flights counts as silence.

        Of a `filtered` stream nothing may come because nothing passes.
        """
        state, message, since = self._condition(link, quiet_s, now_ms, filtered)
        age = None if self.newest_ms is None else max(0.0, (now_ms - self.newest_ms) / 1000)
        rate = self.reports_per_s if state == "live" else 0.0
        return Freshness(len(self.flights), rate, age, state, message, since)

    def _condition(
        self, link: Link, quiet_s: float, now_ms: int, filtered: bool
    ) -> tuple[State, str, int]:
        if link.state != "live":
            return link.state, link.message, link.since_ms
        if self.kafka == "down":
            return "kafka down", self.kafka_message, self.kafka_since_ms
        if self.kafka == "waiting":
            return "silent", self.kafka_message, self.kafka_since_ms
        heard = max(self.heard_ms, link.since_ms)
        if filtered and not self.flights and self.heard_ms >= link.since_ms:
            return "silent", "No flight passes the filter, or nobody publishes.", heard
        if now_ms - heard > quiet_s * 1000:
            return "silent", "No report comes in. Is a publisher running?", heard
        if self.heard_ms < link.since_ms:
            return "connecting", "Connected, waiting for flights.", link.since_ms
        if not self.flights:
            return "silent", "No flight has reported yet. Is a publisher running?", heard
        return "live", "", link.since_ms


def to_frame(flights: Mapping[str, Flight]) -> pd.DataFrame:
    """Lay flights out as a table, one row each, for pandas and for the charts.

    Columns are those of the stream; `timestamp` becomes UTC time, altitude is feet, speeds are
    knots and feet per minute, delays are seconds.
    """
    table = pd.DataFrame(list(flights.values()), columns=COLUMNS)
    table["timestamp"] = pd.to_datetime(table["timestamp"], unit="ms", utc=True)
    return table
