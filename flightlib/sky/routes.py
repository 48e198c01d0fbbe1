"""The routes of a preset and how busy they are.

`us-domestic` has the real flights of 2008 between airports. The others have real airports and a
gravity model: weight = (passengers of the one * passengers of the other)^0.75, times a factor
that falls off for short ways and for long ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import distance_nm, unit
from flightlib.sky.tables import airport_rows, passengers, us_flights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def routes(preset: str) -> tuple[list[str], Ints, Floats]:
    """List the directed routes sorted by origin: airport codes, ends (2, n) and weights."""
    pairs = {
        "us-domestic": us_flights,
        "europe": _europe,
        "north-atlantic": _north_atlantic,
        "world": _world,
    }[preset]()
    codes = sorted({code for a, b, _ in pairs for code in (a, b)})
    number = {code: i for i, code in enumerate(codes)}
    one_way = [(number[a], number[b], weight) for a, b, weight in pairs]
    both = sorted([*one_way, *((b, a, weight) for a, b, weight in one_way)])
    ends = np.array([(a, b) for a, b, _ in both], dtype=np.int64).T
    return codes, ends, np.array([weight for *_, weight in both])


def _europe() -> list[tuple[str, str, float]]:
    """Weigh the routes of Europe: trains win below 150 nm; a route needs about a flight a day.

    The floor is low enough to keep each country's small airports connected.
    """
    table = passengers("europe.csv")
    return _gravity(table, lambda a, b: np.ones(len(a), bool), (150.0, 1500.0, 3.0), 0.6)


def _north_atlantic() -> list[tuple[str, str, float]]:
    """Weigh the routes between the two sides; distance matters little there."""
    table = passengers("north_atlantic.csv")
    side = np.array([passengers("north_atlantic.csv", "side")[code] for code in sorted(table)])
    return _gravity(table, lambda a, b: side[a] != side[b], (300.0, 4500.0, 4.0), 0.45)


def _world() -> list[tuple[str, str, float]]:
    """Weigh what the other presets leave out: the other continents, and the ways to them."""
    table = passengers("world.csv")
    place = np.array([passengers("world.csv", "continent")[code] for code in sorted(table)])
    return _gravity(
        table,
        lambda a, b: ((place[a] != "far") | (place[b] != "far")) * _boost(place[a], place[b]),
        (200.0, 1500.0, 2.0),
        0.62,
    )


def _boost(a: NDArray[np.str_], b: NDArray[np.str_]) -> Floats:
    """Make up for the airports that the table leaves out: most in the south, fewest in Asia."""
    return np.where(a != b, 2.0, np.where(a == "asia", 1.0, 3.5))


def _gravity(
    table: dict[str, Any],
    wanted: Callable[[Ints, Ints], NDArray[Any]],
    near_far: tuple[float, float, float],
    floor: float,
) -> list[tuple[str, str, float]]:
    """Weigh routes by a gravity model: miles below and beyond which fewer fly, and how sharply.

    `wanted` says which pairs, by a factor; of these a share of `floor` has too few for a flight.
    """
    near_nm, far_nm, sharp = near_far
    codes, rows = sorted(table), airport_rows()
    points = unit(
        [float(rows[c]["latitude"]) for c in codes], [float(rows[c]["longitude"]) for c in codes]
    )
    mass = np.array([float(table[c]) for c in codes])
    a, b = np.triu_indices(len(codes), 1)
    times = wanted(a, b)
    a, b, times = a[times > 0], b[times > 0], times[times > 0]
    distance = distance_nm(points[:, a], points[:, b])
    near = 1 / (1 + (near_nm / np.maximum(distance, 1)) ** 2)
    far = 1 / (1 + (distance / far_nm) ** sharp)
    weight = (mass[a] * mass[b]) ** 0.75 * near * far * times
    kept = (weight > np.quantile(weight, floor)) & (distance > 60)
    return [
        (codes[i], codes[j], float(w))
        for i, j, w in zip(a[kept], b[kept], weight[kept], strict=True)
    ]
