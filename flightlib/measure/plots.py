"""Pictures of what was measured: they stay in a report that has no kernel and no network.

fl.measure.plots.levels(found)            # each number against its level
fl.measure.plots.latencies(found)         # how old a report is when it arrives
fl.measure.plots.latencies(found, "sse")  # the same for each stage of one way
fl.measure.plots.budget(found, "sse")     # where the time goes
fl.measure.plots.fan_out(found)           # more and more clients
fl.measure.plots.growth(found)            # more and more flights

A picture of what a run did not measure is empty, and says so.
"""

from __future__ import annotations

from typing import Any

from flightlib import charts
from flightlib.measure import frames
from flightlib.measure.catalogue import figure
from flightlib.measure.outcome import Outcomes
from flightlib.widgets import Snapshot

HOW_TO_READ = "Bar: half are quicker. Whisker: 19 of 20 are quicker (p95)."
NOT_MEASURED = "Not measured in this run. All figures: `flightlib measure`, or `fl.measure.run()`."
LEVEL_S = 1.0
BLANK = (900, 90)


def levels(after: Outcomes, before: Outcomes | None = None, theme: str = "dark") -> Snapshot:
    """Draw each number against its level; with a run from before, also where it was then."""
    runs = {"before": before, "now": after} if before else {"now": after}
    table = frames.level_rows(**{name: run for name, run in runs.items() if run})
    table = table[table["goal"].isin(table.loc[table["run"] == "now", "goal"])]
    title = "Each number against its level" + (", before (ring) and now" if before else "")
    return _picture(charts.levels, after, title, table, theme)


def latencies(outcomes: Outcomes, name: str = "", theme: str = "dark") -> Snapshot:
    """Draw for each way how many of its reports had arrived after how long.

    With the name of a figure the same for each stage of its way. Raises SettingError for a figure
    that does not exist.
    """
    if name:
        title = f"Stage by stage: {figure(name).title}"
        return _picture(
            charts.latency_curves, outcomes, title, frames.stage_samples(outcomes, name), theme
        )
    title, table = "How old a report is when it arrives", frames.whole_ways(outcomes)
    return _picture(charts.latency_curves, outcomes, title, table, theme, level_s=LEVEL_S)


def budget(outcomes: Outcomes, name: str, theme: str = "dark") -> Snapshot:
    """Draw where the time of one figure's way goes, stage by stage.

    Raises SettingError for a figure that does not exist.
    """
    title = f"Where the time goes: {figure(name).title}"
    table = frames.stages(outcomes, name)
    size = (900, 140 + 36 * max(3, len(table)))
    return _picture(charts.budget, outcomes, title, table, theme, size=size, note=HOW_TO_READ)


def fan_out(outcomes: Outcomes, theme: str = "dark") -> Snapshot:
    """Draw how long a frame takes to 99 of 100 clients, for more and more of them."""
    table = frames.fan_out_points(outcomes)
    title = "How long a frame takes to its clients: 99 of 100 have it within"
    return _picture(charts.fan_out, outcomes, title, table, theme, level_s=LEVEL_S)


def growth(outcomes: Outcomes, theme: str = "dark") -> Snapshot:
    """Draw what grows with the number of flights."""
    table = frames.growth_points(outcomes)
    return _picture(charts.growth, outcomes, "More and more flights", table, theme)


def _picture(
    draw: Any, outcomes: Outcomes, title: str, table: Any, theme: str, note: str = "", **more: Any
) -> Snapshot:
    """Draw one; the caption says where it was measured, and that a quick run tells little.

    What was not measured is drawn empty, and says so: a notebook goes on.
    """
    quick = "A quick run: its times mean little." if outcomes.quick else ""
    caption = " · ".join(words for words in (note, quick, outcomes.where) if words)
    if not len(table):
        caption, more = NOT_MEASURED, {"size": BLANK}
    figure = draw(table, theme, title=title, caption=caption, **more)
    return Snapshot(charts.svg(figure), f"{title} · {caption}")
