"""What a flight is called and what its plan says: everything of a report that does not move."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.fleet import Fleet
from flightlib.sky.geodesy import STATUTE_MILES_PER_NM, distance_nm
from flightlib.sky.hashing import uniform
from flightlib.sky.hops import AWAY, CANCELLED, ONWARD
from flightlib.sky.pieces import HopRows, Pieces

Ints = NDArray[np.int64]

_FLIGHT_NUMBER = 50


class Label(NamedTuple):
    """The fixed half of a flight's reports; times in ms since 1970, delays in seconds."""

    flight_id: str
    callsign: str
    ident_iata: str
    registration: str | None
    aircraft_type: str
    operator: str
    origin: str
    destination: str
    diverted_to: str | None
    filed_altitude: int
    route_distance: int
    scheduled_off: int
    lift_off: int
    estimated_on: int
    departure_delay: int | None
    arrival_delay: int | None


def labels(
    fleet: Fleet,
    slots: Ints,
    hops: HopRows,
    pieces: Pieces,
    schedule: tuple[Ints, Ints],
    block_ms: Ints,
) -> list[Label]:
    """Write the labels of slots' hops; `schedule` is lift-off and scheduled touchdown (block)."""
    lift, scheduled_on = schedule
    points = fleet.network.points
    route_nm = distance_nm(points[:, hops.origin], points[:, hops.destination])
    columns = (
        slots,
        hops.subfleet,
        hops.kind,
        hops.origin,
        hops.destination,
        np.round(pieces.filed_ft / 100).astype(np.int64) * 100,
        np.round(route_nm * STATUTE_MILES_PER_NM).astype(np.int64),
        _flight_numbers(hops),
        block_ms + hops.scheduled_off,
        block_ms + lift,
        block_ms + np.round(pieces.planned_on).astype(np.int64),
        block_ms + scheduled_on,
    )
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [_label(fleet, *row) for row in rows]


def _flight_numbers(hops: HopRows) -> Ints:
    return (uniform(hops.key, _FLIGHT_NUMBER) * 4999).astype(np.int64) + 1


def _label(
    fleet: Fleet,
    slot: int,
    subfleet: int,
    kind: int,
    origin: int,
    destination: int,
    filed_ft: int,
    miles: int,
    number: int,
    off_ms: int,
    lift_ms: int,
    on_ms: int,
    due_ms: int,
) -> Label:
    lines = fleet.network
    operator, aircraft = lines.subfleets[subfleet].operator, lines.subfleets[subfleet].type
    alternate = lines.airports[lines.alternate[destination]].code
    callsign = f"{operator.icao}{number}"
    flies = kind != CANCELLED
    return Label(
        flight_id=f"{callsign}-{off_ms // 1000}-airline-{slot:04d}",
        callsign=callsign,
        ident_iata=f"{operator.iata}{number}",
        # A cancelled flight has no aircraft: it is on the stand of the other end, or elsewhere.
        registration=fleet.registrations[slot] if flies else None,
        aircraft_type=aircraft.code,
        operator=operator.icao,
        origin=alternate if kind == ONWARD else lines.airports[origin].code,
        destination=lines.airports[destination].code,
        diverted_to=alternate if kind == AWAY else None,
        filed_altitude=filed_ft,
        route_distance=miles,
        scheduled_off=off_ms,
        lift_off=lift_ms,
        estimated_on=on_ms,
        departure_delay=(lift_ms - off_ms) // 1000 if flies else None,
        arrival_delay=(on_ms - due_ms) // 1000 if flies else None,
    )
