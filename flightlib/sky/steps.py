"""Step climbs: long legs are flown in two levels or in three, 2,000 ft apart, as fuel burns off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.hashing import Keys, uniform

if TYPE_CHECKING:
    from flightlib.sky.profile import Legs

Floats = NDArray[np.float64]

# Legs longer than this have two levels, or three; 2,000 ft keep to the odd or even thousands.
TWO_NM, THREE_NM = 1_800.0, 3_000.0
STEP_FT, STEP_FPM = 2_000.0, (500.0, 900.0)
# Above this height the true airspeed of cruise is the same at every level.
LEAST_FT = 30_000.0
_STEP, _STEP_RATE = 21, 22


def levels(legs: Legs, cruise_ft: Floats, ceiling_ft: float) -> Floats:
    """Set the levels of the cruise, shape (3, n): all the same on legs that are not long."""
    steps = (legs.distance_nm > TWO_NM) * 1.0 + (legs.distance_nm > THREE_NM)
    first = np.minimum(cruise_ft - STEP_FT, _below(ceiling_ft - STEP_FT * steps, cruise_ft))
    steps = np.where((first >= LEAST_FT) & (legs.start_ft <= legs.origin_ft), steps, 0.0)
    first = np.where(steps > 0, first, cruise_ft)
    return np.array([first, first + STEP_FT * (steps > 0), first + STEP_FT * steps])


def _below(limit_ft: Floats, level_ft: Floats) -> Floats:
    """Find the highest level below a limit that is whole steps away from another."""
    result: Floats = level_ft - np.ceil((level_ft - limit_ft) / STEP_FT) * STEP_FT
    return result


def shares(keys: Keys, levels_ft: Floats) -> Floats:
    """Share the level miles of the cruise out among its levels, shape (3, n)."""
    first = np.where(levels_ft[1] > levels_ft[0], 0.3 + 0.2 * uniform(keys, _STEP), 1.0)
    second = np.where(levels_ft[2] > levels_ft[1], 0.35, 1 - first)
    return np.array([first, second, np.maximum(1 - first - second, 0.0)])


def rates(keys: Keys) -> Floats:
    """Draw how fast flights climb from level to level, in ft/min."""
    slow, fast = STEP_FPM
    return slow + (fast - slow) * uniform(keys, _STEP_RATE)
