"""Where every aircraft is: the piece that holds now is kept, and replaced when it ends.

A cursor answers for any times in any order, and answers the same whatever was asked before: it
keeps nothing but results of pure functions of (seed, slot, time), to save computing them again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.records import STATUSES
from flightlib.sky.ahead import Ahead, no_hops
from flightlib.sky.columns import Columns
from flightlib.sky.disturb import Flying, Storm, of_flights
from flightlib.sky.fleet import Fleet
from flightlib.sky.hops import AWAY, CANCELLED, MOST_HOPS, NEVER_MS, Hops
from flightlib.sky.itinerary import BLOCK_MS, leg_keys
from flightlib.sky.labels import labels
from flightlib.sky.motion import ON_MS, PIECE_ROWS, START, START_MS, columns
from flightlib.sky.outdated import slots_to_plan
from flightlib.sky.pieces import ANNOUNCED, LIVE, HopRows, pieces
from flightlib.sky.plan import block_at, block_keys, plan
from flightlib.sky.stretches import Kept, Stretches

__all__ = ["Columns", "Cursor"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DELAYED_MS = 900_000
_CHUNK = 8192
NO_BLOCK = np.iinfo(np.int64).min
MOST_AHEAD = 256
# The most aircraft whose next stretches are found before their time, and the most of each.
MOST_KEPT, MOST_ROUNDS = 2048, 4


class Cursor:
    """The state of a fleet at the last times asked for."""

    def __init__(self, fleet: Fleet, disturbances: Callable[[], tuple[Any, ...]] = tuple) -> None:
        """`disturbances` is asked before each look what disturbs the flights."""
        self.fleet, self._asked = fleet, disturbances
        self._told: tuple[Any, ...] = ()
        self._disturbances: tuple[Flying, ...] = ()
        count = len(fleet.keys)
        self._block = np.full(count, NO_BLOCK)
        self._hops = no_hops(count)
        self._from, self._to = np.full(count, np.inf), np.full(count, -np.inf)
        self._mode, self._phase, self._status = (np.zeros(count, np.int8) for _ in range(3))
        self._piece, self._bend = np.zeros((PIECE_ROWS, count)), np.zeros((6, count))
        self._hop, self._ahead, self._kept = np.full(count, -1), Ahead.none(), Kept()
        self._labels, self._edition = np.full(count, None, dtype=object), np.zeros(count, np.int64)

    def at(self, time_ms: Ints, announce_ms: float) -> Columns:
        """Compute the live aircraft, each at its own time (ms since 1970, one for each slot).

        A cancelled flight is live for `announce_ms` from its announcement.
        """
        self._listen()
        stale = np.flatnonzero((time_ms < self._from) | (time_ms >= self._to))
        if len(stale):
            self._refresh(stale, time_ms[stale])
        live = self._mode == LIVE
        told = np.flatnonzero(self._mode == ANNOUNCED)
        live[told] = time_ms[told] - self._piece[START_MS, told] < announce_ms
        slot = np.flatnonzero(live)
        words = self._phase, self._status
        pieces = self._piece, self._bend
        named = self._labels, self._edition
        return columns(slot, time_ms[slot], pieces, words, self.fleet.keys, named)

    def _listen(self) -> None:
        """Drop what was planned and would be otherwise with what disturbs the flights now."""
        told = self._asked()
        if told is self._told:
            return
        known, self._told = set(self._disturbances), told
        self._disturbances = of_flights(told)
        changed, both = known ^ set(self._disturbances), known | set(self._disturbances)
        if changed:
            block_ms = self._block * BLOCK_MS + self.fleet.phase_ms
            block_ms[self._block == NO_BLOCK] = 0
            drop = slots_to_plan(self.fleet.network, self._hops, block_ms, changed, both)
            self._block[drop], self._ahead, self._kept = NO_BLOCK, Ahead.none(), Kept()
            # Pieces that end before it starts are as true as they were.
            drop |= self._to > min(one.start_ms for one in changed)
            self._from[drop], self._to[drop] = np.inf, -np.inf

    def _refresh(self, slots: Ints, time_ms: Ints) -> None:
        block = block_at(self.fleet, slots, time_ms)
        new = np.flatnonzero(block != self._block[slots])
        for part in range(0, len(new), _CHUNK):
            rows = new[part : part + _CHUNK]
            self._take_up(slots[rows], block[rows])
        kept, known = self._kept.find(slots, block, time_ms)
        if kept is not None:
            self._put(kept)
        new = np.flatnonzero(~known)
        for part in range(0, len(new), _CHUNK):
            rows = new[part : part + _CHUNK]
            self._put(self._find(slots[rows], time_ms[rows]))
        few = len(new) > 0 and len(slots) <= min(len(self._to) // 16, MOST_KEPT) // 4
        if few and not self._kept.serves(time_ms[new]):
            self._look_ahead(int(time_ms[new].min()))

    def _look_ahead(self, now_ms: int) -> None:
        """Find the stretches that begin next: a sixteenth of all, some thousand at most.

        Those that are over before the last of these begins are followed by their next ones.
        """
        most = min(len(self._to) // 16, MOST_KEPT)
        until_ms = float(np.partition(self._to, most)[most])
        found: list[Stretches] = []
        slots, next_ms = self._begin_by(np.arange(len(self._to)), self._to, until_ms)
        while len(slots) and len(found) < MOST_ROUNDS:
            found.append(self._find(slots, next_ms))
            slots, next_ms = self._begin_by(slots, found[-1].to_ms, until_ms)
        self._kept = Kept(found, now_ms, until_ms)

    def _begin_by(self, slots: Ints, over_ms: Floats, until_ms: float) -> tuple[Ints, Ints]:
        """Say whose next stretches begin before a time, and when, but for those of new blocks.

        A block that is not begun may not be planned yet.
        """
        soon = over_ms < until_ms
        slots, next_ms = slots[soon], np.ceil(over_ms[soon]).astype(np.int64)
        same = block_at(self.fleet, slots, next_ms) == self._block[slots]
        return slots[same], next_ms[same]

    def _take_up(self, slots: Ints, block: Ints) -> None:
        """Take up the hops of new blocks: they were planned before, or are now.

        Planning takes about as long for one block as for hundreds, so blocks that will be wanted
        next are planned along.
        """
        at = self._ahead.find(slots, block)
        if (at < 0).any():
            more = self._next(slots)
            every = np.concatenate([slots, more]), np.concatenate([block, self._block[more] + 1])
            self._ahead = Ahead(*every, self._plan(*every))
            at = np.arange(len(slots))
        self._widen(1 + int((self._ahead.hops.begin < NEVER_MS).sum(axis=1).max()))
        width = self._hops.begin.shape[1]
        for field in fields(Hops):
            planned = getattr(self._ahead.hops, field.name)
            getattr(self._hops, field.name)[slots] = planned[at, :width]
        self._block[slots] = block
        self._hop[slots] = -1

    def _widen(self, width: int) -> None:
        """Make room for so many hops a block; what is beyond the last never begins.

        Few blocks have half of the hops that there could be, and the table is most of the memory.
        """
        lacks = min(width, MOST_HOPS) - self._hops.begin.shape[1]
        if lacks > 0:
            ends = ((0, 0), (0, lacks))
            self._hops = Hops(
                **{f.name: np.pad(getattr(self._hops, f.name), ends, "edge") for f in fields(Hops)}
            )

    def _next(self, slots: Ints) -> Ints:
        """List the slots whose blocks end next: a sixteenth of all, a few hundred at most."""
        end_ms = (self._block + 1) * BLOCK_MS + self.fleet.phase_ms
        end_ms[self._block == NO_BLOCK] = np.iinfo(np.int64).max
        end_ms[slots] = np.iinfo(np.int64).max
        few = np.argpartition(end_ms, min(len(end_ms) // 16, MOST_AHEAD))
        few = few[: min(len(end_ms) // 16, MOST_AHEAD)]
        return few[end_ms[few] < np.iinfo(np.int64).max]

    def _plan(self, slots: Ints, block: Ints) -> Hops:
        """Compute the hops of blocks."""
        _, planned = plan(self.fleet, slots, block, self._disturbances)
        return planned

    def _find(self, slots: Ints, time_ms: Ints) -> Stretches:
        """Find the hops of slots, and the pieces in them, that hold at times of their blocks."""
        block = self._block[slots]
        t_ms = time_ms - block * BLOCK_MS - self.fleet.phase_ms[slots]
        table = self._hops
        hop = np.minimum(
            (table.until[slots] <= t_ms[:, None]).sum(axis=1), table.until.shape[1] - 1
        )
        rows = self._hop_rows(slots, hop, block)
        storms = tuple(one for one in self._disturbances if isinstance(one, Storm))
        return Stretches(
            slots=slots,
            block=block,
            hop=hop,
            hops=rows,
            pieces=pieces(self.fleet.network, rows, t_ms, storms),
            lift=table.lift[slots, hop].astype(np.int64),
            due=table.scheduled_on[slots, hop].astype(np.int64),
        )

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

    def _put(self, now: Stretches) -> None:
        """Let stretches hold from now on, and write the labels of hops that are new."""
        slots, found, block_ms = now.slots, now.pieces, now.hops.block_ms
        on_ms = block_ms + found.planned_on
        # A hold that begins changes what a flight expects.
        fresh = (self._hop[slots] != now.hop) | (self._piece[ON_MS, slots] != on_ms)
        fresh = np.flatnonzero(fresh & (found.mode > 0))
        self._from[slots], self._to[slots] = now.from_ms, now.to_ms
        self._mode[slots], self._phase[slots] = found.mode, found.phase
        self._status[slots] = _status(now)
        self._bend[:, slots] = found.bend
        self._piece[:START, slots] = [
            block_ms + found.start_ms,
            found.distance_nm,
            found.speed_kt,
            found.gain_kt_s,
            found.height_ft,
            found.rate_fpm,
            block_ms + now.lift,
            on_ms,
        ]
        self._piece[START:, slots] = np.concatenate([found.start, found.tangent])
        if len(fresh):
            self._label(now.take(fresh))

    def _label(self, new: Stretches) -> None:
        made = labels(
            self.fleet, new.slots, new.hops, new.pieces, (new.lift, new.due), new.hops.block_ms
        )
        for slot, label in zip(new.slots.tolist(), made, strict=True):
            self._labels[slot] = label
        self._edition[new.slots] += 1
        self._hop[new.slots] = new.hop


def _status(now: Stretches) -> Ints:
    late = now.pieces.planned_on - now.due >= DELAYED_MS
    status = np.where(late, STATUSES.index("DELAYED"), STATUSES.index("ON_TIME"))
    status = np.where(now.hops.kind == CANCELLED, STATUSES.index("CANCELLED"), status)
    return np.where(now.hops.kind == AWAY, STATUSES.index("DIVERTED"), status)
