"""Numbers over time, as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from lets_plot import (
    aes,
    element_rect,
    element_text,
    geom_line,
    geom_point,
    ggplot,
    ggsize,
    ggtitle,
    guide_legend,
    labs,
    layer_tooltips,
    scale_color_manual,
    scale_x_continuous,
    scale_x_datetime,
    scale_y_continuous,
)
from lets_plot import (
    theme as plot_theme,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size, plot_frame
from flightlib.charts.palette import colours, hue, label, palette

MOST_LINES = 6
SHORTEST_MS = 30_000  # an axis of time is at least so long


def line_colours(theme: str, names: Sequence[str], by: str | None) -> Mapping[str, str]:
    """Give every line a colour of its own: that of the status, of the region if it is free, ..."""
    if by == "status":
        known = colours(theme, by)
        return {name: known.get(name, palette(theme).faint) for name in names}
    if by is None:
        return {name: palette(theme).status["ON_TIME"] for name in names}
    free = dict(palette(theme).region)
    wanted = {name: str(hue(name)) for name in names}
    return {n: free.pop(h if h in free else next(iter(free))) for n, h in wanted.items()}


def lines(
    points: pd.DataFrame,
    by: str | None = None,
    theme: str = "dark",
    size: Size = (900, 300),
    title: str = "",
    caption: str = "",
) -> PlotSpec:
    """Draw up to six lines: `points` has the columns x (UTC time or number), y and line (a name).

    `by` is what the lines differ in; lines of a status, phase or region wear its colour. The legend
    has each line's newest value; `size` is pixels.
    """
    ordered = points.sort_values(["line", "x"], kind="stable", ignore_index=True)
    newest = ordered.groupby("line").last()
    chosen = line_colours(theme, sorted(newest.index), by)
    told = layer_tooltips().line("@line").line("^y")
    where, still = aes("x", "y", color="line"), {"tooltips": "none", "show_legend": False}
    return (
        ggplot(ordered, where)
        + geom_line(size=1.5, tooltips=told, sampling="none", na_rm=True)
        + geom_point(where, data=newest.reset_index(), size=3.5, na_rm=True, **still)
        + _legend(chosen, newest["y"], by)
        + time_axis(ordered["x"])
        + scale_y_continuous(format=",.6~g", expand=[0.08, 0])
        + ggtitle(title)
        + labs(**({"caption": caption} if caption else {}))
        + line_frame(theme, by is not None)
        + ggsize(*size)
    )


def _legend(chosen: Mapping[str, str], newest: pd.Series[float], by: str | None) -> FeatureSpec:
    return scale_color_manual(
        values=list(chosen.values()),
        limits=list(chosen),
        labels=[f"{label(name, by or '')}  {_short(newest[name])}" for name in chosen],
        name="",
        guide=guide_legend(nrow=1),
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.1f}"


def time_axis(x: pd.Series[float]) -> FeatureSpec:
    """Scale the axis: of time, in UTC, at least half a minute long; or of numbers."""
    if not pd.api.types.is_datetime64_any_dtype(x):
        return scale_x_continuous(format=",~g")
    last = x.max()
    first = min(x.min(), last - pd.Timedelta(SHORTEST_MS, "ms"))
    return scale_x_datetime(format="%H:%M:%S", limits=[first, last], expand=[0.02, 0])


def line_frame(theme: str, legend: bool) -> FeatureSpec:
    """Put a plot over time into the colours of a theme, with a legend below it if wanted."""
    chosen = palette(theme)
    return plot_frame(theme) + plot_theme(
        axis_text=element_text(color=chosen.faint, size=13),
        legend_position="bottom" if legend else "none",
        legend_text=element_text(color=chosen.ink, size=13),
        legend_background=element_rect(fill=chosen.panel, size=0),
        legend_margin=0,
    )
