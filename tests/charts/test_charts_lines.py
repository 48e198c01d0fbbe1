"""Lines over time: few, each in a colour of its own, with time in UTC."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
import pytest

from flightlib import charts
from flightlib.charts.lines import line_colours

BEGAN = pd.Timestamp("2026-01-02 03:04:05")


def points(**lines: list[float]) -> pd.DataFrame:
    """A point each 10 seconds on each line."""
    rows = [
        (BEGAN + pd.Timedelta(10 * i, "s"), y, name)
        for name, values in lines.items()
        for i, y in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=["x", "y", "line"])


def rgb(colour: str) -> str:
    """A colour as the pictures write it."""
    return f"rgb({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("theme", charts.PALETTES)
def test_lines_of_statuses_wear_their_colours(theme: str) -> None:
    """Each status is drawn in its colour and named with its newest value."""
    table = points(ON_TIME=[1.0, 2.5], DELAYED=[10.0, 1234.0])
    drawn = charts.svg(charts.lines(table, "status", theme, title="Mean delay")).replace(", ", ",")
    assert "Mean delay" in drawn
    for words in ("On time", "2.5", "Delayed", "1,234"):
        assert words in drawn
    for status in ("ON_TIME", "DELAYED"):
        assert rgb(charts.colours(theme, "status")[status]) in drawn


def test_time_is_told_in_utc() -> None:
    """The axis has hours, minutes and seconds as they are in UTC."""
    drawn = charts.svg(charts.lines(points(all=[float(i) for i in range(12)])))
    assert "03:04:30" in drawn or "03:05:00" in drawn
    assert set(re.findall(r"\d\d:\d\d:\d\d", drawn)) <= {
        f"03:0{minute}:{second:02}" for minute in (4, 5, 6) for second in range(0, 60, 5)
    }


def test_one_point_is_a_picture_too(capsys: pytest.CaptureFixture[str]) -> None:
    """The first sample already gives an axis and a dot, and nothing is said about it."""
    drawn = charts.svg(charts.lines(points(all=[7.0]), caption="just begun"))
    assert "just begun" in drawn
    assert "<circle" in drawn or "<path" in drawn
    assert capsys.readouterr().out == ""


def test_numbers_may_stand_for_time() -> None:
    """An x that is a number has a plain axis."""
    table = points(all=[1.0, 2.0, 3.0]).assign(x=[1000.0, 2000.0, 3000.0])
    assert "2,000" in charts.svg(charts.lines(table))


def test_no_two_lines_share_a_colour() -> None:
    """Six regions of one hue are six colours, and a region keeps its hue where it can."""
    alike = [f"{south}_{south * -2}" for south in range(0, 30, 5)]
    assert len({charts.hue(region) for region in alike}) == 1
    chosen = line_colours("dark", alike, "region")
    assert len(set(chosen.values())) == 6
    assert chosen[alike[0]] == charts.palette("dark").region[str(charts.hue(alike[0]))]


@pytest.mark.parametrize("bad", ["<script>alert(1)</script>", "a & b"])
def test_hostile_names_stay_words(bad: str) -> None:
    """A name that looks like markup is not markup in the picture."""
    given: dict[str, Any] = {bad: [1.0, 2.0]}
    drawn = charts.svg(charts.lines(points(**given), "note", title=bad))
    assert "<script>" not in drawn
    assert "a & b" not in drawn
