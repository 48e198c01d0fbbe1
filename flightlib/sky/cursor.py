"""Where every aircraft is: the piece that holds now is kept, and replaced when it ends.

A cursor answers for any times in any order, and answers the same whatever was asked before: it
keeps nothing but results of pure functions of (seed, slot, time), to save computing them again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.records import PHASES, STATUSES
from flightlib.sky.disturb import Flying, Storm, of_flights
from flightlib.sky.fleet import Fleet
from flightlib.sky.geodesy import EARTH_RADIUS_NM
from flightlib.sky.hashing import mix
from flightlib.sky.hops import AWAY, CANCELLED, MOST_HOPS, Hops
from flightlib.sky.itinerary import BLOCK_MS, leg_keys
from flightlib.sky.labels import labels
from flightlib.sky.motion import degrees, off_circle, on_circle
from flightlib.sky.pieces import ANNOUNCED, LIVE, HopRows, Pieces, pieces
from flightlib.sky.plan import block_at, block_keys, plan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DELAYED_MS = 900_000
_CHUNK = 8192


@dataclass(frozen=True, slots=True)
class Columns:
    """The live aircraft at a time, one element each, as arrays: degrees, feet, knots, ft/min.

    `slot` numbers the aircraft of the sky, `phase` and `status` index PHASES and STATUSES of
    `flightlib.records`, `labels` hold what does not move (callsign, route, delays).
    """

    slot: Ints
    time_ms: Ints
    latitude: Floats
    longitude: Floats
    altitude: Ints
    heading: Floats
    ground_speed: Floats
    vertical_speed: Floats
    phase: NDArray[np.int8]
    status: NDArray[np.int8]
    progress_percent: Ints
    labels: NDArray[np.object_]

    def __len__(self) -> int:
        return len(self.slot)

    @property
    def flight_id(self) -> list[str]:
        """The flights' identifiers."""
        return [label.flight_id for label in self.labels]

    @property
    def phases(self) -> list[str]:
        """The phases in words."""
        return [PHASES[number] for number in self.phase]

    @property
    def statuses(self) -> list[str]:
        """The statuses in words."""
        return [STATUSES[number] for number in self.status]


class Cursor:
    """The state of a fleet at the last times asked for."""

    def __init__(self, fleet: Fleet, disturbances: Callable[[], tuple[Any, ...]] = tuple) -> None:
        """`disturbances` is asked before each look what disturbs the flights."""
        self.fleet, self._asked = fleet, disturbances
        self._told: tuple[Any, ...] = ()
        self._disturbances: tuple[Flying, ...] = ()
        count = len(fleet.keys)
        self._block = np.full(count, np.iinfo(np.int64).min)
        self._hops = Hops(
            **{f.name: np.zeros((count, MOST_HOPS), _dtype(f.type)) for f in fields(Hops)}
        )
        self._from, self._to = np.full(count, np.inf), np.full(count, -np.inf)
        self._mode, self._phase, self._status = (np.zeros(count, np.int8) for _ in range(3))
        # start, distance, speed, gain, height, rate, start vector, tangent, lift-off, touchdown
        self._piece = np.zeros((14, count))
        self._bend = np.zeros((6, count))
        self._hop = np.full(count, -1)
        self._labels = np.full(count, None, dtype=object)

    def at(self, time_ms: Ints, announce_ms: float) -> Columns:
        """Compute the live aircraft, each at its own time (ms since 1970, one for each slot).

        A cancelled flight is live for `announce_ms` from its announcement.
        """
        self._listen()
        stale = np.flatnonzero((time_ms < self._from) | (time_ms >= self._to))
        if len(stale):
            self._refresh(stale, time_ms[stale])
        told = (self._mode == ANNOUNCED) & (time_ms - self._piece[0] < announce_ms)
        slot = np.flatnonzero((self._mode == LIVE) | told)
        return self._columns(slot, time_ms[slot])

    def _listen(self) -> None:
        """Drop what was planned without what disturbs the flights now."""
        told = self._asked()
        if told is not self._told:
            known, self._disturbances = self._disturbances, of_flights(told)
            self._told = told
            if known != self._disturbances:
                self._block[:] = np.iinfo(np.int64).min
                self._from[:], self._to[:] = np.inf, -np.inf

    def _refresh(self, slots: Ints, time_ms: Ints) -> None:
        block = block_at(self.fleet, slots, time_ms)
        new = np.flatnonzero(block != self._block[slots])
        for part in range(0, len(new), _CHUNK):
            rows = new[part : part + _CHUNK]
            self._plan(slots[rows], block[rows])
        for part in range(0, len(slots), _CHUNK):
            self._set_pieces(slots[part : part + _CHUNK], time_ms[part : part + _CHUNK])

    def _plan(self, slots: Ints, block: Ints) -> None:
        """Compute the hops of new blocks."""
        _, planned = plan(self.fleet, slots, block, self._disturbances)
        for field in fields(Hops):
            getattr(self._hops, field.name)[slots] = getattr(planned, field.name)
        self._block[slots] = block
        self._hop[slots] = -1

    def _set_pieces(self, slots: Ints, time_ms: Ints) -> None:
        """Find the pieces that hold at times, and the labels of hops that are new."""
        block = self._block[slots]
        block_ms = block * BLOCK_MS + self.fleet.phase_ms[slots]
        t_ms = time_ms - block_ms
        hop = np.minimum((self._hops.until[slots] <= t_ms[:, None]).sum(axis=1), MOST_HOPS - 1)
        rows = self._hop_rows(slots, hop, block)
        storms = tuple(one for one in self._disturbances if isinstance(one, Storm))
        found = pieces(self.fleet.network, rows, t_ms, storms)
        lift = self._hops.lift[slots, hop].astype(np.int64)
        due = self._hops.scheduled_on[slots, hop].astype(np.int64)
        # A hold that begins changes what a flight expects.
        fresh = (self._hop[slots] != hop) | (self._piece[13, slots] != block_ms + found.planned_on)
        fresh = np.flatnonzero(fresh & (found.mode > 0))
        self._store(slots, rows, found, block_ms, lift, due)
        if len(fresh):
            self._label(slots, hop, fresh, rows, found, (lift, due), block_ms)

    def _hop_rows(self, slots: Ints, hop: Ints, block: Ints) -> HopRows:
        table = self._hops
        leg = table.leg[slots, hop].astype(np.int64)
        before = table.until[slots, np.maximum(hop - 1, 0)]
        names = ["kind", "origin", "destination", "until", "begin", "on", "scheduled_off"]
        names += ["hold", "hold_ms"]
        return HopRows(
            key=leg_keys(block_keys(self.fleet, slots, block), leg),
            subfleet=self.fleet.subfleet[slots],
            since=np.where(hop > 0, before, 0).astype(np.int64),
            block_ms=block * BLOCK_MS + self.fleet.phase_ms[slots],
            **{name: getattr(table, name)[slots, hop].astype(np.int64) for name in names},
        )

    def _store(
        self, slots: Ints, rows: HopRows, found: Pieces, block_ms: Ints, lift: Ints, due: Ints
    ) -> None:
        self._from[slots], self._to[slots] = block_ms + found.valid_from, block_ms + found.valid_to
        self._mode[slots], self._phase[slots] = found.mode, found.phase
        late = found.planned_on - due >= DELAYED_MS
        status = np.where(late, STATUSES.index("DELAYED"), STATUSES.index("ON_TIME"))
        status = np.where(rows.kind == CANCELLED, STATUSES.index("CANCELLED"), status)
        self._status[slots] = np.where(rows.kind == AWAY, STATUSES.index("DIVERTED"), status)
        self._piece[0, slots] = block_ms + found.start_ms
        self._piece[1, slots], self._piece[2, slots] = found.distance_nm, found.speed_kt
        self._piece[3, slots], self._piece[4, slots] = found.gain_kt_s, found.height_ft
        self._piece[5, slots] = found.rate_fpm
        self._piece[6:9, slots], self._piece[9:12, slots] = found.start, found.tangent
        self._bend[:, slots] = found.bend
        self._piece[12, slots] = block_ms + lift
        self._piece[13, slots] = block_ms + found.planned_on

    def _label(
        self,
        slots: Ints,
        hop: Ints,
        fresh: Ints,
        rows: HopRows,
        found: Pieces,
        schedule: tuple[Ints, Ints],
        block_ms: Ints,
    ) -> None:
        few = HopRows(**{f.name: getattr(rows, f.name)[fresh] for f in fields(HopRows)})
        part = Pieces(**{f.name: getattr(found, f.name)[..., fresh] for f in fields(Pieces)})
        lift, due = schedule[0][fresh], schedule[1][fresh]
        made = labels(self.fleet, slots[fresh], few, part, (lift, due), block_ms[fresh])
        for slot, label in zip(slots[fresh].tolist(), made, strict=True):
            self._labels[slot] = label
        self._hop[slots[fresh]] = hop[fresh]

    def _columns(self, slot: Ints, time_ms: Ints) -> Columns:
        piece = self._piece[:, slot]
        phase, status = self._phase[slot], self._status[slot]
        seconds = (time_ms - piece[0]) / 1000
        speed = piece[2] + piece[3] * seconds
        miles = piece[1] + (piece[2] + speed) / 2 * seconds / 3600
        feet = piece[4] + piece[5] * seconds / 60
        point, way = on_circle(piece[6:9], piece[9:12], miles / EARTH_RADIUS_NM)
        bent = np.flatnonzero(self._bend[0, slot])
        if len(bent):
            circles = piece[6:9, bent], piece[9:12, bent]
            there = off_circle(*circles, self._bend[:, slot[bent]], miles[bent])
            point[:, bent], way[:, bent] = there[:2]
            speed[bent] *= there[2]
        latitude, longitude, track = degrees(point, way)
        noise = mix(self.fleet.keys[slot], time_ms)
        moving = (phase > 0) & (phase < len(PHASES) - 1)
        vertical = piece[5] + np.where((piece[5] != 0) & moving, _noise(noise, 0, 5) * 64, 0)
        speed = np.round(speed + np.where(moving, _noise(noise, 8, 3), 0))
        heading = np.round(track + np.where(moving, _noise(noise, 16, 7) * 0.1, 0), 1) % 360
        progress = (time_ms - piece[12]) / np.maximum(piece[13] - piece[12], 1) * 100
        return Columns(
            slot=slot,
            time_ms=time_ms,
            latitude=np.round(latitude, 5),
            longitude=np.round(longitude, 5),
            altitude=(np.round(feet / 25) * 25).astype(np.int64),
            heading=heading,
            ground_speed=np.maximum(speed, 0.0),
            vertical_speed=vertical,
            phase=phase,
            status=status,
            progress_percent=np.clip(progress, 0, 100).astype(np.int64),
            labels=self._labels[slot],
        )


def _noise(keys: NDArray[np.uint64], shift: int, steps: int) -> Floats:
    """Take a whole number from -(steps // 2) to steps // 2 out of eight bits of keys."""
    bits = (keys >> np.uint64(shift)) & np.uint64(0xFF)
    return (bits % np.uint64(steps)).astype(np.float64) - steps // 2


def _dtype(annotation: object) -> str:
    """Read the element type out of a field of Hops, such as NDArray[np.int16]."""
    return str(annotation).split("np.")[1].rstrip("]")
