"""Commits of a table as a picture, and pictures of what was counted elsewhere."""

from __future__ import annotations

import pandas as pd
import pytest

from flightlib import charts
from flightlib.errors import SettingError


def table(*rows: tuple[int, str]) -> pd.DataFrame:
    """Commits a second apart: the rows each added, and what it did."""
    at = pd.Timestamp("2026-01-02T03:04:05") + pd.to_timedelta(range(len(rows)), "s")
    columns = {"committed": at, "rows": [r for r, _ in rows], "operation": [o for _, o in rows]}
    return pd.DataFrame(columns)


@pytest.mark.parametrize("theme", charts.PALETTES)
def test_every_kind_of_commit_is_named_and_counted(theme: str) -> None:
    """The legend has all kinds, seen or not, so that it never jumps."""
    drawn = charts.svg(
        charts.commits(table((100, "append"), (0, "replace"), (80, "append")), theme)
    )
    for words in ("append  2", "replace (compaction)  1", "overwrite  0", "delete  0"):
        assert words in drawn


def test_each_kind_wears_its_own_colour() -> None:
    """A compaction is told from an append at a glance."""
    chosen = charts.palette("dark").status
    drawn = charts.svg(charts.commits(table((100, "append"), (0, "replace")), "dark"))
    for name in ("append", "replace"):
        red, green, blue = bytes.fromhex(chosen[charts.OPERATIONS[name]][1:])
        assert f"rgb({red},{green},{blue})" in drawn
    assert len(set(charts.OPERATIONS.values())) == len(charts.OPERATIONS)


def test_a_table_without_commits_is_drawn_empty() -> None:
    """Nothing to draw is no failure."""
    empty = table().astype({"committed": "datetime64[ns]", "rows": int, "operation": str})
    assert "append  0" in charts.svg(charts.commits(empty, title="Nothing yet"))


def test_an_unknown_theme_is_refused() -> None:
    """The theme is checked as for every picture."""
    with pytest.raises(SettingError, match="theme cannot be 'red'"):
        charts.commits(table((1, "append")), "red")


def test_counts_made_elsewhere_are_drawn_in_their_order() -> None:
    """Bars of numbers that were counted by an engine are those of the numbers, unsorted."""
    number = pd.Series({"40_-75": 7, "35_-120": 1234})
    drawn = charts.svg(charts.counted_bars(number, "region", title="Flights by region"))
    assert "Flights by region" in drawn
    assert "1,234" in drawn


def test_cells_counted_elsewhere_are_stepped_and_drawn() -> None:
    """Cells of an engine get the steps that cells counted here would have."""
    counted = pd.DataFrame({"west": [-100.0, -99.0], "south": [40.0, 40.0], "flights": [1, 40]})
    stepped = charts.stepped(counted)
    assert list(stepped["step"]) == [0, 5]
    assert "<svg" in charts.svg(charts.cell_map(stepped, 1.0, "us", title="Flights"))
