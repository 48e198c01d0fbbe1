"""When long flights leave: at the same hours everywhere, day by day.

Over the North Atlantic all go west by day and east by night, to arrive when people want to.
Elsewhere most leave before noon or late in the evening. A few do neither.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.hashing import Keys, uniform
from flightlib.sky.paths import Paths
from flightlib.sky.rhythm import DAY_MIN
from flightlib.sky.tracks import crossing, eastbound

Floats = NDArray[np.float64]

# Minutes UTC between which flights cross 30 W.
WEST_MIN, EAST_MIN = (700.0, 1130.0), (65.0, 475.0)
COUNTER_FLOW = 0.04
# Elsewhere: shares of the departures, and by when they have left, in local hours.
SHARES, HOURS = (0.0, 0.05, 0.4, 0.55, 0.95, 1.0), (7.0, 9.0, 13.5, 19.0, 24.0, 26.0)
# Miles a minute over the ground, west and east, and what the climb takes.
PACE_NM, CLIMB_MIN = (7.2, 8.8), 6.0
_HOUR, _STRAY = 45, 46


def leaves_min(paths: Paths, keys: Keys, utc_offset_h: Floats) -> Floats:
    """Say at which minute of the day, UTC, flights are to lift off."""
    u = uniform(keys, _HOUR)
    crosses_nm, _ = crossing(paths.start, paths.tangent, paths.length_nm)
    east = eastbound(paths.tangent)
    low = np.where(east, EAST_MIN[0], WEST_MIN[0])
    high = np.where(east, EAST_MIN[1], WEST_MIN[1])
    pace = np.where(east, PACE_NM[1], PACE_NM[0])
    over_ocean = low + u * (high - low) - crosses_nm / pace - CLIMB_MIN
    elsewhere = (np.interp(u, SHARES, HOURS) - utc_offset_h) * 60
    planned = np.where(np.isnan(crosses_nm), elsewhere, over_ocean)
    stray = uniform(keys, _STRAY) < COUNTER_FLOW
    result: Floats = np.where(stray, u * DAY_MIN, planned) % DAY_MIN
    return result
