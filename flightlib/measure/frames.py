"""From outcomes to the tables that pictures are drawn of. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from flightlib.measure.judged import judged
from flightlib.measure.outcome import Outcomes

WHOLE = ("total", "report to screen", "report to lake")
"""What samples call the whole way; all else in their column `stage` is a part of it."""
ASIDE = ("newest to screen",)  # another look at the same way
GROWING = {
    "latency_s": ("latency, 99 % within (ms)", 0.99, 1000.0),
    "lag_reports": ("unread reports, 99 % of the time", 0.99, 1.0),
    "cpu_cores": ("cores at work", 0.5, 1.0),
}
"""What may grow with the load: its words, the quantile that is drawn, and its factor."""


def level_rows(**runs: Outcomes) -> pd.DataFrame:
    """Give a row per goal and run: goal, share, words, run; runs in the order given.

    A number that was not measured has no row.
    """
    rows = [
        (f"{one.figure}: {one.goal.words}", one.share, one.words, run)
        for run, outcomes in runs.items()
        for one in judged(outcomes)
    ]
    table = pd.DataFrame(rows, columns=["goal", "share", "words", "run"])
    known: pd.DataFrame = table[table["share"].notna()]
    return known


def whole_ways(outcomes: Outcomes) -> pd.DataFrame:
    """Give the whole way of each figure that timed one: stage (the figure's title), latency_s."""
    parts = [
        rows[rows["stage"].isin(WHOLE)].assign(stage=one.figure.title)
        for one in outcomes
        if (rows := _quickest(one.samples)) is not None and "stage" in rows
    ]
    columns = ["stage", "latency_s"]
    return _together([part[columns] for part in parts], columns)


def stage_samples(outcomes: Outcomes, name: str) -> pd.DataFrame:
    """Give the samples of one figure's way, its stages and the whole: stage, latency_s.

    No row where it was not measured, or has no stages.
    """
    found = [_quickest(one.samples) for one in outcomes if one.figure.name == name]
    kept = [rows for rows in found if rows is not None and "stage" in rows]
    columns = ["stage", "latency_s"]
    rows = _together([part[columns] for part in kept], columns)
    told: pd.DataFrame = rows[~rows["stage"].isin(ASIDE)]
    return told


def stages(outcomes: Outcomes, name: str) -> pd.DataFrame:
    """Give the stages of one figure's way, in their order: stage, p50_s, p95_s.

    No row where it was not measured, or has no stages.
    """
    rows = stage_samples(outcomes, name)
    parts = rows[~rows["stage"].isin(WHOLE)].groupby("stage", sort=False)["latency_s"]
    middle, most = parts.quantile(0.5), parts.quantile(0.95)
    table: pd.DataFrame = pd.DataFrame({"p50_s": middle, "p95_s": most}).reset_index()
    return table


def fan_out_points(outcomes: Outcomes, quantile: float = 0.99) -> pd.DataFrame:
    """Give for each server and number of clients how long 99 of 100 waited at most."""
    columns = ["server", "clients", "latency_s"]
    found = [rows for one in outcomes if {*columns} <= {*(rows := one.samples)}]
    rows = _together([part[columns] for part in found], columns)
    waits = rows.groupby(columns[:2], sort=False)["latency_s"]
    table: pd.DataFrame = waits.quantile(quantile).reset_index()
    return table


def growth_points(outcomes: Outcomes) -> pd.DataFrame:
    """Give what grows with the number of flights: load, value, measure, line.

    Looked for in figures whose samples have a column `flights`; lines are told apart by the
    columns consumer or stage.
    """
    parts = [
        part
        for one in outcomes
        if "flights" in (rows := one.samples) and rows["flights"].nunique() > 1
        for part in _growing(rows)
    ]
    return _together(parts, ["load", "value", "measure", "line"])


def _growing(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    by = next((name for name in ("consumer", "stage", "line") if name in rows), None)
    named = rows.assign(line=rows[by].fillna("all") if by else "all", load=rows["flights"])
    for column, (words, quantile, factor) in GROWING.items():
        if column in rows:
            at = named.groupby(["line", "load"], sort=False)[column].quantile(quantile) * factor
            yield at.rename("value").reset_index().dropna().assign(measure=words)


def _quickest(rows: pd.DataFrame) -> pd.DataFrame | None:
    """Take the quickest of several paces of frames; None where no latency was measured."""
    if "latency_s" not in rows:
        return None
    return rows[rows["every_s"] == rows["every_s"].min()] if "every_s" in rows else rows


def _together(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype=_dtype(name)) for name in columns})
    return pd.concat(parts, ignore_index=True)


def _dtype(column: str) -> Any:
    return float if column in ("latency_s", "clients", "load", "value") else str
