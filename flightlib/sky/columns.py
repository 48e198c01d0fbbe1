"""A picture of a sky as arrays, one element for each live aircraft."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flightlib.records import PHASES, STATUSES

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Columns:
    """The live aircraft at a time, one element each, as arrays: degrees, feet, knots, ft/min.

    `slot` numbers the aircraft of the sky, `phase` and `status` index PHASES and STATUSES of
    `flightlib.records`, `labels` hold what does not move (callsign, route, delays), and `edition`
    counts an aircraft's labels: the same number, the same label.
    """

    slot: Ints
    time_ms: Ints
    latitude: Floats
    longitude: Floats
    altitude: Ints
    heading: Floats
    ground_speed: Floats
    vertical_speed: Floats
    phase: NDArray[np.int8]
    status: NDArray[np.int8]
    progress_percent: Ints
    labels: NDArray[np.object_]
    edition: Ints

    def __len__(self) -> int:
        return len(self.slot)

    @property
    def flight_id(self) -> list[str]:
        """The flights' identifiers."""
        return [label.flight_id for label in self.labels]

    @property
    def phases(self) -> list[str]:
        """The phases in words."""
        return [PHASES[number] for number in self.phase]

    @property
    def statuses(self) -> list[str]:
        """The statuses in words."""
        return [STATUSES[number] for number in self.status]
