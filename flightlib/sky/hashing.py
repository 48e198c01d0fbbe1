"""Random numbers without a stream: a hash of what they are for.

A number belongs to its key (seed, slot, block, leg, ...) and its lane, so it is the same on every
machine, in any order of asking, and whatever else is asked. The mixer is SplitMix64's finalizer
(Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Floats = NDArray[np.float64]
Wholes = NDArray[np.integer[Any]]

_STEP = 0x9E3779B97F4A7C15
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_MASK = (1 << 64) - 1


def root(*words: int) -> int:
    """Make one 64-bit key of the words that name everything, such as a seed and a preset."""
    state = np.random.SeedSequence(list(words)).generate_state(1, np.uint64)
    return int(state[0])


def split(key: int, numbers: Wholes) -> Keys:
    """Give each number a key of its own under one key."""
    return mix(np.full(len(numbers), key, np.uint64), numbers)


def mix(keys: Keys, numbers: Wholes | int) -> Keys:
    """Derive new keys from keys and numbers (one number for all, or one for each key)."""
    if isinstance(numbers, int):
        z = keys + np.uint64((numbers + 1) * _STEP & _MASK)
    else:
        z = keys + (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(_STEP)
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))


def uniform(keys: Keys, lane: int) -> Floats:
    """Draw from [0, 1) for each key; lanes of one key are independent of each other."""
    return (mix(keys, lane) >> np.uint64(11)).astype(np.float64) * 2.0**-53
