"""What disturbs a sky, on a map of its flights: outlines under them, short labels over them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd
from lets_plot import aes, geom_label, geom_polygon
from lets_plot.plot.core import FeatureSpec

from flightlib.charts.base import FONT
from flightlib.charts.outline import Box, latitude, mercator
from flightlib.charts.palette import palette
from flightlib.sky import Mark

DASHES = {"storm": "solid", "holding": "longdash", "delay": "dotted", "outage": "dashed"}
THIN = 0.14
LETTER_PX, LINE_PX = 7.2, 20.0
STILL = {"tooltips": "none", "show_legend": False, "sampling": "none"}


def mark_outlines(marks: Iterable[Mark], theme: str) -> Iterator[FeatureSpec]:
    """Yield the outlines of marks, to lie under the flights."""
    for mark in marks:
        colour = palette(theme).mark.get(mark.kind, palette(theme).ink)
        for edge, line, thick, filled in (
            (mark.outline, DASHES.get(mark.kind, "twodash"), 1.1, THIN),
            (mark.reach, "dotted", 0.7, 0.0),
        ):
            if edge:
                yield geom_polygon(
                    aes("longitude", "latitude"),
                    data=pd.DataFrame([*edge, edge[0]], columns=["longitude", "latitude"]),
                    linetype=line,
                    fill=colour,
                    color=colour,
                    alpha=filled,
                    size=thick,
                    **STILL,
                )


def mark_labels(marks: Iterable[Mark], view: Box, width: int, theme: str) -> Iterator[FeatureSpec]:
    """Yield the labels of marks, to lie over the flights of a view drawn `width` pixels wide."""
    for mark, (x, y) in label_places([mark for mark in marks if mark.outline], view, width):
        yield geom_label(
            x=x,
            y=y,
            label=plain(mark.label),
            color=palette(theme).mark.get(mark.kind, palette(theme).ink),
            fill=palette(theme).panel,
            alpha=0.8,
            label_size=0,
            label_padding=0.2,
            size=6.2,
            family=FONT,
            fontface="bold",
            **STILL,
        )


def label_places(
    marks: Sequence[Mark], view: Box, width: int
) -> list[tuple[Mark, tuple[float, float]]]:
    """Say where labels stand, in degrees: at their anchors, in sight, none over another.

    What lies out of sight has no label.
    """
    scale = width / (view.east - view.west)
    bottom, top = (float(edge) * scale for edge in mercator(np.array([view.south, view.north])))
    taken: list[tuple[float, float, float]] = []
    places = []
    for mark in marks:
        if mark.anchor is None or not _in_sight(mark, view):
            continue
        half = len(mark.label) * LETTER_PX / 2
        x = _clamped((mark.anchor[0] - view.west) * scale, half, width - half)
        y = float(mercator(np.array([mark.anchor[1]]))[0]) * scale
        y = _free(x, _clamped(y, bottom + LINE_PX, top - LINE_PX), half, taken)
        taken.append((x, y, half))
        place = view.west + x / scale, float(latitude(np.array([y / scale]))[0])
        places.append((mark, place))
    return places


def _free(x: float, y: float, half: float, taken: Sequence[tuple[float, float, float]]) -> float:
    """Move a label up or down, as little as it takes, to where no other one is."""
    for step in (0, 1, -1, 2, -2, 3, -3, 4, -4):
        moved = y + step * LINE_PX
        if all(abs(x - a) >= half + b or abs(moved - c) >= LINE_PX - 1 for a, c, b in taken):
            return moved
    return y


def _in_sight(mark: Mark, view: Box) -> bool:
    across = [place[0] for place in mark.reach or mark.outline]
    up = [place[1] for place in mark.reach or mark.outline]
    beside = min(across) > view.east or max(across) < view.west
    return not (beside or min(up) > view.north or max(up) < view.south)


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), max(low, high))


def notes(marks: Iterable[Mark]) -> str:
    """Say what has no place on a map, in one line."""
    return " · ".join(plain(mark.label) for mark in marks if not mark.outline)


def plain(label: str) -> str:
    """Take from a label what Lets-Plot would read as a link or a formula."""
    return label.replace("<", "‹").replace(">", "›").replace("\\", "/")
