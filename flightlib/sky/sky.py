"""The sky: its flights at any time, and its reports as a stream."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np

from flightlib.errors import SettingError, nearest
from flightlib.sky import stream
from flightlib.sky.cursor import Columns, Cursor
from flightlib.sky.delivery import Delivery
from flightlib.sky.disturb import Flying, without
from flightlib.sky.fleet import Fleet, fleet
from flightlib.sky.marks import Mark, marks
from flightlib.sky.network import ONE_DAY, network
from flightlib.sky.ready import Stream
from flightlib.sky.reports import Clock
from flightlib.sky.rhythm import HOUR_MS, OPPOSITE_H, is_night
from flightlib.sky.tables import check_preset
from flightlib.sky.way import Way

FEWEST, MOST = 5, 100_000
SHORTEST_S, LONGEST_S = 0.1, 60.0
FASTEST = 600.0
ANNOUNCE_MS = 60_000


class Sky:
    """A believable, repeatable sky: who flies where, at any time you ask.

    `flights` is how many aircraft report at a time, on average, in the busy hours of the day
    (about 8 to 20 local): those between leaving one stand and reaching the next. The sky has
    more: about 1.7 times as many over the US and Europe, 3.2 over the world, 3.6 over the
    North Atlantic; the others are being turned around, or rest, and say nothing.
    `preset` is one of PRESETS (or "us" for short). The same `seed` gives the same sky on every
    machine, and a sky of more flights begins with the flights of a smaller one.

    By night there is little to see. `shift_h` moves the sun: with 12 it is noon in the sky when
    it is midnight for you. All times stay yours. `Sky.busy` chooses it.

    Raises SettingError for arguments that are not allowed.
    """

    def __init__(
        self, flights: int = 100, preset: str = "us-domestic", seed: int = 7, shift_h: float = 0.0
    ) -> None:
        self.flights = _whole("flights", flights, FEWEST, MOST)
        self.preset = check_preset(preset)
        self.seed = _whole("seed", seed, 0, 2**63 - 1)
        self.shift_h = _number("shift_h", shift_h, -24.0, 24.0)
        self._fleet = fleet(self.preset, self.seed, self.flights, self.shift_h)
        self._disturbances: tuple[Any, ...] = ()
        self._cursor = Cursor(self._fleet, lambda: self._disturbances)
        self._lock = Lock()
        self._clock = Clock(0, 1.0)

    @classmethod
    def busy(
        cls, now_ms: int, flights: int = 100, preset: str = "us-domestic", seed: int = 7
    ) -> Sky:
        """Make a sky that has traffic at a time, such as now: by night it is noon there."""
        return cls(flights, preset, seed, busy_shift_h(preset, _time("now_ms", now_ms)))

    def __repr__(self) -> str:
        aircraft = len(self._fleet.keys)
        operators = {self._fleet.network.subfleets[i].operator.icao for i in self._fleet.subfleet}
        return (
            f"Sky(flights={self.flights}, preset={self.preset!r}, seed={self.seed}): "
            f"{aircraft:,} aircraft of {len(operators)} operators "
            f"between {len(self._fleet.network.airports)} airports"
        )

    @property
    def fleet(self) -> Fleet:
        """The aircraft behind the flights, for those who measure a sky."""
        return self._fleet

    def at(self, time_ms: int) -> Columns:
        """Compute the live flights at a time (ms since 1970 UTC), as arrays.

        A cancelled flight is there for a minute, at its gate, when it is announced. Raises
        SettingError for a time before 1970 or after 2200.
        """
        times = np.full(len(self._fleet.keys), _time("time_ms", time_ms))
        with self._lock:
            return self._cursor.at(times, ANNOUNCE_MS)

    def reports(
        self,
        start_ms: int,
        interval_s: float = 1.0,
        until_ms: int | None = None,
        late_share: float = 0.02,
        speed: float = 1.0,
    ) -> Stream:
        """Stream the reports from `start_ms` on, in the order in which they are published.

        Every live aircraft reports once an interval, each at its own moment in it, so the stream
        is even. A share of `late_share` of the reports comes up to 20 s after its own time, among
        newer ones. At `speed` 60 an hour of the sky passes in a minute: timestamps, and the
        times of schedules, stay those of the reader's clock; ground speeds stay true.

        Without `until_ms` the stream never ends; with it, the last late ones come after it.
        Raises SettingError at once for arguments that are not allowed.
        """
        start = _time("start_ms", start_ms)
        until = None if until_ms is None else _time("until_ms", until_ms)
        interval_ms = round(_number("interval_s", interval_s, SHORTEST_S, LONGEST_S) * 1000)
        share = _number("late_share", late_share, 0.0, 1.0)
        clock = self._clock = Clock(start, _number("speed", speed, 0.1, FASTEST))
        effects = [stream.late(self._fleet.keys, share)]
        timing = stream.Timing(clock, interval_ms, until)
        way = Way(self._fleet.keys, lambda: self._disturbances, start)
        made = stream.batches(self._fleet, timing, effects, way)
        return Stream(made, clock, len(self._fleet.keys))

    @property
    def disturbances(self) -> tuple[Any, ...]:
        """What disturbs this sky and the way of its reports, in the order in which it was told."""
        return self._disturbances

    def disturb(self, *disturbances: Any, instead_of: tuple[Any, ...] = ()) -> None:
        """Let something happen: to the flights, or to the reports on their way.

        Flights know GroundDelay, Holding and Storm, reports Outage, Lateness, Duplicates, Surge and
        Poison. Streams that run see it from their next tick on. It changes nothing before its
        start, so for them it starts at or after the time that they have reached. It takes the
        place of `instead_of`, once for each that stands there. Raises SettingError for an airport
        that this sky has not, and for what is no disturbance.
        """
        for one in disturbances:
            self._check(one)
        with self._lock:
            self._disturbances = without(self._disturbances, instead_of) + disturbances

    def _check(self, one: Any) -> None:
        if not isinstance(one, Flying | Delivery):
            raise SettingError(f"A disturbance cannot be {one!r}; allowed: a Storm, an Outage, ...")
        known = [airport.code for airport in self._fleet.network.airports]
        code = getattr(one, "airport", None)
        if code is not None and code not in known:
            raise SettingError(
                f"airport cannot be {code!r}; allowed: one of the {len(known)} of this sky"
                f" ({self.preset}).{nearest(code, known)}"
            )

    def calm(self, *disturbances: Any) -> None:
        """Take back disturbances; without any named, all. It is then as if they had never been."""
        with self._lock:
            kept = tuple(one for one in self._disturbances if one not in disturbances)
            self._disturbances = kept if disturbances else ()

    def sky_ms(self, time_ms: int) -> int:
        """Say what time it is in the sky at a time of the reader, by the newest of its streams."""
        return int(self._clock.sky_ms(np.int64(time_ms)))

    def marks(self, time_ms: int) -> tuple[Mark, ...]:
        """List what a map shows of the disturbances at a time (ms since 1970 UTC)."""
        return marks(self._disturbances, time_ms, self._clock)


def busy_shift_h(preset: str, time_ms: int) -> float:
    """Choose how far to move the sun of a preset so that there is traffic at a time, in hours."""
    lines = network(preset)
    night = is_night(time_ms / HOUR_MS + lines.middle_h)
    return OPPOSITE_H if night and lines.preset in ONE_DAY else 0.0


def _whole(name: str, value: Any, least: int, most: int) -> int:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise SettingError(f"{name} cannot be {value!r}; allowed: {least:,} to {most:,}")
    return int(value)


def _number(name: str, value: Any, least: float, most: float) -> float:
    real = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not real or not least <= value <= most:
        raise SettingError(f"{name} cannot be {value!r}; allowed: {least:g} to {most:g}")
    return float(value)


def _time(name: str, value: Any) -> int:
    last = 7_258_118_400_000
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or not 0 <= value < last:
        raise SettingError(
            f"{name} cannot be {value!r}; allowed: whole milliseconds since 1970 UTC, before 2200"
        )
    return int(value)
