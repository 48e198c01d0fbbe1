"""How long things took: for each stage the share of all that was through after so long."""

from __future__ import annotations

import numpy as np
import pandas as pd
from lets_plot import (
    aes,
    geom_line,
    geom_point,
    geom_text,
    geom_vline,
    ggplot,
    ggsize,
    ggtitle,
    labs,
    layer_tooltips,
    scale_x_log10,
    scale_y_continuous,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size
from flightlib.charts.palette import palette
from flightlib.charts.scales import (
    SHORTEST_S,
    Colours,
    blank,
    line_hues,
    line_legend,
    measured_frame,
    seconds_axis,
    seconds_in_words,
    short_seconds,
)

MARKED = (50.0, 99.0)
_SHARES = np.unique(np.concatenate([np.linspace(0, 100, 101), np.linspace(99, 100, 11)]))


def latency_curves(
    samples: pd.DataFrame,
    theme: str = "dark",
    size: Size = (900, 380),
    title: str = "",
    caption: str = "",
    level_s: float | None = None,
) -> PlotSpec:
    """Draw a curve per stage: `samples` has the columns stage and latency_s, a row per thing timed.

    A curve is at 99 % where 99 of 100 were through. Dots mark 50 and 99 %; `level_s` draws an
    upright line at a level. The axis is in decades, because latencies are. `size` is pixels.
    """
    if not len(samples):
        return blank(theme, size, title, caption)
    names = list(dict.fromkeys(samples["stage"]))
    curves = pd.concat([_curve(samples, name) for name in names])
    told = curves.assign(words=[seconds_in_words(value) for value in curves["latency_s"]])
    dots, where = told[told["share"].isin(MARKED)], aes("latency_s", "share", color="stage")
    tips = layer_tooltips().title("@stage").line("@{share} % within @words")
    everything = [*curves["latency_s"], *([level_s] if level_s else [])]
    still = {"sampling": "none", "na_rm": True, "show_legend": False}
    return (
        ggplot(told, where)
        + _level(level_s, theme)
        + geom_line(size=2, tooltips=tips, sampling="none", na_rm=True)
        + geom_point(where, data=dots, size=5, tooltips=tips, **still)
        + _legend(line_hues(theme, names), curves)
        + seconds_axis(scale_x_log10, everything)
        + scale_y_continuous(breaks=[0, *MARKED], format="{d} %", limits=[0, 104], expand=[0, 0])
        + ggtitle(title)
        + labs(x="", y="", **({"caption": caption} if caption else {}))
        + measured_frame(theme, "bottom")
        + ggsize(*size)
    )


def _curve(samples: pd.DataFrame, name: str) -> pd.DataFrame:
    """Give a stage's latency at each share: as many points as eyes can use, whatever was timed."""
    known = samples.loc[samples["stage"] == name, "latency_s"].dropna()
    if not len(known):
        return pd.DataFrame({"stage": [], "share": [], "latency_s": []})
    at = np.percentile(known.clip(lower=SHORTEST_S), _SHARES)
    return pd.DataFrame({"stage": name, "share": _SHARES, "latency_s": at})


def _legend(chosen: Colours, curves: pd.DataFrame) -> FeatureSpec:
    """Name each stage with its middle and its 99 %."""
    half, most = (
        curves[curves["share"] == share].set_index("stage")["latency_s"].map(seconds_in_words)
        for share in MARKED
    )
    words = [f"{name}\nhalf {half[name]} · 99 % {most[name]}" for name in chosen]
    return line_legend(chosen, words)


def _level(level_s: float | None, theme: str) -> FeatureSpec:
    """Draw an upright, dashed line at a level, with its words; nothing without one."""
    chosen = palette(theme)
    told = pd.DataFrame({"latency_s": [level_s] if level_s else [], "share": 6.0})
    words = geom_text(
        aes("latency_s", "share", label="words"),
        data=told.assign(words=[f"level {short_seconds(at)}" for at in told["latency_s"]]),
        hjust=1,
        nudge_x=-8,
        nudge_unit="px",
        color=chosen.ink,
        inherit_aes=False,
    )
    line = geom_vline(
        aes(xintercept="latency_s"),
        data=told,
        color=chosen.ink,
        size=0.9,
        linetype="dashed",
        inherit_aes=False,
    )
    return line + words
