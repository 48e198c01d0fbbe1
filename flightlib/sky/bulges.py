"""Bulges: smooth ways to the side of a great circle and back, two flanks and a round top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# How steep the flanks of a way around are, miles to the side for each mile: 25 degrees, and 30
# where there is no room for that. A flank bends into its slope over some miles.
SLOPE, STEEPEST = 0.466, 0.577
BEND_NM = 10.0
LEAST_ROOM_NM = 15.0


@dataclass(frozen=True, slots=True)
class Flank:
    """One side of bulges: its slope, how long it bends into that and out of it, its length."""

    slope: Floats
    foot_nm: Floats
    top_nm: Floats
    length_nm: Floats

    def height(self, size: Floats, out: Floats) -> Floats:
        """Say how high bulges of a size are at miles out from where their tops end."""
        middle = size - self.slope * (out - self.top_nm / 2)
        top = size - self.slope * out**2 / (2 * self.top_nm)
        foot = self.slope * np.maximum(self.length_nm - out, 0.0) ** 2 / (2 * self.foot_nm)
        return np.where(
            out < self.top_nm, top, np.where(out < self.length_nm - self.foot_nm, middle, foot)
        )


@dataclass(frozen=True, slots=True)
class Bulge:
    """Ways around: how far aside, from which mile to which, and the flanks before and after."""

    size_nm: Floats
    first_nm: Floats
    last_nm: Floats
    before: Flank
    after: Flank

    def knots(self) -> tuple[Floats, Floats, Floats]:
        """Give the knots of offsets to the right: miles along, miles aside, slopes."""
        a, b, size, zero = self.before, self.after, self.size_nm, np.zeros_like(self.size_nm)
        rise, fall = a.slope / 2, b.slope / 2
        start, end = self.first_nm - a.length_nm, self.last_nm + b.length_nm
        along = [start, start + a.foot_nm, self.first_nm - a.top_nm, self.first_nm]
        along += [self.last_nm, self.last_nm + b.top_nm, end - b.foot_nm, end]
        aside = [zero, rise * a.foot_nm, size - rise * a.top_nm, size]
        aside += [size, size - fall * b.top_nm, fall * b.foot_nm, zero]
        slopes = [zero, a.slope, a.slope, zero, zero, -b.slope, -b.slope, zero]
        return np.array(along), np.array(aside), np.array(slopes)


def bulge_for(need: Floats, miles: Floats, limits: tuple[Floats, Floats], radius: float) -> Bulge:
    """Make bulges that are as high as needed at all miles, as far as the room allows."""
    size, each = need.max(axis=0), np.arange(need.shape[1])
    wide = (need > 0.95 * size) & (need > 0)
    first = miles[wide.argmax(axis=0), each]
    last = miles[len(miles) - 1 - wide[::-1].argmax(axis=0), each]
    rooms = np.maximum(first - limits[0], 0.0), np.maximum(limits[1] - last, 0.0)
    most = np.minimum(_most(rooms[0], radius), _most(rooms[1], radius))
    for _ in range(3):
        size = np.minimum(size, most)
        bulge = Bulge(
            size, first, last, _flank(size, rooms[0], radius), _flank(size, rooms[1], radius)
        )
        height = np.minimum(
            bulge.before.height(size, np.maximum(first - miles, 0.0)),
            bulge.after.height(size, np.maximum(miles - last, 0.0)),
        )
        size = size + np.where(need > 0, np.maximum(need - height, 0.0), 0.0).max(axis=0)
    return bulge


def _most(room: Floats, radius: float) -> Floats:
    """Say how far aside a flank can lead that has some room."""
    top = np.minimum(STEEPEST * radius, room / 3)
    most = np.maximum(STEEPEST * (room - (top + BEND_NM) / 2), 0.0)
    return np.where(room < LEAST_ROOM_NM, 0.0, most)


def _flank(size: Floats, room: Floats, radius: float) -> Flank:
    """Lay flanks to a size: no steeper than there is need for."""
    # A low bulge is all bends: its slope follows from slope * (top + foot) / 2 = size.
    low = (np.sqrt(BEND_NM**2 + 8 * radius * size) - BEND_NM) / (2 * radius)
    slope = np.minimum(low, SLOPE)
    top = slope * radius
    length = np.where(slope > 0, size / np.maximum(slope, 1e-9), 0.0) + (top + BEND_NM) / 2
    tight = length > room
    slope = np.where(tight, np.minimum(low, STEEPEST), slope)
    top = np.where(tight, np.minimum(slope * radius, room / 3), top)
    foot = np.where(tight, np.minimum(BEND_NM, room / 3), BEND_NM)
    # What lacks room takes all there is; it cannot be all bends and steeper than they are.
    steep = size / np.maximum(room - (top + foot) / 2, 1e-3)
    steep = np.minimum(steep, 2 * size / np.maximum(top + foot, 1e-3))
    slope = np.where(tight, np.minimum(steep, STEEPEST), slope)
    length = np.where(slope > 0, size / np.maximum(slope, 1e-9), 0.0) + (top + foot) / 2
    return Flank(slope, np.maximum(foot, 1e-6), np.maximum(top, 1e-6), length)
