"""What disturbs a sky, drawn under its flights: outlines with a thin fill, and short labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd
from lets_plot import aes, geom_polygon, geom_text
from lets_plot.plot.core import FeatureSpec

from flightlib.charts.base import FONT
from flightlib.charts.outline import Box
from flightlib.charts.palette import palette
from flightlib.sky import Mark

DASHES = {"storm": "solid", "holding": "longdash", "delay": "dotted", "outage": "dashed"}
THIN = 0.14
EDGE = 0.04  # of the view, which a label keeps away from its edges


def mark_layers(marks: Iterable[Mark], view: Box, theme: str) -> Iterator[FeatureSpec]:
    """Yield the outlines of marks, and then their labels, for a map of a view."""
    placed = [mark for mark in marks if mark.outline and mark.kind in palette(theme).mark]
    still = {"tooltips": "none", "show_legend": False, "sampling": "none"}
    for mark in placed:
        colour = palette(theme).mark[mark.kind]
        look = {"fill": colour, "color": colour, "alpha": THIN, "size": 1.1}
        corners = pd.DataFrame([*mark.outline, mark.outline[0]], columns=["longitude", "latitude"])
        yield geom_polygon(
            aes("longitude", "latitude"),
            data=corners,
            linetype=DASHES.get(mark.kind, "twodash"),
            **look,
            **still,
        )
    for mark in placed:
        place = label_place(mark, view)
        if place is not None:
            yield geom_text(
                x=place[0],
                y=place[1],
                label=plain(mark.label),
                color=palette(theme).mark[mark.kind],
                size=6.2,
                family=FONT,
                fontface="bold",
                **still,
            )


def label_place(mark: Mark, view: Box) -> tuple[float, float] | None:
    """Say where a mark's label stands: at its anchor, or nearer if that is out of sight."""
    west, east = _span([longitude for longitude, _ in mark.outline])
    south, north = _span([latitude for _, latitude in mark.outline])
    apart = west > view.east or east < view.west or south > view.north or north < view.south
    if mark.anchor is None or apart:
        return None
    wide, high = (view.east - view.west) * EDGE * 2, (view.north - view.south) * EDGE
    x = min(max(mark.anchor[0], view.west + wide), view.east - wide)
    return x, min(max(mark.anchor[1], view.south + high), view.north - high)


def notes(marks: Iterable[Mark]) -> str:
    """Say what has no place on a map, in one line."""
    return " · ".join(plain(mark.label) for mark in marks if not mark.outline)


def plain(label: str) -> str:
    """Take from a label what Lets-Plot would read as a link or a formula."""
    return label.replace("<", "‹").replace(">", "›").replace("\\", "/")


def _span(values: list[float]) -> tuple[float, float]:
    return min(values), max(values)
