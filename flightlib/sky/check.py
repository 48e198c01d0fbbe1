"""Hold a sky against the real one: each figure beside its reference, and what to think of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from flightlib.errors import SettingError
from flightlib.sky.measures import measure
from flightlib.sky.sky import Sky
from flightlib.sky.tables import references

# A Tuesday in November, as the references are of ordinary days; any time would do.
START_MS = 1_763_424_000_000
FLIGHTS, HOURS, SEED = 1000, 24.0, 7
FEWEST_H, MOST_H = 1.0, 240.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a sky; `reference`, `tolerance` and `source` only where something is known."""

    name: str
    ours: float
    reference: float | None
    tolerance: float | None
    source: str

    @property
    def verdict(self) -> str:
        """Say `pass` within the tolerance, `off` beyond it, `-` where there is no reference."""
        if self.reference is None or self.tolerance is None:
            return "-"
        # A figure that could not be measured is off, too: nothing compares with NaN.
        return "pass" if abs(self.ours - self.reference) <= self.tolerance else "off"


def check(sky: Sky, start_ms: int = START_MS, hours: float = HOURS) -> list[Figure]:
    """Measure a sky over hours from a start, and compare every figure that has a reference.

    Raises SettingError for hours that are not allowed.
    """
    if not FEWEST_H <= hours <= MOST_H:
        raise SettingError(f"hours cannot be {hours:g}; allowed: {FEWEST_H:g} to {MOST_H:g}")
    known = references(sky.preset)
    found = measure(sky, start_ms, hours)
    return [
        Figure(name, ours, *known.get(name, (None, None, "")))
        for name, ours in found.items()
        if not (math.isnan(ours) and name not in known)
    ]
