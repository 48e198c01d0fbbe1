"""Pictures of measurements: latencies, where the time goes, what grows, how far from a level."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import nan
from typing import Any

import numpy as np
import pandas as pd
import pytest

from flightlib import charts
from flightlib.charts import scales
from flightlib.errors import SettingError

SAMPLES = pd.DataFrame(
    {"stage": ["to Kafka"] * 100 + ["to a client"] * 100, "latency_s": [*range(1, 101)] * 2}
).assign(latency_s=lambda table: table.latency_s * np.where(table.stage == "to Kafka", 0.001, 0.01))
STAGES = pd.DataFrame(
    {"stage": ["Kafka", "backend", "frame"], "p50_s": [0.01, 0.03, 0.25], "p95_s": [0.02, 0.1, 0.5]}
)
CLIENTS = pd.DataFrame(
    [(1, 0.012, "ours"), (100, 0.11, "ours"), (1, 0.03, "nginx"), (100, 0.13, "nginx")],
    columns=["clients", "latency_s", "server"],
)
LOADS = pd.DataFrame(
    [(load, load / 10, measure, "map") for load in (1000, 10_000) for measure in ("lag", "CPU")],
    columns=["load", "value", "measure", "line"],
)
GOALS = pd.DataFrame(
    [("p99 below 1 s", 1.3, "1.3 s", "before"), ("p99 below 1 s", 0.4, "0.4 s", "after")],
    columns=["goal", "share", "words", "run"],
)
PICTURES: dict[str, tuple[Callable[..., Any], pd.DataFrame]] = {
    "latency": (charts.latency_curves, SAMPLES),
    "budget": (charts.budget, STAGES),
    "fan-out": (charts.fan_out, CLIENTS),
    "growth": (charts.growth, LOADS),
    "levels": (charts.levels, GOALS),
}
each_picture = pytest.mark.parametrize(("draw", "table"), PICTURES.values(), ids=PICTURES)


def words(figure: Any) -> str:
    """All words of a picture, as one text."""
    return " ".join(re.findall(r">([^<>]+)<", charts.svg(figure)))


@each_picture
@pytest.mark.parametrize("theme", charts.PALETTES)
def test_a_picture_wears_the_house_colours(
    draw: Callable[..., Any], table: pd.DataFrame, theme: str
) -> None:
    """Title and caption are in it, on the panel of the theme."""
    drawn = charts.svg(draw(table, theme, title="How fast", caption="two cores"))
    assert "Exception" not in drawn
    assert "How fast" in drawn
    assert "two cores" in drawn
    ground = ",".join(str(part) for part in bytes.fromhex(charts.palette(theme).panel[1:]))
    assert f"rgb({ground})" in drawn


@each_picture
def test_nothing_measured_is_drawn_empty(draw: Callable[..., Any], table: pd.DataFrame) -> None:
    """A table without a row gives a picture without a line, and no failure."""
    drawn = charts.svg(draw(table.head(0), title="How fast", caption="not measured"))
    assert "Exception" not in drawn
    assert "not measured" in drawn


@each_picture
def test_a_table_is_left_as_it_is(draw: Callable[..., Any], table: pd.DataFrame) -> None:
    """Drawing changes nothing of what was given."""
    before = table.copy()
    draw(table)
    pd.testing.assert_frame_equal(table, before)


def test_a_latency_curve_says_its_middle_and_its_slowest() -> None:
    """The legend has half and 99 % of each stage, and the level is drawn with its words."""
    told = words(charts.latency_curves(SAMPLES, level_s=1.0))
    assert "half 50 ms · 99 % 99 ms" in told.replace("51 ms", "50 ms")
    assert "half 505 ms · 99 % 990 ms" in told
    assert "level 1 s" in told


def test_a_latency_that_is_missing_or_nought_is_no_trouble() -> None:
    """What has no latency is left out, and none below the axis breaks its decades."""
    samples = pd.DataFrame({"stage": ["x"] * 4, "latency_s": [0.0, -0.001, 0.5, nan]})
    assert "half 0.1 ms" in words(charts.latency_curves(samples))


def test_a_million_latencies_make_a_small_picture() -> None:
    """A curve has as many points as eyes can use, whatever was timed."""
    many = pd.DataFrame({"stage": "x", "latency_s": np.linspace(0.001, 2, 1_000_000)})
    assert len(charts.svg(charts.latency_curves(many))) < 120_000


def test_stages_stand_in_a_staircase() -> None:
    """Each bar begins where the one before ended, and together they are the sum of the middles."""
    placed = charts.spec(charts.budget(STAGES))["data"]
    assert placed["begin_s"] == pytest.approx([0, 0.01, 0.04])
    assert placed["end_s"][-1] == pytest.approx(STAGES.p50_s.sum())
    assert placed["row"] == [3.0, 2.0, 1.0]
    assert "250 ms · p95 500 ms" in words(charts.budget(STAGES))


def test_each_server_and_load_is_named() -> None:
    """Lines are named by server, the axis has a tick where something was measured."""
    told = words(charts.fan_out(CLIENTS, level_s=1.0))
    for expected in ("ours", "nginx", "100", "110 ms", "130 ms", "clients at once"):
        assert expected in told


def test_each_measure_has_its_panel() -> None:
    """What grows is drawn side by side, in the order in which it came."""
    told = words(charts.growth(LOADS))
    assert told.index("lag") < told.index("CPU")
    assert "10,000" in told


def test_met_and_missed_differ_in_colour() -> None:
    """A number over its level wears the colour of alarm, one within it the calm one."""
    chosen = charts.palette("dark").status
    for share, wears, never in ((0.4, "ON_TIME", "CANCELLED"), (1.3, "CANCELLED", "ON_TIME")):
        drawn = charts.svg(charts.levels(GOALS.head(1).assign(share=share)))
        assert chosen[wears] in drawn
        assert chosen[never] not in drawn


def test_of_two_runs_the_newer_has_the_words() -> None:
    """Before and after share a row, and the row says what is so now."""
    told = words(charts.levels(GOALS))
    assert told.count("p99 below 1 s") == 1
    assert "0.4 s" in told
    assert "1.3 s" not in told


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.0004, "0.4 ms"), (0.0123, "12 ms"), (0.9996, "1.0 s"), (2.345, "2.3 s"), (125, "125 s")],
)
def test_seconds_are_said_as_one_reads_them(seconds: float, said: str) -> None:
    """Milliseconds below a second, one decimal where it tells something."""
    assert scales.seconds_in_words(seconds) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(0.4567, "0.457"), (1234, "1,234"), (123_456, "123 k"), (1_230_000, "1.23 M")],
)
def test_large_numbers_are_said_short(number: float, said: str) -> None:
    """Thousands and millions have a letter, so that they fit beside a dot."""
    assert scales.number_in_words(number) == said


def test_decades_hold_all_values() -> None:
    """The axis begins at or below the smallest value and ends at or above the largest."""
    assert scales.decades([0.002, 0.3]) == pytest.approx([0.001, 0.01, 0.1, 1])
    assert scales.decades([0.01]) == pytest.approx([0.01, 0.1])
    assert len(scales.decades([])) == 2


def test_more_lines_than_colours_are_refused() -> None:
    """Lines that nobody could tell apart are not drawn."""
    samples = pd.DataFrame({"stage": list("abcdefg"), "latency_s": 1.0})
    with pytest.raises(SettingError, match="7 lines cannot be told apart; 6 at most"):
        charts.latency_curves(samples)


def test_without_a_level_no_level_is_drawn() -> None:
    """No dashed line and no word of a level where none is given."""
    for figure in (charts.latency_curves(SAMPLES), charts.fan_out(CLIENTS)):
        drawn = charts.svg(figure)
        assert "stroke-dasharray" not in drawn
        assert "level" not in words(figure)


def test_one_server_is_numbered_once() -> None:
    """A dot of a single line has its number once, above it."""
    told = words(charts.fan_out(CLIENTS[CLIENTS.server == "ours"]))
    assert told.count("110 ms") == 1


def test_a_single_run_has_no_rings() -> None:
    """Without an earlier run each goal has one dot."""
    drawn = charts.svg(charts.levels(GOALS.tail(1)))
    assert drawn.count("<circle") == 1


def test_a_picture_says_a_number_as_the_table_does() -> None:
    """Places are shortened to hundredths of a pixel, and what a person reads is not."""
    figure = charts.levels(GOALS.assign(words=["1.299 s", "0.298 s"]))
    assert "0.298 s" in words(figure)
    attributes = re.findall(r"<[^>]+>", charts.svg(figure))
    assert not re.search(r"\d\.\d{3}", " ".join(attributes))
