"""What is no longer true of a plan when a sky is told of a disturbance, or that it is over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.disturb import Flying, Holding, Storm
from flightlib.sky.hops import Hops
from flightlib.sky.itinerary import MINUTE_MS
from flightlib.sky.network import Network
from flightlib.sky.waits import LAP_MS, number_of

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# The shortest leg and its turnaround: it bounds how often one disturbance meets one aircraft.
_LEG_MS = 90 * MINUTE_MS


def slots_to_plan(
    network: Network, hops: Hops, block_ms: Ints, changed: set[Flying], all_told: set[Flying]
) -> Bools:
    """Mark the aircraft whose hops may be others than planned, by what was added or taken back.

    Storms change no plan; a delay or a hold does if a leg to or from its airport is in its time,
    or may have been before it was made late.
    """
    marked = np.zeros(len(block_ms), dtype=bool)
    made_late_ms = sum(_most_ms(one) for one in all_told)
    for one in changed:
        if not isinstance(one, Storm):
            airport = number_of(network, one.airport)
            often = (one.end_ms - one.start_ms) // _LEG_MS + 2
            last_ms = one.end_ms + often * made_late_ms + 2 * _LEG_MS
            touched = (hops.origin == airport) | (hops.destination == airport)
            rows, columns = np.nonzero(touched)
            on = block_ms[rows] + hops.on[rows, columns]
            begin = block_ms[rows] + hops.begin[rows, columns]
            marked[rows[(on > one.start_ms) & (begin < last_ms)]] = True
    return marked


def _most_ms(one: Flying) -> int:
    if isinstance(one, Storm):
        return 0
    return one.laps * LAP_MS if isinstance(one, Holding) else round(one.minutes * MINUTE_MS)
