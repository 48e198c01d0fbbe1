"""Figures, their options and their goals, without an engine."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from flightlib import measure
from flightlib.errors import MeasureError, SettingError
from flightlib.measure import Figure, Found, Goal, Outcome
from flightlib.measure.bench import Bench


def _count(bench: object, flights: int = 10, seconds: float = 1.0) -> Found:
    if flights < 0:
        raise MeasureError("Nothing flies.")
    numbers = {"flights": float(flights), "p99_s": seconds}
    return Found(pd.DataFrame({"flights": [flights]}), numbers, {"flights": (flights, flights)})


SMALL = Figure(
    "small", "how few fly", _count, (Goal("p99_s", "p99 below 1 s", most=1),), quick={"flights": 2}
)


@pytest.mark.parametrize(
    ("value", "met"), [(0.5, True), (1.0, True), (1.1, False), (math.nan, False)]
)
def test_a_goal_is_met_up_to_its_level_and_by_a_number_only(value: float, met: bool) -> None:
    """Nothing measured is nothing met."""
    assert Goal("p99_s", "", most=1).met(value) == met


def test_a_quick_run_takes_its_own_options_but_what_is_asked_for_wins() -> None:
    """Defaults are the full run's; `quick` replaces some; the caller's word is last."""
    bench = object()
    assert SMALL(bench).numbers["flights"] == 10
    assert SMALL(bench, quick=True).numbers["flights"] == 2
    assert SMALL(bench, quick=True, flights=5).numbers["flights"] == 5


def test_an_option_that_a_figure_lacks_is_named_with_those_it_has() -> None:
    """A slip of the tongue is told before an engine starts."""
    with pytest.raises(SettingError, match=r"small has no option 'clients'; allowed: flights, sec"):
        SMALL.check(["clients"])


def test_an_unknown_figure_or_option_is_refused_before_anything_starts(tmp_path: Path) -> None:
    """No engine is started for a wrong word, and nothing is written."""
    with pytest.raises(SettingError, match="skyy"):
        measure.run("skyy", folder=tmp_path / "m")
    with pytest.raises(SettingError, match="'clients'"):
        measure.run("sky", folder=tmp_path / "m", clients=3)
    assert not (tmp_path / "m").exists()


def test_each_figure_of_the_catalogue_is_what_its_module_says() -> None:
    """Names are the modules' own; quick options exist; goals name numbers by their units."""
    for name, one in zip(measure.NAMES, measure.figures(), strict=True):
        assert one.name == name
        assert one.goals
        assert set(one.quick) <= set(one.options)


def test_counts_that_differ_are_not_ok_whatever_the_speed() -> None:
    """A faster path that loses something is not faster."""
    lost = Found(pd.DataFrame(), {"p99_s": 0.1}, {"reports": (10, 9)})
    outcome = Outcome(SMALL, lost)
    assert not outcome.ok
    assert next(iter(outcome.rows()))[3] == "counts differ"


def test_percentiles_of_nothing_are_nothing() -> None:
    """No sample, no number."""
    assert all(math.isnan(value) for value in measure.percentiles([], "s").values())
    assert measure.percentiles([1, 2, 3], "s")["p50_s"] == 2


def test_a_figure_that_breaks_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What nobody thought of becomes a row that says so, and all its words are told."""

    def broken(bench: object) -> Found:
        raise ZeroDivisionError("division by zero")

    figures = {"sky": Figure("sky", "what breaks", broken, ()), "sse": SMALL}
    monkeypatch.setattr(sys.modules["flightlib.measure.run"], "figure", figures.get)
    told: list[str] = []
    found = measure.run("sky", "sse", folder=tmp_path, say=told.append)
    assert [one.trouble for one in found] == ["ZeroDivisionError: division by zero", ""]
    assert any("in broken" in words for words in told)


class _Setting:
    """A context that notes when it begins and ends, and figures that work in it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @contextmanager
    def make(self) -> Iterator[str]:
        self.told.append("begins")
        try:
            yield "setting"
        finally:
            self.told.append("ends")

    def figure(self, name: str, shares: str = "setting") -> Figure:
        def measure(bench: Bench, flights: int = 1) -> Found:
            if not shares:
                self.told.append(name)
                return _count(bench, flights)
            with bench.lend(shares, self.make):
                self.told.append(name)
                return _count(bench, flights)

        return replace(SMALL, name=name, measure=measure, quick={}, shares=shares)

    def run(self, monkeypatch: pytest.MonkeyPatch, folder: Path, **options: bool) -> list[str]:
        figures = [self.figure("sse"), self.figure("sky", ""), self.figure("map")]
        by_name = {one.name: one for one in figures}
        monkeypatch.setattr(sys.modules["flightlib.measure.run"], "figure", by_name.get)
        found = measure.run("sse", "sky", "map", folder=folder, **options)
        assert [one.trouble for one in found] == ["", "", ""]
        return [one.figure.name for one in found]


def test_figures_of_a_quick_run_share_a_setting_and_a_full_one_makes_it_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Quick, two figures find the same setting, which ends before another's turn; full, each own.

    The table is in the order that was asked for, either way.
    """
    quick, full = _Setting(), _Setting()
    assert quick.run(monkeypatch, tmp_path, quick=True) == ["sse", "sky", "map"]
    assert quick.told == ["begins", "sse", "map", "ends", "sky"]
    assert full.run(monkeypatch, tmp_path) == ["sse", "sky", "map"]
    assert full.told == ["begins", "sse", "ends", "sky", "begins", "map", "ends"]


def test_a_setting_in_which_a_figure_broke_is_not_lent_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The next figure makes its own, so that it is not broken by what another left."""
    setting = _Setting()

    def broken(bench: Bench, flights: int = 1) -> Found:
        with bench.lend("setting", setting.make):
            raise MeasureError("Nothing flies.")

    figures = {"sse": replace(setting.figure("sse"), measure=broken), "map": setting.figure("map")}
    monkeypatch.setattr(sys.modules["flightlib.measure.run"], "figure", figures.get)
    found = measure.run("sse", "map", quick=True, folder=tmp_path)
    assert [one.trouble for one in found] == ["Nothing flies.", ""]
    assert setting.told == ["begins", "ends", "begins", "map", "ends"]
