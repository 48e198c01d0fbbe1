"""The commits of a table over time: how many rows each added, and what kind it was."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from lets_plot import (
    aes,
    element_text,
    geom_linerange,
    geom_point,
    ggplot,
    ggsize,
    ggtitle,
    guide_legend,
    labs,
    layer_tooltips,
    scale_color_manual,
    scale_y_continuous,
)
from lets_plot import (
    theme as plot_theme,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size
from flightlib.charts.lines import line_frame, time_axis
from flightlib.charts.palette import palette

OPERATIONS: Mapping[str, str] = {
    "append": "ON_TIME",
    "replace": "DIVERTED",
    "overwrite": "DELAYED",
    "delete": "CANCELLED",
}
"""What a commit can be, and the status whose colour it wears."""
IN_WORDS = {"replace": "replace (compaction)"}


def commits(
    table: pd.DataFrame,
    theme: str = "dark",
    size: Size = (900, 210),
    title: str = "",
    caption: str = "",
) -> PlotSpec:
    """Draw a line per commit: `table` has the columns committed (UTC time), rows and operation.

    A commit that adds no row, such as a compaction, is a point on the ground. `size` is pixels.
    """
    told = table.assign(ground=0, words=[f"{rows:,}" for rows in table["rows"]])
    tips = layer_tooltips().title("@operation").line("^x").line("@words rows")
    place, still = aes("committed", "rows", color="operation"), {"sampling": "none", "na_rm": True}
    upright = aes("committed", ymin="ground", ymax="rows", color="operation")
    highest = max(1, int(table["rows"].max()) if len(table) else 1)
    return (
        ggplot(told, place)
        + geom_linerange(upright, size=1.6, tooltips="none", show_legend=False, **still)
        + geom_point(place, size=3, tooltips=tips, **still)
        + _legend(theme, table["operation"])
        + time_axis(table["committed"])
        + scale_y_continuous(format=",.6~g", limits=[0, highest * 1.12], expand=[0, 0])
        + ggtitle(title)
        + labs(**({"caption": caption} if caption else {}))
        + line_frame(theme, True)
        + plot_theme(plot_title=element_text(size=14, face="bold", margin=[4, 0, 6, 0]))
        + ggsize(*size)
    )


def _legend(theme: str, seen: pd.Series[str]) -> FeatureSpec:
    """Name every kind of commit, with the number of those that are seen."""
    counts, colours = seen.value_counts(), palette(theme).status
    return scale_color_manual(
        values=[colours[status] for status in OPERATIONS.values()],
        limits=list(OPERATIONS),
        labels=[f"{IN_WORDS.get(name, name)}  {counts.get(name, 0):,}" for name in OPERATIONS],
        name="",
        guide=guide_legend(nrow=1),
    )
