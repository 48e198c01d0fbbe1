"""What must hold between two looks at a sky, disturbed or not."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from flightlib.sky import Columns, Sky
from flightlib.sky.geodesy import distance_nm, unit


def rows(columns: Columns, below_slot: int = 10**9) -> list[tuple[Any, ...]]:
    """Everything a picture says, aircraft by aircraft.

    Editions say nothing: they count how often a cursor made a label, so they follow what was asked.
    """
    names = [field.name for field in dataclasses.fields(Columns) if field.name != "edition"]
    keep = columns.slot < below_slot
    return list(zip(*(getattr(columns, name)[keep].tolist() for name in names), strict=True))


def covered_nm(before: Columns, a: np.ndarray, after: Columns, b: np.ndarray) -> np.ndarray:
    """How far aircraft have come: rows a of one picture to rows b of the other."""
    here = unit(before.latitude[a], before.longitude[a])
    return distance_nm(here, unit(after.latitude[b], after.longitude[b]))


def nobody_jumps(sky: Sky, time_ms: int, step_ms: int, steps: int) -> None:
    """Assert that nobody moves further than its speed allows, in any direction, step by step."""
    before = sky.at(time_ms)
    for step in range(1, steps):
        after = sky.at(time_ms + step * step_ms)
        _, a, b = np.intersect1d(before.slot, after.slot, return_indices=True)
        flying = [x.registration is not None for x in before.labels[a]]
        a, b = a[flying], b[flying]
        nm = covered_nm(before, a, after, b)
        fastest_kt = np.maximum(before.ground_speed[a], after.ground_speed[b]) + 15
        # Positions are rounded to 1e-5 degrees: about 1 m at either end.
        assert (nm <= fastest_kt * step_ms / 3_600_000 + 0.0015).all()
        feet = np.abs(after.altitude[b] - before.altitude[a])
        assert (feet <= 4800 * step_ms / 60_000 + 25).all()
        before = after
