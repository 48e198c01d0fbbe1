"""Pack one picture of the sky for the browser: numbers as 32-bit floats, words only once. Pure.

A frame is twelve columns of little-endian float32, one after the other, a value per flight:
roster index, longitude, latitude and heading (degrees), altitude (feet), ground speed (knots),
vertical speed (ft/min), status and phase (places in `STATUSES` and `PHASES`, -1 unknown),
delay (seconds, NaN unknown), age of the report (seconds), hue of the region.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from flightlib.charts import hue
from flightlib.live import Flight
from flightlib.records import PHASES, STATUSES

COLUMNS = (
    *("index", "longitude", "latitude", "heading", "altitude", "ground_speed"),
    *("vertical_speed", "status", "phase", "delay", "age", "hue"),
)
WORDS = (
    *("flight_id", "callsign", "aircraft_type", "registration", "operator"),
    *("origin", "destination", "region"),
)
NUMBERS = COLUMNS[1:7]
STATUS_CODE = {status: code for code, status in enumerate(STATUSES)}
NOBODY: tuple[Flight | None, tuple[Any, ...]] = (None, ())
PHASE_CODE = {phase: code for code, phase in enumerate(PHASES)}


class Roster:
    """Who is who: a number for every flight, and which words the browser has not been told."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._told: dict[int, tuple[Flight, tuple[Any, ...]]] = {}
        self._next = 0

    def index(self, flight_id: str) -> int:
        """Give a flight its number: the same one for as long as it is in the picture."""
        number = self._numbers.get(flight_id)
        if number is None:
            number = self._numbers[flight_id] = self._next
            self._next += 1
        return number

    def news(self, flights: Mapping[str, Flight]) -> list[list[Any]]:
        """List [number, words...] of flights that are new or have changed, and forget the gone."""
        for gone in self._numbers.keys() - flights.keys():
            self._told.pop(self._numbers.pop(gone), None)
        rows = []
        for flight_id, flight in flights.items():
            number = self.index(flight_id)
            before, told = self._told.get(number, NOBODY)
            if flight is before:  # nothing was heard of it since the last frame
                continue
            words = tuple(map(flight.get, WORDS))
            self._told[number] = (flight, words)
            if words != told:
                rows.append([number, *words])
        return rows

    def forget(self) -> None:
        """Tell everything again: a browser has come anew."""
        self._told.clear()


def pack(flights: Mapping[str, Flight], roster: Roster, now_ms: int) -> bytes:
    """Pack the flights as they are at `now_ms` (epoch milliseconds)."""
    rows = list(flights.values())
    columns = [
        [roster.index(flight["flight_id"]) for flight in rows],
        *([flight.get(name) for flight in rows] for name in NUMBERS),
        [STATUS_CODE.get(flight.get("status", ""), -1) for flight in rows],
        [PHASE_CODE.get(flight.get("phase", ""), -1) for flight in rows],
        [delay_s(flight) for flight in rows],
        [(now_ms - flight["timestamp"]) / 1000 for flight in rows],
        [hue(flight.get("region")) for flight in rows],
    ]
    return np.array(columns, dtype="<f4").tobytes()


def unpack(frame: bytes) -> dict[str, npt.NDArray[np.float32]]:
    """Undo `pack`: the columns by name."""
    table = np.frombuffer(frame, dtype="<f4").reshape(len(COLUMNS), -1)
    return dict(zip(COLUMNS, table, strict=True))


def delay_s(flight: Flight) -> float | None:
    """Give the delay that matters most: on arrival if it is known, else on departure."""
    late = flight.get("arrival_delay")
    return flight.get("departure_delay") if late is None else late
