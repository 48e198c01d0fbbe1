"""Random numbers without a stream: even, independent, the same everywhere."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flightlib.sky.hashing import mix, root, split, uniform


def test_numbers_are_the_same_everywhere() -> None:
    """The numbers are whole-number arithmetic, pinned here: no machine gives others."""
    keys = split(root(7), np.arange(2))
    assert keys.tolist() == [14888882505985672754, 4037976193916497258]
    assert uniform(keys, 3).tolist() == [0.008246219636507512, 0.9537965910881627]


@given(st.integers(0, 2**63), st.integers(0, 10_000))
def test_numbers_do_not_depend_on_their_neighbours(seed: int, size: int) -> None:
    """A key's number is the same alone as among others."""
    numbers = np.arange(size % 50 + 1)
    together = uniform(split(root(seed), numbers), 1)
    alone = uniform(split(root(seed), numbers[-1:]), 1)
    assert together[-1] == alone[0]


def test_numbers_are_even_and_independent() -> None:
    """Means, spreads and correlations of lanes are those of uniform numbers."""
    keys = mix(split(root(1), np.arange(20_000)), 5)
    a, b = uniform(keys, 0), uniform(keys, 1)
    assert 0 <= a.min() < a.max() < 1
    assert abs(a.mean() - 0.5) < 0.01
    assert abs(a.var() - 1 / 12) < 0.005
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.03
    assert abs(np.corrcoef(a[1:], a[:-1])[0, 1]) < 0.03


def test_one_number_for_all_is_that_number_for_each() -> None:
    """A single number and an array of it derive the same keys."""
    keys = split(root(2), np.arange(9))
    assert (mix(keys, 4) == mix(keys, np.full(9, 4))).all()
