"""Pictures of what was measured: they stay in a report that has no kernel and no network.

fl.measure.plots.levels(found)            # each number against its level
fl.measure.plots.latencies(found)         # how old a report is when it arrives
fl.measure.plots.budget(found, "sse")     # where the time goes
fl.measure.plots.fan_out(found)           # more and more clients
fl.measure.plots.growth(found)            # more and more flights
"""

from __future__ import annotations

from typing import Any

from flightlib import charts
from flightlib.errors import SettingError
from flightlib.measure import frames
from flightlib.measure.outcome import Outcomes
from flightlib.widgets import Snapshot

HOW_TO_READ = "Bar: half are quicker. Whisker: 19 of 20 are quicker (p95)."
LEVEL_S = 1.0


def levels(after: Outcomes, before: Outcomes | None = None, theme: str = "dark") -> Snapshot:
    """Draw each number against its level; with a run from before, also where it was then.

    Raises SettingError when no goal was measured.
    """
    runs = {"before": before, "now": after} if before else {"now": after}
    table = frames.level_rows(**{name: run for name, run in runs.items() if run})
    table = table[table["goal"].isin(table.loc[table["run"] == "now", "goal"])]
    _needs(len(table), "a goal with a number")
    title = "Each number against its level" + (", before (ring) and now" if before else "")
    return _picture(charts.levels, after, title, table, theme)


def latencies(outcomes: Outcomes, theme: str = "dark") -> Snapshot:
    """Draw for each way how many of its reports had arrived after how long.

    Raises SettingError when no way was timed.
    """
    table = frames.whole_ways(outcomes)
    _needs(len(table), "a way with latencies")
    title = "How old a report is when it arrives"
    return _picture(charts.latency_curves, outcomes, title, table, theme, level_s=LEVEL_S)


def budget(outcomes: Outcomes, name: str, theme: str = "dark") -> Snapshot:
    """Draw where the time of one figure's way goes, stage by stage.

    Raises SettingError when it was not measured, or has no stages.
    """
    table = frames.stages(outcomes, name)
    title = f"Where the time goes: {outcomes.of(name).figure.title}"
    size = (900, 140 + 36 * len(table))
    return _picture(charts.budget, outcomes, title, table, theme, size=size, note=HOW_TO_READ)


def fan_out(outcomes: Outcomes, theme: str = "dark") -> Snapshot:
    """Draw how long a frame takes to 99 of 100 clients, for more and more of them.

    Raises SettingError when no server was measured with clients.
    """
    table = frames.fan_out_points(outcomes)
    _needs(len(table), "a server with clients")
    title = "How long a frame takes to its clients: 99 of 100 have it within"
    return _picture(charts.fan_out, outcomes, title, table, theme, level_s=LEVEL_S)


def growth(outcomes: Outcomes, theme: str = "dark") -> Snapshot:
    """Draw what grows with the number of flights.

    Raises SettingError when nothing was measured with several numbers of flights.
    """
    table = frames.growth_points(outcomes)
    _needs(len(table), "a figure with several numbers of flights")
    return _picture(charts.growth, outcomes, "More and more flights", table, theme)


def _needs(rows: int, what: str) -> None:
    if not rows:
        raise SettingError(
            f"This run has not {what}. Measure all: `flightlib measure`, or `fl.measure.run()`."
        )


def _picture(
    draw: Any, outcomes: Outcomes, title: str, table: Any, theme: str, note: str = "", **more: Any
) -> Snapshot:
    """Draw one; the caption says where it was measured, and that a quick run tells little."""
    quick = "A quick run: its times mean little." if outcomes.quick else ""
    caption = " · ".join(words for words in (note, quick, outcomes.where) if words)
    figure = draw(table, theme, title=title, caption=caption, **more)
    return Snapshot(charts.svg(figure), f"{title} · {caption}")
