"""Turn the columns of a picture into flight reports, stamped by the reader's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.records import PHASES, STATUSES, FlightReport
from flightlib.sky.cursor import Columns

Ints = NDArray[np.int64]

# No receiver hears the middle of the North Atlantic: south, west, north, east in degrees.
OCEAN = (28.0, -50.0, 63.0, -15.0)
_CANCELLED = STATUSES.index("CANCELLED")


@dataclass(frozen=True, slots=True)
class Clock:
    """Two clocks that agree at `start_ms`: the sky's runs `speed` times as fast as the reader's."""

    start_ms: int
    speed: float

    def sky_ms(self, reader_ms: Any) -> Any:
        """Say what time it is in the sky."""
        if self.speed == 1.0:
            return reader_ms
        ahead = np.round((reader_ms - self.start_ms) * self.speed)
        return self.start_ms + ahead.astype(np.int64)

    def reader_ms(self, sky_ms: int) -> int:
        """Say when a moment of the sky is (or was, or will be) for the reader."""
        if self.speed == 1.0:
            return sky_ms
        return self.start_ms + round((sky_ms - self.start_ms) / self.speed)


def progress(columns: Columns) -> Ints:
    """Say how much of the route is flown, in percent: none of a cancelled flight's."""
    return np.where(columns.status == _CANCELLED, 0, columns.progress_percent)


def to_reports(columns: Columns, stamps: Ints, clock: Clock) -> list[FlightReport]:
    """Make the reports of a picture, in its order, with their own timestamps."""
    moving = (
        columns.labels,
        stamps.tolist(),
        columns.latitude.tolist(),
        columns.longitude.tolist(),
        columns.altitude.tolist(),
        columns.heading.tolist(),
        columns.ground_speed.tolist(),
        columns.vertical_speed.tolist(),
        columns.phase.tolist(),
        columns.status.tolist(),
        progress(columns).tolist(),
    )
    return [_report(clock, row) for row in zip(*moving, strict=True)]


def _report(clock: Clock, row: tuple[Any, ...]) -> FlightReport:
    label, stamp, latitude, longitude, altitude, heading, speed, vertical, *words = row
    phase, status, percent = words
    cancelled = status == _CANCELLED
    return FlightReport(
        flight_id=label.flight_id,
        callsign=label.callsign,
        ident_iata=label.ident_iata,
        registration=label.registration,
        aircraft_type=label.aircraft_type,
        operator=label.operator,
        latitude=latitude,
        longitude=longitude,
        altitude=altitude,
        heading=heading,
        ground_speed=speed,
        vertical_speed=vertical,
        altitude_change="C" if vertical > 0 else "D" if vertical < 0 else "-",
        update_type=None if cancelled else _heard(phase, latitude, longitude, label.lift_off),
        phase=PHASES[phase],
        origin=label.origin,
        destination=label.destination,
        diverted_to=label.diverted_to,
        status=STATUSES[status],
        progress_percent=percent,
        departure_delay=label.departure_delay,
        arrival_delay=label.arrival_delay,
        filed_altitude=label.filed_altitude,
        route_distance=label.route_distance,
        scheduled_off=clock.reader_ms(label.scheduled_off),
        actual_off=clock.reader_ms(label.lift_off) if phase else None,
        estimated_on=None if cancelled else clock.reader_ms(label.estimated_on),
        timestamp=stamp,
    )


def _heard(phase: int, latitude: float, longitude: float, lift_off: int) -> str:
    """Say who heard a report: ground radar, a receiver on land, or over the ocean none of these."""
    if phase in (0, 4):
        return "X"
    if not over_ocean(latitude, longitude):
        return "A"
    # Most ask satellites to listen; the others report by radio every few minutes.
    return "S" if lift_off // 1000 % 10 < 7 else "O"


def over_ocean(latitude: Any, longitude: Any) -> Any:
    """Say whether places lie where no receiver hears them; degrees, one or many."""
    south, west, north, east = OCEAN
    return (south < latitude) & (latitude < north) & (west < longitude) & (longitude < east)
