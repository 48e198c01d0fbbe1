"""The rhythm of the day: who flies by day rests by night.

Departures follow the local hour. The trick that keeps a sky seekable is a second clock, *awake
time*: it runs as fast as departures come, compared with the busiest hour, and never faster than
the real one. An aircraft plans its legs in awake time, where all hours are alike; read back on
the real clock its gaps are wide at night and hardly wider than planned by day. A leg always fits,
because no real gap is shorter than its awake one, and three days hold the same awake time from
whichever hour they begin.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY_MIN = 1440.0
HOUR_MS = 3_600_000
# Departures by local hour, per cent of a day's.
BY_HOUR = (
    *(0.2, 0.05, 0.05, 0.05, 0.05, 0.8, 5.8, 6.7, 6.5, 6.2, 6.1, 6.1),
    *(6.0, 6.0, 5.9, 5.9, 6.2, 6.7, 6.1, 5.9, 5.5, 3.7, 2.6, 0.9),
)
_HOURS_MIN = np.arange(25) * 60.0
_AWAKE_MIN = np.concatenate([[0.0], np.cumsum(BY_HOUR)]) / max(BY_HOUR) * 60
AWAKE_DAY_MIN = float(_AWAKE_MIN[-1])
# In these minutes of the local day nearly nobody leaves, wherever the aircraft comes from.
CURFEW_MIN = (30.0, 320.0)
# The hours, local, in which a sky has as many flights as were asked for.
BUSY_H = (8, 20)
# When it is this late at a preset's middle, a demo had better show another hour of its day.
NIGHT_H = (21, 7)
OPPOSITE_H = 12.0


def awake_min(local_min: Any) -> Any:
    """Read the awake clock, minutes, at a local time in minutes since any midnight."""
    days, rest = np.divmod(local_min, DAY_MIN)
    return days * AWAKE_DAY_MIN + np.interp(rest, _HOURS_MIN, _AWAKE_MIN)


def local_min(awake: Any) -> Any:
    """Undo `awake_min`: say at which local time, minutes, the awake clock shows so much."""
    days, rest = np.divmod(awake, AWAKE_DAY_MIN)
    return days * DAY_MIN + np.interp(rest, _AWAKE_MIN, _HOURS_MIN)


def till_morning_min(local_min: Any) -> Any:
    """Say how long a departure at a local time waits for the morning: not at all but at night.

    The night's departures leave in their order within the first hour after the curfew.
    """
    first, last = CURFEW_MIN
    minute = local_min % DAY_MIN
    at_night = (minute >= first) & (minute < last)
    return np.where(at_night, last - minute + (minute - first) / (last - first) * 60, 0.0)


def busy_share() -> float:
    """Say how fast the awake clock runs in the busy hours, compared with the real one."""
    first, last = BUSY_H
    return float(np.mean(BY_HOUR[first:last]) / max(BY_HOUR))


def is_night(local_h: float) -> bool:
    """Say whether it is too late, or too early, at a local hour to see many flights."""
    evening, morning = NIGHT_H
    return not morning <= local_h % 24 < evening
