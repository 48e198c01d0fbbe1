"""Land, lakes and borders of a piece of the world, as tables of points. Pure numpy.

The outline is Natural Earth 1:50m (public domain), simplified; `.github/make_outline.py` made it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Points = npt.NDArray[np.float64]  # n rows of longitude, latitude in degrees
AREAS = ("land", "lakes")
LINES = ("states", "borders")
FURTHEST_NORTH = 84.0  # Mercator stretches without bound towards the poles


class Box(NamedTuple):
    """A piece of the world, in degrees."""

    west: float
    south: float
    east: float
    north: float

    def grown(self, share: float) -> Box:
        """Give a box larger on every side by a share of its size, within the world."""
        wide, high = (self.east - self.west) * share, (self.north - self.south) * share
        return Box(
            max(-180.0, self.west - wide),
            max(-FURTHEST_NORTH, self.south - high),
            min(180.0, self.east + wide),
            min(FURTHEST_NORTH, self.north + high),
        )

    def fitted(self, width: float, height: float) -> Box:
        """Give the smallest box around this one whose Mercator picture is width by height."""
        low, high = mercator(np.array([self.south, self.north]))
        wide = self.east - self.west
        tall = max(high - low, wide * height / width)
        wide = max(wide, tall * width / height)
        across, up = (self.west + self.east) / 2, (low + high) / 2
        south, north = latitude(np.array([up - tall / 2, up + tall / 2]))
        return Box(across - wide / 2, float(south), across + wide / 2, float(north))


def mercator(degrees: Points) -> Points:
    """Project latitudes to the spherical Mercator's y, in degrees at the equator."""
    return np.asarray(np.degrees(np.arctanh(np.sin(np.radians(degrees)))))


def latitude(y: Points) -> Points:
    """Undo `mercator`."""
    return np.asarray(np.degrees(np.arcsin(np.tanh(np.radians(y)))))


@lru_cache(maxsize=1)
def _world() -> dict[str, list[Points]]:
    """Read the outline: every line is hundredths of degrees, a start and then steps."""
    text = (files("flightlib.charts") / "data" / "outline.json").read_text(encoding="utf-8")
    return {
        layer: [np.cumsum(np.reshape(line, (-1, 2)), axis=0) / 100 for line in lines]
        for layer, lines in json.loads(text).items()
    }


def outline(layer: str, box: Box) -> pd.DataFrame:
    """Give one layer within a box: a row per point, `line` numbers the lines they belong to."""
    cut = _area_within if layer in AREAS else _line_within
    kept = [part for line in _world()[layer] if _touches(line, box) for part in cut(line, box)]
    points = np.concatenate([*kept, np.zeros((0, 2))]).round(2)
    numbers = np.repeat(np.arange(len(kept)), [len(part) for part in kept])
    return pd.DataFrame({"longitude": points[:, 0], "latitude": points[:, 1], "line": numbers})


def _touches(line: Points, box: Box) -> bool:
    (west, south), (east, north) = line.min(axis=0), line.max(axis=0)
    return bool(west <= box.east and east >= box.west and south <= box.north and north >= box.south)


def _area_within(ring: Points, box: Box) -> Iterator[Points]:
    """Clip a closed ring to the box, side by side (Sutherland and Hodgman, 1974)."""
    sides = ((0, -1.0, -box.west), (0, 1.0, box.east), (1, -1.0, -box.south), (1, 1.0, box.north))
    for axis, sign, limit in sides:
        ring = _clipped(ring, sign * ring[:, axis] - limit)
    if len(ring) > 2:
        yield np.concatenate([ring, ring[:1]])


def _clipped(ring: Points, beyond: npt.NDArray[np.float64]) -> Points:
    """Keep the part of a ring that is not beyond a line, with a corner at each crossing."""
    following, beyond_next = np.roll(ring, -1, axis=0), np.roll(beyond, -1)
    inside, crosses = beyond <= 0, (beyond <= 0) != (beyond_next <= 0)
    gap = np.where(crosses, beyond - beyond_next, 1.0)
    corners = ring + (following - ring) * (beyond / gap)[:, None]
    pairs = np.stack([ring, corners], axis=1).reshape(-1, 2)
    return np.asarray(pairs[np.stack([inside, crosses], axis=1).ravel()])


def _line_within(line: Points, box: Box) -> Iterator[Points]:
    """Cut an open line where it leaves the box; one point beyond stays on either end."""
    inside = (
        (line[:, 0] >= box.west)
        & (line[:, 0] <= box.east)
        & (line[:, 1] >= box.south)
        & (line[:, 1] <= box.north)
    )
    near = inside | np.roll(inside, 1) | np.roll(inside, -1)
    starts = np.flatnonzero(np.diff(near.astype(int), prepend=0) == 1)
    ends = np.flatnonzero(np.diff(near.astype(int), append=0) == -1)
    yield from (line[a : b + 1] for a, b in zip(starts, ends, strict=True) if b > a)
