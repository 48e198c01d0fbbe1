"""What grows with the load: latency, lag and work against clients or flights, in decades."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from lets_plot import (
    aes,
    facet_wrap,
    geom_hline,
    geom_line,
    geom_point,
    geom_text,
    ggplot,
    ggsize,
    ggtitle,
    labs,
    layer_tooltips,
    scale_x_log10,
    scale_y_continuous,
    scale_y_log10,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size
from flightlib.charts.palette import palette
from flightlib.charts.scales import (
    SHORTEST_S,
    blank,
    line_hues,
    line_legend,
    measured_frame,
    number_in_words,
    seconds_axis,
    seconds_in_words,
)

ROOM = 2.2  # beyond the first and the last load, as a factor


def fan_out(
    points: pd.DataFrame,
    theme: str = "dark",
    size: Size = (900, 360),
    title: str = "",
    caption: str = "",
    level_s: float | None = None,
) -> PlotSpec:
    """Draw latency against clients: `points` has the columns clients, latency_s and server.

    Both axes are in decades; each dot has its latency beside it. `level_s` draws a level line, and
    `size` is pixels.
    """
    if not len(points):
        return blank(theme, size, title, caption)
    told = _sorted(points, "server", "clients")
    told["latency_s"] = told["latency_s"].clip(lower=SHORTEST_S)
    told["words"] = [seconds_in_words(value) for value in told["latency_s"]]
    names, where = list(dict.fromkeys(told["server"])), aes("clients", "latency_s", color="server")
    tips = layer_tooltips().title("@server").line("^x clients").line("@words")
    everything = [*told["latency_s"], *([level_s] if level_s else [])]
    return (
        ggplot(told, where)
        + _level(level_s, theme)
        + geom_line(size=2, tooltips="none", sampling="none", na_rm=True)
        + geom_point(size=5, tooltips=tips, sampling="none", na_rm=True, show_legend=False)
        + _words(told, ["clients"], "latency_s")
        + line_legend(line_hues(theme, names), names)
        + _load_axis(told["clients"])
        + seconds_axis(scale_y_log10, everything)
        + ggtitle(title)
        + labs(x="clients at once", y="", **({"caption": caption} if caption else {}))
        + measured_frame(theme, "bottom")
        + ggsize(*size)
    )


def growth(
    points: pd.DataFrame,
    theme: str = "dark",
    size: Size = (900, 330),
    title: str = "",
    caption: str = "",
    load: str = "flights that report once a second",
) -> PlotSpec:
    """Draw side by side what grows with the load: `points` has load, value, measure and line.

    Each measure ("lag (reports)") has a panel of its own, evenly scaled from zero; the load is in
    decades, named by `load`. `size` is pixels.
    """
    if not len(points):
        return blank(theme, size, title, caption)
    panels = list(dict.fromkeys(points["measure"]))
    told = points.assign(measure=pd.Categorical(points["measure"], panels))
    told = _sorted(told, "measure", "line", "load").astype({"measure": str})
    told["words"] = [number_in_words(value) for value in told["value"]]
    names, where = list(dict.fromkeys(told["line"])), aes("load", "value", color="line")
    tips = layer_tooltips().title("@measure").line("@line").line("^x|@words")
    return (
        ggplot(told, where)
        + facet_wrap("measure", ncol=len(panels) or 1, scales="free_y", order=0)
        + geom_line(size=2, tooltips="none", sampling="none", na_rm=True)
        + geom_point(size=5, tooltips=tips, sampling="none", na_rm=True, show_legend=False)
        + _words(told, ["measure", "load"], "value")
        + line_legend(line_hues(theme, names), names)
        + _load_axis(told["load"])
        + scale_y_continuous(format=",.2~f", limits=[0, None], expand=[0.15, 0])
        + ggtitle(title)
        + labs(x=load, y="", **({"caption": caption} if caption else {}))
        + measured_frame(theme, "bottom" if len(names) > 1 else "none")
        + ggsize(*size)
    )


def _sorted(points: pd.DataFrame, *columns: str) -> pd.DataFrame:
    told: pd.DataFrame = points.sort_values(list(columns), kind="stable", ignore_index=True)
    return told


def _words(told: pd.DataFrame, across: list[str], value: str, room: int = 9) -> FeatureSpec:
    """Write each dot's number beside it: above the highest of a place, below the others."""
    top = told[value] == told.groupby(across)[value].transform("max")
    still = {"tooltips": "none", "sampling": "none", "show_legend": False, "na_rm": True}
    layers = [
        geom_text(
            aes(label="words"), data=part, vjust=side, nudge_y=nudge, nudge_unit="px", **still
        )
        for part, side, nudge in ((told[top], 0, room), (told[~top], 1, -room))
    ]
    return layers[0] + layers[1]


def _load_axis(load: Sequence[float] | pd.Series[float]) -> FeatureSpec:
    """Scale the load in decades, with a break where something was measured."""
    breaks = sorted({float(value) for value in load})
    words = [f"{value:,.0f}" for value in breaks]
    ends = [breaks[0] / ROOM, breaks[-1] * ROOM] if breaks else None
    return scale_x_log10(breaks=breaks, labels=words, limits=ends, expand=[0, 0])


def _level(level_s: float | None, theme: str) -> FeatureSpec:
    """Draw a dashed line at a level; nothing without one. The axis says how much it is."""
    told = pd.DataFrame({"latency_s": [level_s] if level_s else []})
    chosen = {"color": palette(theme).ink, "size": 0.9, "linetype": "dashed"}
    return geom_hline(
        aes(yintercept="latency_s"), data=told, inherit_aes=False, tooltips="none", **chosen
    )
