"""Flights counted by what they have in common, as bars."""

from __future__ import annotations

import pandas as pd
from lets_plot import (
    aes,
    coord_flip,
    element_blank,
    element_line,
    element_rect,
    element_text,
    geom_bar,
    geom_text,
    ggplot,
    ggsize,
    ggtitle,
    labs,
    layer_tooltips,
    scale_fill_manual,
    scale_x_discrete,
    scale_y_continuous,
)
from lets_plot import (
    theme as plot_theme,
)
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import FONT, Size
from flightlib.charts.palette import COLOURINGS, WORDS, colours, label, palette, region_colours
from flightlib.errors import SettingError, not_allowed

GROUPINGS = (*COLOURINGS, "operator", "aircraft_type", "origin", "destination")
MOST_BARS = 12


def counts(flights: pd.DataFrame, by: str) -> pd.Series[int]:
    """Count flights by a column: every status or phase in its order, else the most frequent.

    What is too rare for a bar of its own is counted as "other", so that nothing is lost. Raises
    SettingError for a column that cannot be counted by.
    """
    if by not in GROUPINGS:
        raise SettingError(not_allowed("by", by, GROUPINGS))
    found = flights[by].dropna().value_counts()
    if by in WORDS:
        return found.reindex(list(colours("dark", by)), fill_value=0)
    rest = pd.Series({"other": int(found.iloc[MOST_BARS:].sum())})
    return pd.concat([found.iloc[:MOST_BARS], rest[rest > 0]])


def bars(
    flights: pd.DataFrame,
    by: str = "status",
    theme: str = "dark",
    size: Size = (900, 260),
    title: str | None = None,
    caption: str = "",
) -> PlotSpec:
    """Draw how many flights there are of each status, phase, region, operator, type or airport.

    `flights` has the columns of `flightlib.live.to_frame`; `size` is pixels.
    """
    number = counts(flights, by)
    names = [label(str(value), by) for value in number.index]
    table = pd.DataFrame({"name": names, "flights": number.to_numpy()})
    table["words"] = [f"{count:,}" for count in table["flights"]]
    told = layer_tooltips().line("@name|@words flights")
    return (
        ggplot(table, aes("name", "flights"))
        + geom_bar(aes(fill="name"), stat="identity", width=0.68, size=0, tooltips=told)
        + geom_text(
            aes(label="words"), hjust=0, nudge_x=8, nudge_unit="px", color=palette(theme).ink
        )
        + scale_fill_manual(values=_fills(names, by, theme), limits=names)
        + scale_x_discrete(limits=names[::-1])
        + scale_y_continuous(limits=[0, max(1, table["flights"].max() * 1.12)], expand=[0, 0])
        + coord_flip()
        + ggtitle(title or f"{int(number.sum()):,} flights by {by.replace('_', ' ')}")
        + labs(caption=caption, x="", y="")
        + _frame(theme)
        + ggsize(*size)
    )


def _fills(names: list[str], by: str, theme: str) -> list[str]:
    """Give the colour of each bar: its own where it has one."""
    if by in WORDS:
        return list(colours(theme, by).values())
    if by == "region":
        return list(region_colours(theme, names).values())
    return [palette(theme).status["ON_TIME"]] * len(names)


def _frame(theme: str) -> FeatureSpec:
    chosen = palette(theme)
    ground = element_rect(fill=chosen.panel, size=0)
    return plot_theme(
        text=element_text(family=FONT, color=chosen.ink),
        axis_text_x=element_text(color=chosen.ink, size=14),  # the bars lie: x runs upwards
        axis_text_y=element_text(color=chosen.faint, size=11),
        axis_line=element_blank(),
        axis_ticks=element_blank(),
        panel_grid_major_x=element_blank(),
        panel_grid_major_y=element_line(color=chosen.state, size=0.6),
        panel_grid_minor=element_blank(),
        panel_background=ground,
        plot_background=ground,
        plot_title=element_text(size=16, face="bold", margin=[6, 0, 10, 0]),
        plot_caption=element_text(color=chosen.faint, size=12),
        plot_margin=[0, 24, 0, 6],
        legend_position="none",
    )
