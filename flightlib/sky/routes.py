"""The routes of a region and how busy they are.

`us` has the real flights of 2008 between airports. `europe` has real airports and a gravity
model: weight = (passengers of the one * passengers of the other)^0.75, times a factor that falls
off below 150 nm, where trains win, and above 1,500 nm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import distance_nm, unit
from flightlib.sky.tables import airport_rows, europe_passengers, us_flights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def routes(region: str) -> tuple[list[str], Ints, Floats]:
    """List the directed routes sorted by origin: airport codes, ends (2, n) and weights."""
    pairs = us_flights() if region == "us" else _gravity()
    codes = sorted({code for a, b, _ in pairs for code in (a, b)})
    number = {code: i for i, code in enumerate(codes)}
    one_way = [(number[a], number[b], weight) for a, b, weight in pairs]
    both = sorted([*one_way, *((b, a, weight) for a, b, weight in one_way)])
    ends = np.array([(a, b) for a, b, _ in both], dtype=np.int64).T
    return codes, ends, np.array([weight for *_, weight in both])


def _gravity() -> list[tuple[str, str, float]]:
    """Weigh the routes of Europe by the gravity model of the module's docstring."""
    passengers = europe_passengers()
    codes = sorted(passengers)
    rows = airport_rows()
    points = unit(
        [float(rows[c]["latitude"]) for c in codes], [float(rows[c]["longitude"]) for c in codes]
    )
    mass = np.array([passengers[c] for c in codes])
    a, b = np.triu_indices(len(codes), 1)
    distance = distance_nm(points[:, a], points[:, b])
    near = 1 / (1 + (150 / np.maximum(distance, 1)) ** 2)
    far = 1 / (1 + (distance / 1500) ** 3)
    weight = (mass[a] * mass[b]) ** 0.75 * near * far
    # A route needs about a flight a day; the floor keeps the country's small airports connected.
    kept = (weight > np.quantile(weight, 0.6)) & (distance > 60)
    return [
        (codes[i], codes[j], float(w))
        for i, j, w in zip(a[kept], b[kept], weight[kept], strict=True)
    ]
