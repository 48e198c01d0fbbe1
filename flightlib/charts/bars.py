"""Flights counted by what they have in common, as bars."""

from __future__ import annotations

import pandas as pd
from lets_plot import (
    aes,
    coord_flip,
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

from flightlib.charts.base import Size, plot_frame
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
    return counted_bars(counts(flights, by), by, theme, size, title, caption)


def counted_bars(
    number: pd.Series[int],
    by: str,
    theme: str = "dark",
    size: Size = (900, 260),
    title: str | None = None,
    caption: str = "",
) -> PlotSpec:
    """Draw numbers of flights that were counted elsewhere: by name, in the order of the bars."""
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
        + labs(**({"caption": caption} if caption else {}))
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
    return plot_frame(theme) + plot_theme(
        axis_text_x=element_text(color=chosen.ink, size=14),  # the bars lie: x runs upwards
        axis_text_y=element_text(color=chosen.faint, size=11),
        legend_position="none",
    )
