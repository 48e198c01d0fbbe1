"""Ways beside a great circle: how far to the right of it, mile by mile.

An offset is a smooth curve d(s) over the distance s along the great circle, both in nautical
miles: a cubic Hermite spline through a few knots, 0 before the first and after the last. The
point is p(s) cos(d) + n sin(d), with n the pole of the circle to the right of the track.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flightlib.sky.geodesy import EARTH_RADIUS_NM
from flightlib.sky.profile import Profiles

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_KNOTS = 8


@dataclass(frozen=True, slots=True)
class Offsets:
    """Offsets of some hops: `rows` numbers the hops that have one, columns of the arrays.

    Knots, each array of shape (up to MOST_KNOTS, len(rows)): miles along the path in rising
    order, miles to the right of it, and the slope d'(s). At the first and at the last knot the
    offset and the slope are 0. A hop with fewer knots repeats its last one.
    """

    rows: Ints
    along_nm: Floats
    right_nm: Floats
    slope: Floats

    def only(self, keep: NDArray[np.bool_]) -> Offsets:
        """Keep the offsets of some of the rows."""
        columns = self.along_nm[:, keep], self.right_nm[:, keep], self.slope[:, keep]
        return Offsets(self.rows[keep], *columns)

    def at(self, along_nm: Floats) -> tuple[Floats, Floats]:
        """Read miles to the right and slope at miles along, one or k for each row."""
        start, _, factors = self.cubics(_count(self.along_nm, along_nm))
        return polynomial(factors, along_nm - start)

    def cubics(self, knot: Ints) -> tuple[Floats, Floats, Floats]:
        """Give the cubics that end at knots: where they start, how long they are, four factors.

        Before the first knot and after the last the length is 0, and so are the factors.
        """
        last, each = len(self.along_nm) - 1, np.arange(len(self.rows))
        inside = (knot > 0) & (knot <= last)
        b = np.clip(knot, 1, last)
        a = b - 1
        start = self.along_nm[a, each]
        length = np.where(inside, self.along_nm[b, each] - start, 0.0)
        h = np.where(length > 0, length, 1.0)
        rise = (self.right_nm[b, each] - self.right_nm[a, each]) / h
        m, n = self.slope[a, each], self.slope[b, each]
        factors = np.array(
            [self.right_nm[a, each], m, (3 * rise - 2 * m - n) / h, (m + n - 2 * rise) / h**2]
        )
        return start, length, np.where(length > 0, factors, 0.0)


def polynomial(factors: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Evaluate cubics, factors of shape (4, n), and their slopes."""
    c0, c1, c2, c3 = factors
    return c0 + u * (c1 + u * (c2 + u * c3)), c1 + u * (2 * c2 + u * 3 * c3)


def through(rows: Ints, along_nm: Floats, right_nm: Floats) -> Offsets:
    """Lay smooth offsets through knots (k, n), without overshoot: level at every turning point.

    Slopes are those of a monotone cubic (Fritsch and Butland, 1984); the outer knots are on the
    great circle, whatever `right_nm` says there.
    """
    right = right_nm.copy()
    right[0] = right[-1] = 0.0
    h = np.diff(along_nm, axis=0)
    rise = np.diff(right, axis=0) / np.where(h > 0, h, 1.0)
    before, after = rise[:-1], rise[1:]
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    same = (before * after > 0) & (h[1:] > 0) & (h[:-1] > 0)
    down = np.where(same, w1 * after + w2 * before, 1.0)
    slope = np.zeros_like(right)
    slope[1:-1] = np.where(same, (w1 + w2) * before * (after / down), 0.0)
    return Offsets(rows, along_nm, right, slope)


def added(a: Offsets | None, b: Offsets | None) -> Offsets | None:
    """Add the offsets of two causes; the sum has the knots of both."""
    if a is None or b is None:
        return b if a is None else a
    rows = np.union1d(a.rows, b.rows)
    a, b = _spread(a, rows), _spread(b, rows)
    along = np.sort(np.concatenate([a.along_nm, b.along_nm]), axis=0)
    right, slope = np.zeros_like(along), np.zeros_like(along)
    for one in (a, b):
        own_right, own_slope = one.at(along)
        right, slope = right + own_right, slope + own_slope
    return Offsets(rows, along, right, slope)


def _spread(offsets: Offsets, rows: Ints) -> Offsets:
    """Give offsets columns for more rows; the new ones are 0 everywhere."""
    shape = (len(offsets.along_nm), len(rows))
    where = np.searchsorted(rows, offsets.rows)
    spread = [np.zeros(shape) for _ in range(3)]
    for wide, narrow in zip(
        spread, (offsets.along_nm, offsets.right_nm, offsets.slope), strict=True
    ):
        wide[:, where] = narrow
    return Offsets(rows, *spread)


def seconds_to(nodes: Profiles, rows: Ints, along_nm: Floats) -> Floats:
    """Say when flights of a profile reach distances (k, len(rows)), in seconds from its start."""
    a, _, v, gain = _segment(nodes, rows, _count(nodes.distance_nm[:, rows], along_nm))
    ahead = np.maximum(along_nm - nodes.distance_nm[a, rows], 0.0)
    root = np.sqrt(np.maximum(v * v + 2 * gain * ahead, 0.0))
    result: Floats = nodes.time_s[a, rows] + 2 * ahead / np.maximum(v + root, 1e-9)
    return result


def beside(
    start: Floats, tangent: Floats, along_nm: Floats, right_nm: Floats, ahead: Any, aside: Floats
) -> tuple[Floats, Floats]:
    """Find points beside great circles and the ways they move there, as vectors (3, n).

    `ahead` and `aside` say how the miles along and the miles to the right change together.
    """
    s, d = along_nm / EARTH_RADIUS_NM, right_nm / EARTH_RADIUS_NM
    p = start * np.cos(s) + tangent * np.sin(s)
    forward = (tangent * np.cos(s) - start * np.sin(s)) * ahead
    pole = np.cross(tangent, start, axis=0)
    cosine, sine = np.cos(d), np.sin(d)
    return p * cosine + pole * sine, (forward + pole * aside) * cosine - p * (sine * aside)


def miles_at(nodes: Profiles, rows: Ints, seconds: Floats) -> Floats:
    """Say how far flights of a profile are after seconds (k, len(rows)), in nautical miles."""
    a, lasts, v, gain = _segment(nodes, rows, _count(nodes.time_s[:, rows], seconds))
    past = np.clip(seconds - nodes.time_s[a, rows], 0.0, lasts)
    result: Floats = nodes.distance_nm[a, rows] + past * (v + gain * past / 2)
    return result


def speed_at(nodes: Profiles, rows: Ints, seconds: Floats) -> Floats:
    """Say how fast flights of a profile are after seconds (k, len(rows)), in knots."""
    a, lasts, v, gain = _segment(nodes, rows, _count(nodes.time_s[:, rows], seconds))
    past = np.clip(seconds - nodes.time_s[a, rows], 0.0, lasts)
    result: Floats = (v + gain * past) * 3600
    return result


def _count(borders: Floats, values: Floats) -> Ints:
    """Count the borders (k, n) that values, of shape (n,) or (m, n), have reached."""
    wide = borders if values.ndim == 1 else borders[:, None]
    result: Ints = (wide <= values).sum(axis=0)
    return result


def _segment(nodes: Profiles, rows: Ints, begun: Ints) -> tuple[Ints, Floats, Floats, Floats]:
    """Find the segments that flights are in: number, seconds, miles a second, how that grows."""
    a = np.clip(begun - 1, 0, len(nodes.time_s) - 2)
    lasts = nodes.time_s[a + 1, rows] - nodes.time_s[a, rows]
    v, w = nodes.speed_kt[a, rows] / 3600, nodes.speed_kt[a + 1, rows] / 3600
    return a, lasts, v, np.where(lasts > 0, (w - v) / np.where(lasts > 0, lasts, 1.0), 0.0)
