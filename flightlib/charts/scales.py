"""What pictures of measurements share: axes of seconds and of growing load, words, colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import ceil, floor, isfinite, log10
from typing import Any

from lets_plot import (
    element_line,
    element_rect,
    element_text,
    geom_blank,
    ggplot,
    ggsize,
    ggtitle,
    guide_legend,
    labs,
    scale_color_manual,
)
from lets_plot import theme as plot_theme
from lets_plot.plot.core import FeatureSpec, PlotSpec

from flightlib.charts.base import Size, plot_frame
from flightlib.charts.palette import palette
from flightlib.errors import SettingError

SHORTEST_S = 1e-4  # an axis of decades has no zero: what is shorter stands at its edge
_HUES = ("0", "2", "3", "4", "5", "1")  # of the regions' colours, the farthest apart first
Colours = Mapping[str, str]


def seconds_in_words(seconds: float) -> str:
    """Write a length of time as one reads it out: 0.0123 is "12 ms", 2.34 is "2.3 s"."""
    if not isfinite(seconds):
        return "no time"
    if seconds < 0.9995:
        return f"{seconds * 1000:.{0 if seconds >= 0.00995 else 1}f} ms"
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds:,.0f} s"


def short_seconds(seconds: float) -> str:
    """Write a round length of time without decimals: 1.0 is "1 s"."""
    return seconds_in_words(seconds).replace(".0 ", " ")


def number_in_words(number: float) -> str:
    """Write a number short: 123456 is "123 k", 1234 is "1,234", 0.4567 is "0.457"."""
    for size, sign in ((1e6, " M"), (1e4, " k")):
        if abs(number) >= size:
            return f"{number / min(size, 1e3 if sign == ' k' else size):.3g}{sign}"
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def decades(values: Iterable[float], least: float = SHORTEST_S) -> list[float]:
    """Give the powers of ten from the one below the smallest value to the one above the largest.

    Two at least, so that an axis has a length; values of zero and below count as `least`.
    """
    known = [max(value, least) for value in values if isfinite(value)] or [least]
    low, high = floor(log10(min(known)) + 1e-9), ceil(log10(max(known)) - 1e-9)
    return [10.0**power for power in range(low, max(high, low + 1) + 1)]


def seconds_axis(scale: Any, values: Iterable[float]) -> FeatureSpec:
    """Scale an axis of seconds in decades, labelled in ms and s; `scale` is scale_x_log10 or y."""
    breaks = decades(values)
    words, ends = [short_seconds(value) for value in breaks], [breaks[0] / 1.5, breaks[-1] * 1.5]
    return scale(breaks=breaks, labels=words, limits=ends, expand=[0, 0])


def even_seconds(scale: Any, most_s: float) -> FeatureSpec:
    """Scale an axis of seconds evenly from zero, labelled in ms where it is short."""
    step_s = 10.0 ** floor(log10(most_s))
    while most_s / step_s < 4:
        step_s /= 2
    breaks = [step_s * n for n in range(int(most_s / step_s) + 1)]
    words = ["0", *(short_seconds(value) for value in breaks[1:])]
    return scale(breaks=breaks, labels=words, limits=[0, most_s], expand=[0, 0])


def line_hues(theme: str, names: Sequence[str]) -> Colours:
    """Give each of up to six lines a colour; raises SettingError for more."""
    if len(names) > len(_HUES):
        raise SettingError(
            f"{len(names)} lines cannot be told apart; {len(_HUES)} at most: {', '.join(names)}."
        )
    chosen = palette(theme).region
    return {name: chosen[hue] for name, hue in zip(names, _HUES, strict=False)}


def line_legend(chosen: Colours, words: Sequence[str]) -> FeatureSpec:
    """Name each line, at most three beside each other, with keys that can be seen from afar."""
    return scale_color_manual(
        values=list(chosen.values()),
        limits=list(chosen),
        labels=list(words),
        name="",
        guide=guide_legend(nrow=ceil(len(chosen) / 3), byrow=True, override_aes={"size": 4}),
    )


def blank(theme: str, size: Size, title: str, caption: str) -> PlotSpec:
    """Draw nothing but a title and a caption: there is no row to draw."""
    words = {"caption": caption} if caption else {}
    return (
        ggplot() + geom_blank() + ggtitle(title) + labs(**words) + plot_frame(theme) + ggsize(*size)
    )


def measured_frame(theme: str, legend: str = "none") -> FeatureSpec:
    """Put a picture of measurements into the colours of a theme, with words for a back row."""
    chosen = palette(theme)
    line = element_line(color=chosen.state, size=0.6)
    return plot_frame(theme) + plot_theme(
        axis_title=element_text(color=chosen.faint, size=13),
        axis_text=element_text(color=chosen.ink, size=14),
        axis_text_x=element_text(color=chosen.ink, size=14, angle=0),  # never upright
        panel_grid_major_x=line,
        panel_grid_major_y=line,
        legend_position=legend,
        legend_text=element_text(color=chosen.ink, size=14),
        legend_background=element_rect(fill=chosen.panel, size=0),
        legend_margin=0,
        strip_text=element_text(color=chosen.ink, size=14, face="bold"),
        strip_background=element_rect(fill=chosen.panel, size=0),
    )
