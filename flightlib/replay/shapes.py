"""The shapes of recordings that are known by their columns, each turned into the same figures.

* `traffic` (https://traffic-viz.github.io): timestamp, icao24, latitude, longitude, altitude in
  ft, groundspeed in kt, track in degrees, vertical_rate in ft/min, callsign, flight_id.
* OpenSky state vectors (https://opensky-network.org/datasets/states/README.txt): time in epoch
  seconds, icao24, lat, lon, velocity in m/s, heading in degrees, vertrate in m/s, callsign,
  onground, baroaltitude and geoaltitude in m.
* OpenSky's REST API (https://openskynetwork.github.io/opensky-api/rest.html): rows of `states`,
  with time_position, latitude, longitude, baro_altitude, velocity, true_track, vertical_rate.
* readsb traces (readsb's README-json.md): timestamp in epoch seconds, and for each point seconds
  after it, lat, lon, altitude in ft or "ground", kt, degrees, flags (2: a new flight), ft/min.

Of two altitudes the barometric one is taken, since a flight report has pressure altitude.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from flightlib.replay.cells import Cells, Flags, Floats
from flightlib.replay.columns import (
    BAD_FIGURE,
    BAD_POSITION,
    BAD_TIME,
    EARLIEST_MS,
    LATEST_MS,
    NO_POSITION,
    NO_TIME,
    ORDER,
)

FT_PER_M = 1 / 0.3048
KT_PER_M_S = 3600 / 1852
NEW_FLIGHT = 2  # a bit of a readsb point's flags
WRONG, NO_NAME = "a word where a number belongs", "no aircraft"

Figures = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """A kind of recording: what it must have, what else is read, and how it is turned."""

    name: str
    needs: tuple[str, ...]
    reads: tuple[str, ...]
    figures: Callable[[Cells], Figures]

    def fits(self, names: Iterable[str]) -> bool:
        """Say whether columns (in small letters) are those of this shape."""
        return set(self.needs) <= set(names)


def _traffic(cells: Cells) -> Figures:
    return {
        "timestamp": cells.times("timestamp"),
        "latitude": cells.numbers("latitude"),
        "longitude": cells.numbers("longitude"),
        "altitude": cells.numbers("altitude"),
        "ground_speed": cells.numbers("groundspeed"),
        "heading": cells.numbers("track"),
        "vertical_speed": cells.numbers("vertical_rate"),
        "on_ground": cells.flags("onground"),
        "flight_id": cells.words("flight_id"),
        "registration": cells.words("registration"),
        "aircraft_type": cells.words("typecode"),
        "origin": cells.words("origin"),
        "destination": cells.words("destination"),
    }


def _states(cells: Cells) -> Figures:
    return {
        "timestamp": cells.times("time"),
        "latitude": cells.numbers("lat"),
        "longitude": cells.numbers("lon"),
        **_metric(cells, "baroaltitude", "geoaltitude", "heading", "vertrate", "onground"),
    }


def _rest(cells: Cells) -> Figures:
    seen, heard = cells.times("time_position"), cells.times("last_contact")
    return {
        "timestamp": np.where(np.isnan(seen), heard, seen),
        "latitude": cells.numbers("latitude"),
        "longitude": cells.numbers("longitude"),
        **_metric(
            cells, "baro_altitude", "geo_altitude", "true_track", "vertical_rate", "on_ground"
        ),
    }


def _metric(cells: Cells, baro: str, geo: str, track: str, rate: str, ground: str) -> Figures:
    pressure, geometric = cells.numbers(baro, FT_PER_M), cells.numbers(geo, FT_PER_M)
    return {
        "altitude": np.where(np.isnan(pressure), geometric, pressure),
        "ground_speed": cells.numbers("velocity", KT_PER_M_S),
        "heading": cells.numbers(track),
        "vertical_speed": cells.numbers(rate, FT_PER_M * 60),
        "on_ground": cells.flags(ground),
    }


def _trace(cells: Cells) -> Figures:
    on_ground = np.array([told == "ground" for told in cells.words("alt")], bool)
    before = cells.wrong.copy()
    altitude = cells.numbers("alt")
    cells.wrong = before | (cells.wrong & ~on_ground)
    flags = np.nan_to_num(cells.numbers("flags")).clip(0, 2**31).astype(np.int64)
    return {
        "timestamp": cells.times("timestamp") + cells.numbers("seconds", 1000.0),
        "latitude": cells.numbers("lat"),
        "longitude": cells.numbers("lon"),
        "altitude": altitude,
        "ground_speed": cells.numbers("gs"),
        "heading": cells.numbers("track"),
        "vertical_speed": cells.numbers("rate"),
        "on_ground": on_ground,
        "new_flight": (flags & NEW_FLIGHT) > 0,
        "icao24": cells.words("icao"),
        "callsign": cells.words("flight"),
        "registration": cells.words("r"),
        "aircraft_type": cells.words("t"),
    }


_METRIC = ("callsign", "velocity")
SHAPES = (
    Shape("readsb trace", ("icao", "timestamp", "trace"), ("trace",), _trace),
    Shape(
        "traffic",
        ("timestamp", "icao24", "latitude", "longitude"),
        (
            *("altitude", "groundspeed", "track", "vertical_rate", "onground", "callsign"),
            *("flight_id", "registration", "typecode", "origin", "destination"),
        ),
        _traffic,
    ),
    Shape(
        "OpenSky states",
        ("time", "icao24", "lat", "lon"),
        (*_METRIC, "baroaltitude", "geoaltitude", "heading", "vertrate", "onground"),
        _states,
    ),
    Shape(
        "OpenSky REST",
        ("icao24", "time_position", "latitude", "longitude"),
        (
            *(*_METRIC, "last_contact", "baro_altitude", "geo_altitude"),
            *("true_track", "vertical_rate", "on_ground"),
        ),
        _rest,
    ),
)
KNOWN = frozenset(name for shape in SHAPES for name in (*shape.needs, *shape.reads))

_FLOATS = ("altitude", "ground_speed", "heading", "vertical_speed")
_WORDS = ("icao24", "callsign", "flight_id", "registration", "aircraft_type")
_PLACES = ("origin", "destination")
RUN = pa.schema(
    [("timestamp", pa.int64()), ("latitude", pa.float64()), ("longitude", pa.float64())]
    + [(name, pa.float64()) for name in _FLOATS]
    + [("on_ground", pa.bool_()), ("new_flight", pa.bool_())]
    + [(name, pa.string()) for name in (*_WORDS, *_PLACES)]
    + [(name, pa.int64()) for name in ORDER]
)
"""The columns in which every shape is put in order, before its flights are told apart."""


def recognise(names: Iterable[str]) -> Shape | None:
    """Find the shape of a file by its columns."""
    there = {name.lower() for name in names}
    return next((shape for shape in SHAPES if shape.fits(there)), None)


def figures(shape: Shape, cells: Cells, row: int) -> tuple[pa.Table, Counter[str]]:
    """Turn a piece of a file, whose first row is number `row`, and count what is bad by reason."""
    # A figure may be as large as it likes: it is judged, and not warned of.
    with np.errstate(all="ignore"):
        told = shape.figures(cells)
    found: Figures = {
        "new_flight": np.zeros(cells.count, bool),
        **{name: cells.words(name) for name in ("icao24", "callsign")},
        **dict.fromkeys(("flight_id", *_PLACES, *_WORDS[3:]), [None] * cells.count),
        **told,
    }
    good, skipped = _judge(found, cells.wrong)
    stamp = np.where(good, found["timestamp"], 0).round().astype(np.int64)
    found |= {"timestamp": stamp, "written_ms": stamp, "partition": np.zeros_like(stamp)}
    found["offset"] = np.arange(row, row + cells.count)
    columns = [_column(found[f.name], f.type) for f in RUN]
    return pa.table(columns, schema=RUN).filter(pa.array(good)), skipped


def _column(values: Any, kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind, from_pandas=True)


def _judge(found: Figures, wrong: Flags) -> tuple[Flags, Counter[str]]:
    """Find the rows that can be played; a bad one counts under its first fault."""
    time_ms, latitude, longitude = (found[n] for n in ("timestamp", "latitude", "longitude"))
    names = zip(found["icao24"], found["callsign"], found["flight_id"], strict=True)
    nameless = np.array([not any(known) for known in names], bool)
    faults = (
        (WRONG, wrong),
        (NO_TIME, np.isnan(time_ms)),
        (BAD_TIME, _outside(time_ms, EARLIEST_MS, LATEST_MS)),
        (NO_POSITION, np.isnan(latitude) | np.isnan(longitude)),
        (BAD_POSITION, _outside(latitude, -90, 90) | _outside(longitude, -180, 180)),
        (NO_NAME, nameless),
        (BAD_FIGURE, _implausible(found)),
    )
    good, skipped = np.ones(len(wrong), bool), Counter[str]()
    for reason, fault in faults:
        if count := int(np.count_nonzero(good & fault)):
            skipped[reason] = count
        good &= ~fault
    return good, skipped


def _implausible(found: Figures) -> Flags:
    return (
        _outside(found["altitude"], -2_000, 100_000)
        | _outside(found["ground_speed"], 0, 2_000)
        | _outside(found["heading"], 0, 360)
        | _outside(found["vertical_speed"], -50_000, 50_000)
    )


def _outside(values: Floats, least: float, most: float) -> Flags:
    """Say what is out of bounds; what is missing is not."""
    return (values < least) | (values > most)
