"""Positions that the lake holds, as flights on a map: heading and speed from the last two. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from flightlib.live import Flight
from flightlib.sky import geodesy

TAXI_KT = 40.0  # slower than that nothing flies
STILL_NM = 0.01  # from report to report: who moves less is on the ground, a second is 36 knots
Column = npt.NDArray[np.float64]


def flights_of(table: pd.DataFrame) -> dict[str, Flight]:
    """Make flights of the newest positions, and of those before them where they are known.

    `table` has the columns flight_id, timestamp, latitude, longitude, altitude, status, region,
    previous_latitude, previous_longitude and, if it is known, previous_timestamp.
    """
    headings, speeds, stands = _motion(table)
    whole = table.assign(
        timestamp=table["timestamp"].astype("datetime64[ms, UTC]").astype("int64"),
        callsign=table["flight_id"].str.split("-").str[0],
        heading=headings,
        ground_speed=speeds,
        phase=pd.Series(stands, table.index).map({True: "TAXI"}),
    )
    plain = whole.astype(object)
    rows: list[dict[str, Any]] = plain.where(plain.notna(), None).to_dict("records")
    return {row["flight_id"]: row for row in rows}


def _motion(table: pd.DataFrame) -> tuple[Column, Column, npt.NDArray[np.bool_]]:
    """Give heading (degrees; north where it is unknown), speed (knots) and who is on the ground."""
    here = geodesy.unit(*_places(table, ""))
    known = table["previous_latitude"].notna().to_numpy()
    before = np.where(known, geodesy.unit(*_places(table, "previous_")), here)
    angle = geodesy.angle_between(before, here)
    headings = geodesy.track_at(before, geodesy.tangent_towards(before, here), angle)
    gone_nm = angle * geodesy.EARTH_RADIUS_NM
    speeds = np.where(known, gone_nm / _hours(table), np.nan)
    slow = np.where(np.isnan(speeds), gone_nm < STILL_NM, speeds < TAXI_KT)
    return np.where(gone_nm > 0, headings, 0.0), speeds, known & slow


def _places(table: pd.DataFrame, which: str) -> tuple[Column, Column]:
    columns = [table[f"{which}{name}"] for name in ("latitude", "longitude")]
    latitude, longitude = (column.to_numpy(dtype=float, na_value=0.0) for column in columns)
    return latitude, longitude


def _hours(table: pd.DataFrame) -> Column:
    """Give the time between the two positions; unknown where there is none."""
    if "previous_timestamp" not in table:
        return np.full(len(table), np.nan)
    before = pd.to_datetime(table["previous_timestamp"], utc=True)
    between = pd.to_timedelta(table["timestamp"] - before)
    seconds = between.dt.total_seconds().to_numpy(dtype=float, na_value=np.nan)
    return np.where(seconds > 0, seconds / 3600, np.nan)
