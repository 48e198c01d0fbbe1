"""Where the time goes: the stages of one way, each bar beginning where the one before ended."""

from __future__ import annotations

import pandas as pd
from lets_plot import (
    aes,
    geom_errorbar,
    geom_rect,
    geom_segment,
    geom_text,
    ggplot,
    ggsize,
    ggtitle,
    labs,
    layer_tooltips,
    scale_fill_manual,
    scale_x_continuous,
    scale_y_continuous,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size
from flightlib.charts.palette import palette
from flightlib.charts.scales import blank, even_seconds, line_hues, measured_frame, short_seconds

HALF = 0.32  # of a bar's height, where rows are 1 apart
ROOM = 1.4  # for the words behind the longest bar


def budget(
    stages: pd.DataFrame,
    theme: str = "dark",
    size: Size = (900, 300),
    title: str = "",
    caption: str = "",
) -> PlotSpec:
    """Draw where the time goes: `stages` has the columns stage, p50_s and p95_s, in their order.

    A bar is as long as the middle (p50) of its stage; its whisker reaches to the slowest of 20
    (p95). The bars stand in a staircase: their lengths add up to about the middle of the whole
    way. The axis is even, because on an axis of decades lengths cannot be added. `size` is pixels.
    """
    if not len(stages):
        return blank(theme, size, title, caption)
    placed = _placed(stages)
    farthest = max([*placed["whisker_s"], 1e-6])
    rows, names = list(placed["row"]), list(placed["stage"])
    return (
        ggplot(placed)
        + _bars(theme)
        + _whiskers(palette(theme).ink)
        + scale_fill_manual(
            values=list(line_hues(theme, names).values()), limits=names, guide="none"
        )
        + even_seconds(scale_x_continuous, farthest * ROOM)
        + scale_y_continuous(breaks=rows, labels=names, limits=[0.4, len(rows) + 0.6])
        + ggtitle(title)
        + labs(x="", y="", **({"caption": caption} if caption else {}))
        + measured_frame(theme)
        + ggsize(*size)
    )


def _bars(theme: str) -> FeatureSpec:
    tips = layer_tooltips().title("@stage").line("@words")
    box = aes(xmin="begin_s", xmax="end_s", ymin="low", ymax="high", fill="stage")
    return geom_rect(box, size=0, tooltips=tips, sampling="none")


def _whiskers(ink: str) -> FeatureSpec:
    """Reach to p95, with a cap, and the words behind it."""
    still = {"tooltips": "none", "color": ink, "sampling": "none", "inherit_aes": False}
    line = aes(x="end_s", xend="whisker_s", y="row", yend="row")
    cap = aes(x="whisker_s", ymin="cap_low", ymax="cap_high")
    words = aes("whisker_s", "row", label="words")
    return (
        geom_segment(line, size=1.1, **still)
        + geom_errorbar(cap, width=0, size=1.1, **still)
        + geom_text(words, hjust=0, nudge_x=10, nudge_unit="px", **still)
    )


def _placed(stages: pd.DataFrame) -> pd.DataFrame:
    """Let each bar begin where the one before ended, the first stage on top."""
    told = stages.reset_index(drop=True)
    end_s = told["p50_s"].cumsum()
    row = len(told) - told.index.to_numpy(dtype=float)
    begin_s = end_s - told["p50_s"]
    placed: pd.DataFrame = told.assign(
        begin_s=begin_s,
        end_s=end_s,
        whisker_s=begin_s + told[["p50_s", "p95_s"]].max(axis=1),
        row=row,
        low=row - HALF,
        high=row + HALF,
        cap_low=row - HALF / 2,
        cap_high=row + HALF / 2,
        words=[
            f"{short_seconds(half)} · p95 {short_seconds(most)}"
            for half, most in zip(told["p50_s"], told["p95_s"], strict=True)
        ],
    )
    return placed
