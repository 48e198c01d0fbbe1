"""Arrowheads that point where an aircraft flies, as polygons in degrees. Pure numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from flightlib.charts.outline import Box, latitude, mercator

Column = npt.NDArray[np.float64]

DART = np.array([(0.0, 1.0), (0.68, -0.86), (0.0, -0.42), (-0.68, -0.86)])
"""An arrowhead one unit long, flying up: nose, right tail, notch, left tail."""
_W, _L = 0.16, 0.85
_ARMS = [(-_W, _L), (_W, _L), (_W, _W), (_L, _W), (_L, -_W), (_W, -_W)]
CROSS = np.array([*_ARMS, *((-x, -y) for x, y in _ARMS)]) @ np.array([(1, 1), (-1, 1)]) / 2**0.5
"""A diagonal cross of about the same size: a cancelled flight, which flies nowhere."""

ON_GROUND = ("TAXI", "LANDED")
GROUND_SIZE = 0.62  # of the size in the air: else the crowds at the gates hide the traffic


def outlines(flights: pd.DataFrame, view: Box, width: int, length: float = 7.0) -> pd.DataFrame:
    """Give the corners of every flight's marker: a row per corner, `mark` is the flight's row.

    `view` drawn `width` pixels wide sets the scale; `length` is pixels from middle to nose. The
    shape is turned and scaled in the Mercator plane, where angles are true, so none is distorted.
    """
    cancelled = flights["status"] == "CANCELLED"
    ground = flights["phase"].isin(ON_GROUND) & ~cancelled
    parts = [
        _placed(flights[ground], DART, view, width, length * GROUND_SIZE),
        _placed(flights[~ground & ~cancelled], DART, view, width, length),
        _placed(flights[cancelled].assign(heading=0.0), CROSS, view, width, length),
    ]
    return pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)


def _placed(
    flights: pd.DataFrame, shape: Column, view: Box, width: int, length: float
) -> pd.DataFrame:
    """Put one shape at every flight, nose along its heading (degrees clockwise from north)."""
    step = length * (view.east - view.west) / width
    turn = np.radians(flights["heading"].to_numpy(dtype=float, na_value=0.0))[:, None]
    right, ahead = shape[:, 0] * step, shape[:, 1] * step
    x = flights["longitude"].to_numpy(dtype=float)[:, None]
    y = mercator(flights["latitude"].to_numpy(dtype=float))[:, None]
    corners = {
        "longitude": (x + right * np.cos(turn) + ahead * np.sin(turn)).ravel().round(4),
        "latitude": latitude(y - right * np.sin(turn) + ahead * np.cos(turn)).ravel().round(4),
    }
    told = flights.loc[flights.index.repeat(len(shape))]
    placed: pd.DataFrame = told.assign(**corners, mark=told.index).reset_index(drop=True)
    return placed
