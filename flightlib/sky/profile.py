"""How high and how fast along a flight: closed form, one column per flight.

A flight is a row of nodes joined by segments. In a segment the vertical rate is constant (a
multiple of 64 ft/min, as transponders report it) and the ground speed changes evenly, so height
is linear and distance quadratic in time. The segments: four climb bands (to 10,000, 20,000 and
30,000 ft and to cruise), the cruise, four descent bands, a level piece, the final approach. The
cruise is five segments: level, and on long legs up to two steps to levels 2,000 ft higher.

Speeds are true airspeeds on a climb schedule (250 kt indicated below 10,000 ft, about 300 kt
above, then the type's Mach number in the standard atmosphere) plus the wind along the track. The
wind grows with height; over a region it blows from the west (the jet stream).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.sky import steps
from flightlib.sky.hashing import Keys, uniform

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LIFT_OFF_KT = 150.0
APPROACH_FT = 2500.0
# How fast speed may grow with height: at 3,000 ft/min by two knots a second.
MOST_KT_FT = 0.04
BANDS_FT = (10_000.0, 20_000.0, 30_000.0)
CEILING_FT = 43_000.0
WIND_FULL_FT = 36_000.0
# How much lower flights keep for every knot of wind against them.
HEADWIND_FT_KT = 30.0
# Further than this, fuel decides the level, and winds change on the way.
FAR_NM = 2300.0
HOP_NM, HOP_FPM = 150.0, 1800.0
NODES = 17
# Cruise is from the one node to the other; its even segments are level, its odd ones steps.
CRUISE, CRUISE_END = 5, 10
# The nodes between which flights may leave their path: 1,500 ft up, and before the approach.
FREE_FROM, FREE_TO = 1, 14

# Vertical rates as pilots fly them: at these shares of the time in a band, this rate or less.
# Medians and spread as in public ADS-B traffic over the US and Europe.
_SHARES = np.array([0.0, 0.1, 0.5, 0.9, 1.0])
_CLIMB_FPM = np.array(
    [
        [450, 880, 2360, 3330, 4000],
        [600, 1050, 2110, 3120, 3800],
        [640, 1000, 1600, 2270, 2900],
        [400, 640, 1150, 2035, 2600],
    ]
)
_DESCENT_FPM = np.array(
    [
        [450, 700, 1250, 1650, 1950],
        [600, 900, 1600, 2370, 3000],
        [640, 960, 1860, 2650, 3300],
        [580, 800, 1010, 2520, 3300],
    ]
)
# A glide path of 3 degrees: feet a minute for each knot of the approach speed.
_GLIDE_FPM_KT = 5.3
# Lanes of a leg's key.
_CRUISE, _CLIMB, _DESCENT, _LEVEL, _ODD, _CRUISE_TOO = 0, 1, 5, 9, 10, 20


@dataclass(frozen=True, slots=True)
class Legs:
    """What decides the profile of legs, one element per leg.

    `wind_kt` is the wind along the track at cruise height; `odd` says whether the level rule asks
    for odd thousands of feet. A leg with `start_ft` above the ground begins in cruise there.
    """

    key: Keys
    distance_nm: Floats
    origin_ft: Floats
    destination_ft: Floats
    mach: Floats
    cruise_ft: Floats
    approach_kt: Floats
    climb: Floats
    wind_kt: Floats
    odd: Bools
    start_ft: Floats


@dataclass(frozen=True, slots=True)
class Profiles:
    """Nodes of legs, each array of shape (NODES, n): seconds, nautical miles, feet, knots."""

    time_s: Floats
    distance_nm: Floats
    height_ft: Floats
    speed_kt: Floats


def profiles(legs: Legs) -> Profiles:
    """Compute the nodes of legs from lift-off (or from `start_ft`) to touchdown."""
    climb_fpm, descent_fpm = _rates(legs)
    cruise_ft = np.where(
        legs.start_ft > legs.origin_ft, legs.start_ft, _cruise_ft(legs, climb_fpm, descent_fpm)
    )
    levels = steps.levels(legs, cruise_ft, CEILING_FT - 2000)
    heights = _heights(legs, levels)
    speeds = _speeds(legs, levels[0])
    speeds = speeds + legs.wind_kt * np.minimum(heights / WIND_FULL_FT, 1.0)
    seconds = np.empty((NODES - 1, len(cruise_ft)))
    seconds[:5] = np.diff(heights[:6], axis=0) / climb_fpm[[0, 0, 1, 2, 3]] * 60
    seconds[[6, 8]] = np.diff(levels, axis=0) / _multiples_of_64(steps.rates(legs.key)) * 60
    seconds[10:14] = -np.diff(heights[10:15], axis=0) / descent_fpm[[3, 2, 1, 0]] * 60
    level_nm = 1 + np.minimum(legs.distance_nm / 50, 10) * uniform(legs.key, _LEVEL)
    seconds[14] = level_nm / ((speeds[14] + speeds[15]) / 2) * 3600
    final_fpm = _multiples_of_64(_GLIDE_FPM_KT * legs.approach_kt)
    seconds[15] = (heights[15] - heights[16]) / final_fpm * 60
    seconds[[5, 7, 9]] = 0.0
    miles = (speeds[:-1] + speeds[1:]) / 2 * seconds / 3600
    cruise_nm = (legs.distance_nm - miles.sum(axis=0)) * steps.shares(legs.key, levels)
    miles[[5, 7, 9]] = cruise_nm
    seconds[[5, 7, 9]] = cruise_nm / speeds[[5, 7, 9]] * 3600
    return Profiles(_summed(seconds), _summed(miles), heights, speeds)


def _summed(steps: Floats) -> Floats:
    return np.concatenate([np.zeros((1, steps.shape[1])), np.cumsum(steps, axis=0)])


def _rates(legs: Legs) -> tuple[Floats, Floats]:
    """Draw the vertical rates of every band, ft/min, shapes (4, n)."""
    climb = [
        _rate(uniform(legs.key, _CLIMB + band), _CLIMB_FPM[band]) * legs.climb for band in range(4)
    ]
    descent = [_rate(uniform(legs.key, _DESCENT + band), _DESCENT_FPM[band]) for band in range(4)]
    # A hop has no room for a slow climb.
    least = np.where(legs.distance_nm < HOP_NM, HOP_FPM, 0.0)
    rates = np.maximum(np.array([climb, descent]), least)
    return _multiples_of_64(rates[0]), _multiples_of_64(rates[1])


def _rate(u: Floats, quantiles: Floats) -> Floats:
    """Draw rates such that, over time spent, they have the given quantiles.

    A slow climb lasts longer, so a share of the time is not a share of the flights: the flights'
    share of a piece is its share of the time times its mean rate.
    """
    flights = np.diff(_SHARES) * (quantiles[1:] + quantiles[:-1]) / 2
    cumulative = np.concatenate([[0.0], np.cumsum(flights) / flights.sum()])
    return np.interp(u, cumulative, quantiles)


def _multiples_of_64(rates: Floats) -> Floats:
    result: Floats = np.maximum(np.round(rates / 64), 4) * 64
    return result


def _tas_grid(legs: Legs) -> tuple[Floats, Floats]:
    """Tabulate true airspeed against height in a climb: heights and knots, shapes (6, n)."""
    slow = legs.mach < 0.6
    top = cruise_tas_kt(legs.mach, legs.cruise_ft)
    levels = [np.full_like(top, level) for level in (*BANDS_FT, CEILING_FT)]
    heights = np.array([legs.origin_ft, legs.origin_ft + 1500, *levels])
    lift_off = np.where(slow, 115.0, LIFT_OFF_KT)
    early = np.where(slow, 150.0, 215.0)
    low, middle = np.where(slow, 0.84, 0.66), np.where(slow, 1.0, 0.9)
    knots = np.array([lift_off, early, top * low, top * middle, top, top])
    heights[2:5] = np.maximum(heights[2:5], heights[1] + [[1.0], [2.0], [3.0]])
    return heights, knots


def cruise_tas_kt(mach: Any, height_ft: Any) -> Any:
    """Turn a Mach number into true airspeed in knots at a height of the standard atmosphere."""
    kelvin = 288.15 - 0.0019812 * np.minimum(height_ft, 36_089)
    return mach * 661.47 * np.sqrt(kelvin / 288.15)


def _interpolated(x: Floats, xs: Floats, ys: Floats) -> Floats:
    """Interpolate row by row: x has shape (n,), the tables (k, n)."""
    share = np.clip((x - xs[:-1]) / (xs[1:] - xs[:-1]), 0.0, 1.0)
    result: Floats = ys[0] + (share * np.diff(ys, axis=0)).sum(axis=0)
    return result


def _heights(legs: Legs, levels: Floats) -> Floats:
    """Set the nodes' heights, shape (NODES, n), never above cruise nor below the ground."""
    base = np.where(legs.start_ft > legs.origin_ft, legs.start_ft, legs.origin_ft)
    cruise_ft, last_ft = levels[0], levels[2]
    bands = [np.full_like(cruise_ft, band) for band in BANDS_FT]
    up = np.array([base, base + 1500, *bands, cruise_ft])
    low = np.minimum(legs.destination_ft + APPROACH_FT, cruise_ft)
    down = np.array([last_ft, *bands[::-1], low])
    up = np.clip(np.maximum.accumulate(up, axis=0), base, cruise_ft)
    down = np.clip(down, low, last_ft)
    steps = [levels[0], levels[1], levels[1], levels[2]]
    return np.concatenate([up, steps, down, [low, legs.destination_ft]])


def _speeds(legs: Legs, cruise_ft: Floats) -> Floats:
    """Set the nodes' true airspeeds, shape (NODES, n); in cruise they do not change.

    Nodes that fall together, because a band lies above cruise or below the ground, get the same
    speed: else it would jump in no time. Near a high airport a band is thin, and so is the change
    of speed in it.
    """
    heights, knots = _tas_grid(legs)
    cruise = _interpolated(cruise_ft, heights, knots)
    bands = np.array(BANDS_FT)[:, None]
    room_kt = MOST_KT_FT * np.maximum(bands - (legs.origin_ft + 1500), 0.0)
    up = np.concatenate([knots[:2], np.minimum(knots[2:5], knots[1] + room_kt)])
    up = np.where(heights[:5] >= cruise_ft, cruise, np.minimum(up, cruise))
    up[0] = np.where(legs.start_ft > legs.origin_ft, cruise, knots[0])
    low_ft, low_kt = legs.destination_ft + APPROACH_FT, legs.approach_kt + 55
    room_kt = MOST_KT_FT * np.maximum(bands - low_ft, 0.0)
    down = np.minimum(np.array([knots[2], knots[3], cruise]), low_kt + room_kt)
    down = np.concatenate([[low_kt], down])
    reached = np.concatenate([[low_ft], np.broadcast_to(bands, down[1:].shape)]) >= cruise_ft
    down = np.where(reached, cruise, np.minimum(down, cruise))[::-1]
    last = np.array([np.minimum(legs.approach_kt + 25, cruise), legs.approach_kt])
    return np.concatenate([up, [cruise] * 6, down, last])


def _cruise_ft(legs: Legs, climb_fpm: Floats, descent_fpm: Floats) -> Floats:
    """Choose the cruise level: what the type likes, or what the distance leaves time to reach.

    Levels follow the rule of odd and even thousands; one flight in twenty is on the other kind,
    as controllers allow. The level is rounded down, so the climb and the descent always fit.
    """
    reach = _reach_ft(legs, climb_fpm, descent_fpm)
    u = uniform(legs.key, _CRUISE)
    # A sum of two uniforms: most flights near the usual level, none far from it.
    far = legs.distance_nm > FAR_NM
    spread = (u + uniform(legs.key, _CRUISE_TOO) - 1) * np.where(far, 3500, 5000)
    below_jet = np.where(far, 0.0, HEADWIND_FT_KT * np.minimum(legs.wind_kt, 0))
    wish = np.minimum(legs.cruise_ft + 1500 + spread + below_jet, CEILING_FT - 2000)
    odd = legs.odd ^ (uniform(legs.key, _ODD) < 0.05)
    shift = np.where(odd, 1000.0, 0.0)
    level = np.floor((np.minimum(wish, reach) - shift) / 2000) * 2000 + shift
    lowest = np.maximum(legs.origin_ft, legs.destination_ft) + APPROACH_FT + 1000
    result: Floats = np.maximum(level, np.ceil(lowest / 1000) * 1000)
    return result


def _reach_ft(legs: Legs, climb_fpm: Floats, descent_fpm: Floats) -> Floats:
    """Find the height from which a descent must follow at once, less a share for cruise."""
    heights, knots = _tas_grid(legs)
    knots = knots + np.maximum(legs.wind_kt, 0) * np.minimum(heights / WIND_FULL_FT, 1.0)
    hours = np.diff(heights, axis=0) / 60
    mean_kt = (knots[1:] + knots[:-1]) / 2
    miles = hours * mean_kt * (1 / climb_fpm[[0, 0, 1, 2, 3]] + 1 / descent_fpm[[0, 0, 1, 2, 3]])
    fixed_nm = 26.0
    return _interpolated(legs.distance_nm * 0.8 - fixed_nm, _summed(miles), heights)
