"""The ground under the flights: land, lakes, borders and airports, in either theme."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import pandas as pd
from lets_plot import (
    aes,
    coord_map,
    element_blank,
    element_line,
    element_rect,
    element_text,
    geom_path,
    geom_point,
    geom_polygon,
    geom_text,
    ggplot,
    ggsize,
    scale_size_identity,
    theme,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib import sky
from flightlib.charts.outline import Box, outline
from flightlib.charts.palette import Palette, palette
from flightlib.errors import SettingError, not_allowed

FONT = "Inter, Segoe UI, Helvetica Neue, Arial, DejaVu Sans, sans-serif"
Size = tuple[int, int]


VIEWS: Mapping[str, Box] = {
    "us": Box(-125.5, 23.5, -66.0, 50.0),
    "us-domestic": Box(-125.5, 23.5, -66.0, 50.0),
    "europe": Box(-13.0, 34.0, 36.0, 62.0),
    "north-atlantic": Box(-100.0, 24.0, 30.0, 65.0),
    "world": Box(-180.0, -56.0, 180.0, 75.0),
}
"""What each named region shows: the 48 states, Europe to the Bosphorus, the ocean, everything."""


def box_of(region: str | Sequence[float]) -> Box:
    """Give the box of a named region, or of (west, south, east, north) in degrees.

    Raises SettingError for a region that does not exist or edges that make no box.
    """
    if isinstance(region, str):
        if region not in VIEWS:
            raise SettingError(not_allowed("region", region, VIEWS))
        return VIEWS[region]
    with contextlib.suppress(TypeError, ValueError):
        west, south, east, north = (float(edge) for edge in region)
        if -180 <= west < east <= 180 and -84 <= south < north <= 84:
            return Box(west, south, east, north)
    raise SettingError(
        f"region cannot be {region!r}; expected (west, south, east, north) in degrees, "
        "west before east, south before north, within ±180 and ±84."
    )


def airport_table(region: str | Sequence[float]) -> pd.DataFrame:
    """Tabulate the airports of a region, the busiest first; of the world for any other box."""
    name = region if isinstance(region, str) and region in VIEWS else "world"
    return pd.DataFrame([asdict(airport) for airport in sky.airports(name)])


def base_map(
    region: str | Sequence[float] = "us",
    theme: str = "dark",
    size: Size = (900, 520),
    names: int = 26,
    detail: Box | None = None,
) -> PlotSpec:
    """Draw the land and airports of a region, ready for flights on top.

    `region` is a name such as "us", or (west, south, east, north) in degrees; it is widened to
    fill `size` (pixels). At most `names` airports are named, and three times as many have a dot;
    a name that would cover a busier one is left out. `detail` draws ground beyond the edges too,
    for a map that is panned.
    """
    colours = palette(theme)
    view = box_of(region).fitted(*size)
    ground = detail or view.grown(0.02)
    figure = ggplot() + coord_map(xlim=[view.west, view.east], ylim=[view.south, view.north])
    for layer in (*_ground(ground, colours), *_airports(airport_table(region), names, colours)):
        figure += layer
    return figure + plain(colours) + ggsize(*size)


def _ground(box: Box, colours: Palette) -> Iterable[FeatureSpec]:
    """Yield land, then lines on it, then lakes over both."""
    place = aes("longitude", "latitude", group="line")
    still = {"mapping": place, "tooltips": "none", "sampling": "none", "show_legend": False}
    sea, land, coast = colours.sea, colours.land, colours.coast
    yield geom_polygon(data=outline("land", box), fill=land, color=coast, size=0.5, **still)
    yield geom_path(data=outline("states", box), color=colours.state, size=0.4, **still)
    yield geom_path(data=outline("borders", box), color=colours.border, size=0.6, **still)
    yield geom_polygon(data=outline("lakes", box), fill=sea, color=coast, size=0.3, **still)


def _airports(table: pd.DataFrame, names: int, colours: Palette) -> Iterable[FeatureSpec]:
    """Yield a dot per airport, sized by traffic, and names wherever there is room."""
    share = (table["weight"] / table["weight"].max()) ** 0.5
    columns = ["longitude", "latitude", "iata"]
    table = table[columns].assign(dot=1.0 + 1.8 * share, word=5.2 + 0.9 * share).round(4)
    place = {"x": "longitude", "y": "latitude"}
    still = {"tooltips": "none", "show_legend": False, "sampling": "none"}
    yield geom_point(
        aes(**place, size="dot"),
        data=table.head(3 * names),
        color=colours.airport,
        alpha=0.75,
        **still,
    )
    yield geom_text(
        aes(**place, label="iata", size="word"),
        data=table.head(names),
        **still,
        color=colours.faint,
        check_overlap=True,
        hjust=0,
        nudge_x=5,
        nudge_unit="px",
    )
    yield scale_size_identity()


def plain(colours: Palette) -> FeatureSpec:
    """Clear everything around the map, so that it fills its frame from edge to edge."""
    return theme(
        axis=element_blank(),
        axis_title=element_blank(),
        axis_text=element_blank(),
        panel_grid=element_blank(),
        panel_background=element_rect(fill=colours.sea, size=0),
        plot_background=element_rect(fill=colours.sea, size=0),
        panel_inset=0,
        plot_inset=0,
        plot_margin=0,
        legend_position="none",
        text=element_text(family=FONT, color=colours.ink),
    )


def plot_frame(name: str) -> FeatureSpec:
    """Put a plot that is no map on a plain panel in the colours of a theme, with faint lines."""
    chosen = palette(name)
    ground = element_rect(fill=chosen.panel, size=0)
    return theme(
        text=element_text(family=FONT, color=chosen.ink),
        axis_title=element_blank(),
        axis_line=element_blank(),
        axis_ticks=element_blank(),
        panel_grid_major_x=element_blank(),
        panel_grid_major_y=element_line(color=chosen.state, size=0.6),
        panel_grid_minor=element_blank(),
        panel_background=ground,
        plot_background=ground,
        plot_title=element_text(size=16, face="bold", margin=[6, 0, 9, 0]),
        plot_caption=element_text(color=chosen.faint, size=12),
        plot_margin=[0, 24, 4, 6],
    )
