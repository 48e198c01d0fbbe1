"""Flights on the map, as one still picture with its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
from lets_plot import (
    aes,
    coord_map,
    element_rect,
    element_text,
    geom_point,
    geom_polygon,
    ggplot,
    ggsize,
    ggtitle,
    guide_legend,
    labs,
    layer_tooltips,
    scale_fill_manual,
)
from lets_plot import (
    theme as plot_theme,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.arrows import outlines
from flightlib.charts.base import FONT, Size, base_map, box_of, plain
from flightlib.charts.marks import mark_labels, mark_outlines, notes
from flightlib.charts.outline import Box
from flightlib.charts.palette import colours, label, palette, region_colours
from flightlib.sky import Mark

MAP_SHARE = 0.86
"""The part of the picture's height that the map takes; title, legend and caption have the rest."""
MOST_NAMED = 5  # regions in a legend


def flight_map(
    flights: pd.DataFrame,
    colour: str = "status",
    region: str | Sequence[float] = "us",
    theme: str = "dark",
    size: Size = (900, 560),
    title: str | None = None,
    caption: str = "",
    marks: Sequence[Mark] = (),
) -> PlotSpec:
    """Draw a table of flights as arrowheads on the map, coloured by status, phase or region.

    `flights` has the columns of `flightlib.live.to_frame`: degrees, feet, knots. `region` is a
    name, or (west, south, east, north) in degrees; `size` is pixels. Without a `title` the picture
    counts its flights itself. `marks` are drawn under the flights; what has no place is said in
    the caption. Raises SettingError for an unknown colour, region or theme.
    """
    map_size = (size[0], round(size[1] * MAP_SHARE))
    view = box_of(region).fitted(*map_size)
    shown = within(flights, view)
    chosen = _chosen(theme, colour, shown)
    arrows = outlines(_told(shown), view, size[0])
    corners = pd.concat([arrows, _one_of_each(chosen, colour, view)], ignore_index=True)
    figure = base_map(region, theme, map_size)
    for layer in (
        *mark_outlines(marks, theme),
        _markers(corners, colour, theme),
        *mark_labels(marks, view, size[0], theme),
    ):
        figure += layer
    return (
        figure
        + _legend(chosen, colour, shown[colour])
        + map_frame(theme)
        + ggtitle(title or f"{len(shown):,} flights")
        + labs(caption=" · ".join(filter(None, (caption, notes(marks)))))
        + ggsize(*size)
    )


def _markers(corners: pd.DataFrame, colour: str, theme: str) -> FeatureSpec:
    return geom_polygon(
        aes("longitude", "latitude", group="mark", fill=colour),
        data=corners,
        color=palette(theme).sea,
        size=0.25,
        sampling="none",
        na_rm=True,
        tooltips=_tooltips(),
    )


def _chosen(theme: str, colour: str, shown: pd.DataFrame) -> Mapping[str, str]:
    """Give every value its colour; of the regions, those that are seen, the busiest first."""
    if colour == "region":
        return region_colours(theme, shown["region"].value_counts().index)
    return colours(theme, colour)


def _legend(chosen: Mapping[str, str], colour: str, shown: pd.Series[str]) -> FeatureSpec:
    """Name every colour, with the number of flights in it; of the regions, the busiest few."""
    counts = shown.value_counts()
    regions = colour == "region"
    named = [*counts.index[:MOST_NAMED]] if regions else [*chosen]
    return scale_fill_manual(
        values=list(chosen.values()),
        breaks=named,
        labels=[f"{label(v, colour)} {counts.get(v, 0):,}" for v in named],
        limits=list(chosen),
        name=f"{len(chosen):,} regions of 5°, the busiest:" if regions else "",
        guide=guide_legend(nrow=1),
    )


def within(flights: pd.DataFrame, view: Box) -> pd.DataFrame:
    """Keep the flights that a view shows."""
    across = flights["longitude"].astype(float).between(view.west, view.east)
    up = flights["latitude"].astype(float).between(view.south, view.north)
    inside: pd.DataFrame = flights[across & up].reset_index(drop=True)
    return inside


def _one_of_each(values: Iterable[str], colour: str, view: Box) -> pd.DataFrame:
    """Give a marker of no size, out of sight, for each value: the legend then names them all."""
    away = {"longitude": view.west - 5.0, "latitude": view.south}
    rows = [{**away, "mark": -1 - i, colour: value} for i, value in enumerate(values)]
    return pd.DataFrame(rows)


def _told(flights: pd.DataFrame) -> pd.DataFrame:
    """Add what the tooltip says in words: the route, and the flight level."""
    ends = flights["origin"].fillna("?").astype(str), flights["destination"].fillna("?").astype(str)
    feet = flights["altitude"].astype(float).fillna(0)
    level = [f"FL{f / 100:03.0f} ({f:,.0f} ft)" for f in feet]
    told: pd.DataFrame = flights.assign(route=ends[0] + " → " + ends[1], level=level)
    return told


def _tooltips() -> FeatureSpec:
    return (
        layer_tooltips()
        .title("@callsign")
        .line("@aircraft_type|@route")
        .line("level|@level")
        .line("speed|@ground_speed kt")
        .line("status|@status")
        .line("region|@region")
    )


def map_frame(theme: str) -> FeatureSpec:
    """Put title, legend and caption around the map, in the colours of the theme."""
    colours = palette(theme)
    return plot_theme(
        plot_title=element_text(family=FONT, color=colours.ink, size=17, face="bold", margin=10),
        plot_caption=element_text(family=FONT, color=colours.faint, size=12, margin=[4, 10, 8, 10]),
        legend_position="bottom",
        legend_text=element_text(family=FONT, color=colours.ink, size=13),
        legend_title=element_text(family=FONT, color=colours.faint, size=13),
        legend_background=element_rect(fill=colours.panel, size=0),
        plot_background=element_rect(fill=colours.panel, size=0),
        legend_margin=2,
    )


def points(theme: str, colour: str) -> PlotSpec:
    """Give an empty, transparent figure of points: a live map fills in the flights of each frame.

    Its data will have the columns longitude, latitude and value (a status, a phase or a hue).
    """
    chosen = colours(theme, colour)
    empty = pd.DataFrame({"longitude": [0.0], "latitude": [0.0], "value": [next(iter(chosen))]})
    dots = geom_point(
        aes("longitude", "latitude", fill="value"),
        data=empty,
        shape=21,
        size=3.2,
        stroke=0.4,
        color=palette(theme).sea,
        sampling="none",
        show_legend=False,
        tooltips="none",
    )
    fills = scale_fill_manual(values=list(chosen.values()), limits=list(chosen))
    return clear_map(theme) + dots + fills


def clear_map(theme: str) -> PlotSpec:
    """Give a map of nothing, to lie over the ground: one can see through it."""
    clear = element_rect(fill="rgba(0,0,0,0)", size=0)
    whole = coord_map(xlim=[-180, 180], ylim=[-84, 84])
    ground = plot_theme(panel_background=clear, plot_background=clear)
    return ggplot() + whole + plain(palette(theme)) + ground
