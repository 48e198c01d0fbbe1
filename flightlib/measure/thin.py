"""Fewer samples that say the same: so many that a copy is small and its percentiles stay. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

from flightlib.measure.outcome import UNITS

LEAST = 20
"""A group has at least so many samples left, or all it has."""
SLACK = 1.1
DIGITS, LARGE = 5, 1e7


def thinned(samples: pd.DataFrame, most: int) -> pd.DataFrame:
    """Keep at most about so many samples, evenly chosen from the lowest to the highest value.

    Columns whose names end in a unit are values; all others tell groups apart, and each group is
    thinned alike and keeps its lowest and highest, so that curves and percentiles stay what they
    are (those of the first column of values, where there are several). Rows are given group by
    group, each from low to high; but a series, whose rows all differ, is thinned in its order.
    Values are rounded to five digits.
    """
    if len(samples) <= most:
        return _rounded(samples)
    values = [str(name) for name in samples if is_value(str(name))]
    groups = [str(name) for name in samples if name not in values]
    order: pd.DataFrame = samples.sort_values([*groups, *values], kind="stable", ignore_index=True)
    parts = [part for _, part in order.groupby(groups, sort=False, dropna=False)] if groups else []
    share = most / len(samples)
    kept = [_evenly(part, max(LEAST, round(share * len(part)))) for part in parts or [order]]
    told = pd.concat(kept, ignore_index=True)
    # Where nearly every row is a group of its own, it is a series: its order is what it says.
    return _rounded(told if len(told) <= SLACK * most else _evenly(samples, most))


def is_value(column: str) -> bool:
    """Say whether a column holds what was measured: its name ends in a unit."""
    return any(column.endswith(f"_{unit}") for unit in UNITS)


def _evenly(part: pd.DataFrame, most: int) -> pd.DataFrame:
    if len(part) <= most:
        return part
    chosen: pd.DataFrame = part.iloc[np.round(np.linspace(0, len(part) - 1, most)).astype(int)]
    return chosen


def _rounded(samples: pd.DataFrame) -> pd.DataFrame:
    """Drop the digits that nobody measured."""
    told: pd.DataFrame = samples.copy()
    for name in told:
        if pd.api.types.is_float_dtype(told[name]):
            told[name] = told[name].map(_short)
    return told


def _short(value: float) -> float:
    # Moments are seconds since 1970: of those every digit is needed.
    return float(f"{value:.{DIGITS}g}") if abs(value) < LARGE else value
