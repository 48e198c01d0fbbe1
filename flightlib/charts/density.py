"""How many flights there are in each cell of the sky, as coloured rectangles on the map."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from lets_plot import aes, geom_rect, ggsize, ggtitle, guide_legend, labs, scale_fill_manual
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size, base_map, box_of
from flightlib.charts.flights import MAP_SHARE, clear_map, map_frame, within
from flightlib.charts.palette import DARK, palette

CELLS = (0.25, 10.0)  # the smallest and the largest cell, in degrees
STEPS = len(DARK.density)
OPACITY = 0.82  # land shows through


def density(flights: pd.DataFrame, cell: float) -> pd.DataFrame:
    """Count flights by cells of `cell` degrees: west, south, flights, and step (0 to 5) of colour.

    Each step holds about twice as many flights as the one before; what the steps are depends on
    the fullest cell alone (`step_labels` says it).
    """
    corners = {
        "west": (flights["longitude"].astype(float) // cell) * cell,
        "south": (flights["latitude"].astype(float) // cell) * cell,
    }
    return stepped(pd.DataFrame(corners).dropna().value_counts().rename("flights").reset_index())


def stepped(counted: pd.DataFrame) -> pd.DataFrame:
    """Add the step of colour to cells that were counted elsewhere: west, south, flights."""
    steps = np.searchsorted(_bounds(counted), counted["flights"], side="right") - 1
    coloured: pd.DataFrame = counted.assign(step=steps)
    return coloured


def _bounds(counted: pd.DataFrame) -> list[int]:
    """Give the least number of flights of each step."""
    most = int(counted["flights"].max()) if len(counted) else 1
    beyond = max(0, most.bit_length() - STEPS)
    return [1, *(2 ** (beyond + step) for step in range(1, STEPS))]


def step_labels(counted: pd.DataFrame) -> list[str]:
    """Name the steps of a table from `density` by their numbers of flights."""
    bounds = _bounds(counted)
    spans = pairwise(bounds)
    names = [f"{low}" if low == high - 1 else f"{low}–{high - 1}" for low, high in spans]
    return [*names, f"{bounds[-1]}+"]


def density_map(
    flights: pd.DataFrame,
    cell: float = 1.0,
    region: str | Sequence[float] = "us",
    theme: str = "dark",
    size: Size = (900, 560),
    title: str | None = None,
    caption: str = "",
) -> PlotSpec:
    """Draw how many flights there are in each cell of `cell` degrees.

    `flights` has the columns of `flightlib.live.to_frame`; the other arguments are those of
    `flight_map`. Raises SettingError for an unknown region or theme.
    """
    shown = within(flights, box_of(region).fitted(size[0], round(size[1] * MAP_SHARE)))
    title = title or f"{len(shown):,} flights"
    return cell_map(density(shown, cell), cell, region, theme, size, title, caption)


def cell_map(
    counted: pd.DataFrame,
    cell: float,
    region: str | Sequence[float],
    theme: str = "dark",
    size: Size = (900, 560),
    title: str = "",
    caption: str = "",
) -> PlotSpec:
    """Draw cells that were counted and stepped already, as `density` and `stepped` do."""
    map_size = (size[0], round(size[1] * MAP_SHARE))
    edges = counted.assign(
        east=counted["west"] + cell,
        north=counted["south"] + cell,
        step=counted["step"].astype(str),
    )
    named = guide_legend(nrow=1, title=f"flights in a cell of {cell:g}°:")
    return (
        base_map(region, theme, map_size)
        + _rectangles(pd.concat([edges, _one_of_each_step()], ignore_index=True), True)
        + _fills(theme, labels=step_labels(counted), guide=named)
        + map_frame(theme)
        + ggtitle(title)
        + labs(caption=caption)
        + ggsize(*size)
    )


def tiles(theme: str) -> PlotSpec:
    """Give an empty, transparent figure of cells: a live map fills in those of each frame.

    Its data will have the columns west, south, east, north (degrees) and step ("0" to "5").
    """
    return clear_map(theme) + _rectangles(_one_of_each_step(), False) + _fills(theme)


def _rectangles(edges: pd.DataFrame, legend: bool) -> FeatureSpec:
    return geom_rect(
        aes(xmin="west", ymin="south", xmax="east", ymax="north", fill="step"),
        data=edges,
        size=0,
        alpha=OPACITY,
        sampling="none",
        show_legend=legend,
        tooltips="none",
    )


def _fills(theme: str, **given: object) -> FeatureSpec:
    steps = [str(step) for step in range(STEPS)]
    chosen = list(palette(theme).density)
    return scale_fill_manual(values=chosen, limits=steps, breaks=steps, **given)


def _one_of_each_step() -> pd.DataFrame:
    """Give a cell out of sight for each step: the legend then names them all."""
    away = {"west": -720.0, "south": 0.0, "east": -719.0, "north": 1.0}
    return pd.DataFrame([{**away, "step": str(step)} for step in range(STEPS)])
