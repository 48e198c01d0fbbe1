"""How far each measured number is from its level, on one axis for all of them."""

from __future__ import annotations

import pandas as pd
from lets_plot import (
    aes,
    geom_point,
    geom_segment,
    geom_text,
    geom_vline,
    ggplot,
    ggsize,
    ggtitle,
    labs,
    layer_tooltips,
    scale_color_manual,
    scale_x_log10,
    scale_y_continuous,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size
from flightlib.charts.palette import palette
from flightlib.charts.scales import blank, measured_frame

ROW_PX, HEAD_PX = 34, 110
LEAST, MOST = 1e-3, 1e3  # farther off is drawn at the edge
SOLID, HOLLOW = 16, 21


def levels(
    table: pd.DataFrame,
    theme: str = "dark",
    size: Size | None = None,
    title: str = "",
    caption: str = "",
) -> PlotSpec:
    """Draw a row per goal: `table` has goal, share, words, and run where there are several.

    `share` is the number as a part of what its level allows: at most 1 is met, and lies left of the
    line. `words` is the number as one reads it, and stands at the edge. Of several runs the last
    is a full dot with a line from the one before, which is hollow. `size` is pixels.
    """
    if not len(table):
        return blank(theme, size or (900, HEAD_PX), title, caption)
    told = _placed(table)
    shown = size or (900, HEAD_PX + ROW_PX * max(1, told["row"].nunique()))
    rows, ink = told.drop_duplicates("row"), palette(theme).ink
    ends = [min([0.1, *told["at"]]) / 1.5, max([10.0, *told["at"]]) * 8]
    return (
        ggplot(told, aes("at", "row", color="verdict"))
        + geom_vline(xintercept=1, color=ink, size=0.9, linetype="dashed")
        + _dots(told, theme)
        + _words(told[told["newest"]].assign(end=ends[-1]), ink)
        + scale_color_manual(values=_colours(theme), limits=["met", "missed"], guide="none")
        + _share_axis(ends)
        + scale_y_continuous(breaks=list(rows["row"]), labels=list(rows["goal"]), expand=[0, 0.6])
        + ggtitle(title)
        + labs(x="", y="", **({"caption": caption} if caption else {}))
        + measured_frame(theme)
        + ggsize(*shown)
    )


def _dots(told: pd.DataFrame, theme: str) -> FeatureSpec:
    """Draw the newest full, the others hollow, each with a line to the one after it."""
    newest, older = told[told["newest"]], told[~told["newest"]]
    tips = layer_tooltips().title("@goal").line("@run").line("@words")
    dots = {"stroke": 2, "fill": palette(theme).panel, "sampling": "none", "tooltips": tips}
    way = aes(x="at", xend="next", y="row", yend="row")
    return (
        geom_segment(way, data=older, sampling="none", tooltips="none", show_legend=False)
        + geom_point(data=older, size=3.5, shape=HOLLOW, **dots)
        + geom_point(data=newest, size=6, shape=SOLID, **dots)
    )


def _words(newest: pd.DataFrame, ink: str) -> FeatureSpec:
    """Write each number at the right edge."""
    place = aes("end", "row", label="words")
    still = {"sampling": "none", "tooltips": "none", "show_legend": False, "color": ink}
    return geom_text(place, data=newest, hjust=1, nudge_x=-8, nudge_unit="px", **still)


def _colours(theme: str) -> list[str]:
    chosen = palette(theme).status
    return [chosen["ON_TIME"], chosen["CANCELLED"]]


def _placed(table: pd.DataFrame) -> pd.DataFrame:
    """Give each goal a row, the first on top, and each dot the place of the newer one."""
    told: pd.DataFrame = table.assign(run=table.get("run", "")).reset_index(drop=True)
    goals = list(dict.fromkeys(told["goal"]))
    told["row"] = [float(len(goals) - goals.index(goal)) for goal in told["goal"]]
    told["at"] = told["share"].clip(LEAST, MOST)
    told["newest"] = ~told.duplicated("goal", keep="last")
    told["next"] = told.groupby("goal")["at"].shift(-1)
    told["verdict"] = (told["share"] <= 1).map({True: "met", False: "missed"})
    return told


def _share_axis(ends: list[float]) -> FeatureSpec:
    """Scale in decades around the level, named by how many times better or worse."""
    breaks = [0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0]
    words = [
        "1000 × better",
        "100 ×",
        "10 × better",
        "level",
        "10 × worse",
        "100 ×",
        "1000 × worse",
    ]
    return scale_x_log10(breaks=breaks, labels=words, limits=ends, expand=[0, 0])
