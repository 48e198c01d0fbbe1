"""Tell the flights of each aircraft apart, and fill in what a receiver does not hear.

What a recording of positions lacks is filled in plainly: a flight is named by its callsign (or
the aircraft's address), the second it was first seen, and "replay"; a silence of more than half
an hour, another callsign, or a mark of the recording begins a new flight. The operator is the
callsign's first three letters, if a digit follows. Above 300 ft/min a flight climbs, below -300
it descends, else it cruises; on the ground it taxis, or has landed if it flew before. A missing
callsign, altitude, speed or heading is the last known of that flight, else 0. Status is ON_TIME.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from flightlib.replay.columns import columns
from flightlib.replay.recording import plain

SILENCE_MS = 30 * 60_000
LEVEL_FT_MIN = 300.0
MARKER = "replay"
_OPERATOR = re.compile(r"[A-Z]{3}(?=\d)")
_ASKED = (
    *("timestamp", "icao24", "callsign", "flight_id", "new_flight", "on_ground"),
    *("altitude", "ground_speed", "heading", "vertical_speed"),
)
_MADE = (
    *("flight_id", "callsign", "operator", "altitude", "heading", "ground_speed"),
    *("vertical_speed", "altitude_change", "phase"),
)


@dataclass(slots=True)
class _Flight:
    """What is known of a flight so far."""

    name: str
    given: str | None
    callsign: str | None
    seen_ms: int
    flown: bool = False
    altitude: float = 0.0
    speed: float = 0.0
    heading: float = 0.0


class Flights:
    """Turns rows of positions, in the order of time, into flight reports; called piece by piece."""

    def __init__(self) -> None:
        self._newest: dict[str, _Flight] = {}

    def __call__(self, table: pa.Table) -> pa.Table:
        """Give the same rows with the columns of a recording."""
        rows = zip(*(plain(table[n].combine_chunks()) for n in _ASKED), strict=True)
        made = list(zip(*(self._row(*row) for row in rows), strict=True)) or [()] * len(_MADE)
        ours: dict[str, Any] = dict(zip(_MADE, made, strict=True))
        ours["status"] = ["ON_TIME"] * table.num_rows
        ours["update_type"] = ["A"] * table.num_rows
        return pa.table([self._column(f, ours, table) for f in columns()], schema=columns())

    @staticmethod
    def _column(field: pa.Field, ours: dict[str, Any], table: pa.Table) -> Any:
        if field.name in ours:
            return pa.array(ours[field.name], field.type)
        if field.name in table.column_names:
            return table[field.name].cast(field.type)
        return pa.nulls(table.num_rows, field.type)

    def _row(
        self,
        stamp: int,
        icao24: str | None,
        callsign: str | None,
        given: str | None,
        new: bool,
        on_ground: bool,
        altitude: float | None,
        speed: float | None,
        heading: float | None,
        rate: float | None,
    ) -> tuple[Any, ...]:
        flight = self._flight(stamp, icao24, callsign, given, new)
        flight.flown |= not on_ground
        flight.speed = flight.speed if speed is None else speed
        flight.heading = flight.heading if heading is None else heading
        if altitude is not None or on_ground:
            flight.altitude = altitude or 0.0
        rate = rate or 0.0
        known = flight.callsign or (icao24 or flight.name).upper()
        operator = _OPERATOR.match(known)
        change = "C" if rate > LEVEL_FT_MIN else "D" if rate < -LEVEL_FT_MIN else "-"
        return (
            *(flight.name, known, operator.group() if operator else None),
            *(round(flight.altitude), flight.heading, flight.speed),
            *(rate, change, _phase(on_ground, flight.flown, change)),
        )

    def _flight(
        self, stamp: int, icao24: str | None, callsign: str | None, given: str | None, new: bool
    ) -> _Flight:
        key = icao24 or given or callsign or ""
        flight = self._newest.get(key)
        if flight is None or new or _another(flight, stamp, callsign, given):
            name = given or f"{callsign or key}-{stamp // 1000}-{MARKER}"
            flight = self._newest[key] = _Flight(name, given, callsign, stamp)
        flight.seen_ms = stamp
        flight.callsign = flight.callsign or callsign
        return flight


def _another(flight: _Flight, stamp: int, callsign: str | None, given: str | None) -> bool:
    if given or flight.given:
        return given != flight.given
    renamed = callsign and flight.callsign and callsign != flight.callsign
    return bool(renamed) or stamp - flight.seen_ms > SILENCE_MS


def _phase(on_ground: bool, flown: bool, change: str) -> str:
    if on_ground:
        return "LANDED" if flown else "TAXI"
    return {"C": "CLIMB", "D": "DESCENT"}.get(change, "CRUISE")
