"""The aircraft of a sky: who they are, where they live, and their names on the radio."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.hashing import Keys, root, split, uniform
from flightlib.sky.itinerary import BLOCK_MS
from flightlib.sky.network import Network, network
from flightlib.sky.rhythm import HOUR_MS

Ints = NDArray[np.int64]

# Letters of registrations: the US leaves out I and O, which look like digits.
_US_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SUBFLEET, _HOME, _PHASE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Fleet:
    """Aircraft by slot: keys, subfleet and home as numbers of the network, phase of the blocks.

    `shift_ms` is how far the day is ahead of the clock: it moves the sun, and nothing else.
    """

    network: Network
    keys: Keys
    subfleet: Ints
    home: Ints
    phase_ms: Ints
    shift_ms: int
    registrations: tuple[str, ...]


def fleet(preset: str, seed: int, flights: int, shift_h: float = 0.0) -> Fleet:
    """Make as many aircraft as it takes to have `flights` of them live in the busy hours.

    An aircraft depends on the seed and its slot only, so a bigger fleet begins with the smaller.
    """
    lines = network(preset)
    slots = np.arange(ceil(flights / lines.live_share))
    seed_key = root(seed, *preset.encode())
    keys = split(seed_key, slots)
    subfleet = lines.subfleet(uniform(keys, _SUBFLEET))
    prefixes = [s.operator.registration for s in lines.subfleets]
    return Fleet(
        network=lines,
        keys=keys,
        subfleet=subfleet,
        home=lines.home(subfleet, uniform(keys, _HOME)),
        phase_ms=(uniform(keys, _PHASE) * BLOCK_MS).astype(np.int64),
        shift_ms=round(shift_h * HOUR_MS),
        registrations=tuple(
            registration(prefixes[kind], int(slot), seed_key)
            for slot, kind in zip(slots, subfleet, strict=True)
        ),
    )


def registration(prefix: str, slot: int, seed: int) -> str:
    """Name an aircraft by its slot, no two alike under one seed: N417KD, D-AKXF, EI-QRT."""
    if prefix == "N":
        # 900 numbers of three digits, two letters of 24: a walk that visits each name once.
        number, pair = divmod((slot * 31_415_927 + seed) % 518_400, 576)
        return f"N{number + 100}{_US_LETTERS[pair // 24]}{_US_LETTERS[pair % 24]}"
    size = 3 if slot < 26**3 and len(prefix) > 2 else 4
    number = (slot * 2_718_281 + seed) % 26**size
    letters = ""
    for _ in range(size):
        number, letter = divmod(number, 26)
        letters += _LETTERS[letter]
    return prefix + letters
