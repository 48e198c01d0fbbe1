"""Where something happens: the nth hub of a sky, an airport by its code, a box around it."""

from __future__ import annotations

import re
from functools import lru_cache
from math import floor
from typing import Any

import numpy as np

from flightlib.errors import SettingError, nearest
from flightlib.records import REGION_DEGREES
from flightlib.sky import Airport, airports, geodesy
from flightlib.sky.delivery import Box
from flightlib.sky.tables import airport_rows

HUBS = 20
ALLOWED = f'"hub 1" to "hub {HUBS}" (the busiest of the sky), or the ICAO code of an airport'
_HUB = re.compile(r"hub ([1-9]\d?)")


def checked(given: Any) -> str:
    """Let a word pass that can name an airport; raises ValueError, saying what is allowed."""
    word = str(given)
    found = _HUB.fullmatch(word)
    if (found and int(found[1]) <= HUBS) or word in airport_rows():
        return word
    raise ValueError(f"allowed: {ALLOWED}.{nearest(word, airport_rows())}")


def airport(word: str, region: str) -> Airport:
    """Find the airport a word means in a sky over a region.

    Raises SettingError for an airport that this sky does not serve.
    """
    found = _HUB.fullmatch(word)
    if found:
        return _busiest(region)[int(found[1]) - 1]
    by_code = {one.code: one for one in _busiest(region)}
    if word not in by_code:
        raise SettingError(
            f"{word} is no airport of a sky over {region!r}; allowed: {ALLOWED} it serves."
            f"{nearest(word, by_code)}"
        )
    return by_code[word]


@lru_cache(maxsize=4)
def _busiest(region: str) -> list[Airport]:
    return airports(region)


def away(word: str, region: str, bearing_deg: float, distance_nm: float) -> tuple[float, float]:
    """Find the latitude and longitude at a bearing and a distance from an airport."""
    here = airport(word, region)
    start = geodesy.unit([here.latitude], [here.longitude])
    tangent = geodesy.tangent_of(start, np.array([bearing_deg]))
    point = geodesy.along(start, tangent, distance_nm / geodesy.EARTH_RADIUS_NM)
    latitude, longitude = geodesy.position(point)
    return round(float(latitude[0]), 4), round(float(longitude[0]), 4)


def around(word: str, region: str, size_deg: float) -> Box:
    """Give the box of a size, in degrees, with an airport in its middle."""
    here, half = airport(word, region), size_deg / 2
    south, west = here.latitude - half, here.longitude - half
    return tuple(round(edge, 4) for edge in (south, west, south + size_deg, west + size_deg))  # type: ignore[return-value]


def cell_of(word: str, region: str) -> Box:
    """Give the region, a cell of 5 by 5 degrees, that an airport lies in."""
    here = airport(word, region)
    south, west = (
        float(floor(degrees / REGION_DEGREES) * REGION_DEGREES)
        for degrees in (here.latitude, here.longitude)
    )
    return south, west, south + REGION_DEGREES, west + REGION_DEGREES
