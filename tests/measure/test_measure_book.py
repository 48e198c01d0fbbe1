"""What is said, kept and drawn of measurements, whoever measured them."""

from __future__ import annotations

import json
import time
from importlib import import_module
from math import inf, isnan, nan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flightlib.errors import SettingError
from flightlib.measure import (
    NAMES,
    Figure,
    Found,
    Goal,
    Outcome,
    Outcomes,
    figures,
    frames,
    plots,
    ship,
    shipped,
)
from flightlib.measure.keep import keep, machine, read, write
from flightlib.measure.shipped import BEGIN, END, block
from flightlib.measure.thin import thinned
from flightlib.measure.verdict import compare, difference, knee, verdict

MOST, LEAST = Goal("p99_s", "p99 below 1 s", most=1.0), Goal("sky_per_s", "100 a second", least=100)
MACHINE = {"cores": 2, "memory_gb": 25, "system": "Linux x86_64", "day": "2026-11-26"}
STAGES = pd.DataFrame(
    {
        "stage": ["Kafka"] * 50 + ["frame"] * 50 + ["total"] * 50,
        "latency_s": [*np.linspace(0.01, 0.05, 50), *np.linspace(0, 0.5, 50)] + [0.4] * 50,
    }
)


def nothing(bench: object) -> Found:
    """What is never measured here."""
    raise AssertionError


def outcome(
    name: str = "sky",
    samples: pd.DataFrame | None = None,
    counts: tuple[int, int] = (5, 5),
    quick: bool = False,
    **numbers: float,
) -> Outcome:
    """One figure and its numbers; its goals are those that have a number."""
    goals = tuple(goal for goal in (MOST, LEAST) if goal.number in numbers)
    rows = pd.DataFrame({"x_s": [1.0]}) if samples is None else samples
    found = Found(rows, numbers, {"reports": counts})
    return Outcome(Figure(name, f"the {name}", nothing, goals), found, quick=quick)


def run(*outcomes: Outcome) -> Outcomes:
    """A run on a known machine."""
    return Outcomes(outcomes, MACHINE)


# --- shares and sentences -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "value", "share"),
    [
        (MOST, 0.5, 0.5),
        (MOST, 3.0, 3.0),
        (LEAST, 200, 0.5),
        (LEAST, 50, 2.0),
        (LEAST, 0, inf),
        (Goal("lost", "none", most=0), 0, 0.0),
        (Goal("lost", "none", most=0), 1, inf),
    ],
)
def test_a_share_is_at_most_one_where_the_goal_is_met(
    goal: Goal, value: float, share: float
) -> None:
    """Whichever way a level points, a share above one is a miss, by so many times."""
    assert goal.share(value) == share
    assert goal.met(value) == (share <= 1)


def test_no_number_has_no_share() -> None:
    """What was not measured is neither near its level nor far from it."""
    for goal in (MOST, LEAST, Goal("lost", "none", most=0)):
        assert isnan(goal.share(nan))


def test_the_verdict_says_what_is_met_missed_and_close() -> None:
    """Each miss is named with its number and by how much; what is close is named as well."""
    said = str(verdict(run(outcome(p99_s=2.5), outcome("rest", p99_s=0.9, sky_per_s=500))))
    assert "2 of 3 levels are met." in said
    assert "Missed: the sky: p99 below 1 s. Measured: 2.5 s, 2.5 times what is allowed." in said
    assert "Met, with little to spare: the rest: p99 below 1 s (0.9 s)." in said
    assert "What was counted agrees (2 counts)" in said


def test_a_quick_run_gets_no_verdict_on_speed() -> None:
    """Of a quick run only the counts are judged."""
    said = str(verdict(run(outcome(p99_s=2.5, quick=True))))
    assert "What was counted agrees (1 counts)" in said
    assert "no verdict" in said
    assert "Missed" not in said


def test_counts_that_differ_and_troubles_are_said_first() -> None:
    """A figure that failed and counts that differ are told before any level."""
    failed = Outcome(Figure("map", "the map", nothing, ()), None, "No browser.\nIts log is long.")
    told = verdict(run(failed, outcome(counts=(5, 4), p99_s=0.1)))
    assert told[0] == "the map could not be measured: No browser."
    assert told[1] == "What was counted does not agree: the sky, reports (5 expected, 4 found)."


def test_sentences_show_themselves_without_markup_of_their_own() -> None:
    """A message with angle brackets stays words in a notebook."""
    failed = Outcome(Figure("map", "the map", nothing, ()), None, "<b>")
    assert "&lt;b&gt;" in verdict(run(failed))._repr_html_()
    assert str(verdict(Outcomes())) == "Nothing was measured."


def test_a_trouble_of_many_lines_is_one_row() -> None:
    """The table takes the first line of a trouble, so that it stays a table."""
    failed = Outcome(Figure("map", "the map", nothing, ()), None, "It did not start.\na\nb")
    assert len(run(failed).to_markdown().splitlines()) == 3
    assert "It did not start. |" in run(failed).to_markdown()


# --- before and after -----------------------------------------------------------------------------


def test_two_runs_are_compared_goal_by_goal() -> None:
    """A goal in both runs has a row that says how much better or worse it is now."""
    before = run(outcome(p99_s=2.0, sky_per_s=100), outcome("rest", p99_s=1.0))
    table = compare(before, run(outcome(p99_s=0.5, sky_per_s=50)))
    assert list(table.difference) == ["4.0 times better", "2.0 times worse"]
    assert list(table.before) == ["2 s", "100 per second"]


def test_nothing_to_compare_is_said() -> None:
    """Where there is no earlier run the notebook says so, and goes on."""
    table = compare(Outcomes(), run(outcome(p99_s=0.5)))
    assert "nothing to compare" in table._repr_html_()
    assert "nothing to compare" in str(table)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (1.0, 1.04, "about the same"),
        (0.0, 0.0, "about the same"),
        (0.0, 0.5, "worse"),
        (0.5, -0.1, "better"),
        (3.0, 1.0, "3.0 times better"),
    ],
)
def test_a_difference_is_said_in_words(before: float, after: float, said: str) -> None:
    """Noise is no difference, and what cannot be divided is only better or worse."""
    assert difference(before, after) == said


def test_the_knee_is_where_the_wait_outgrows_the_load() -> None:
    """Up to the knee ten times the load costs less than ten times the wait."""
    assert knee([1, 10, 100, 1000], [1, 2, 10, 200]) == 100
    assert knee([1, 10, 100], [1, 2, 10]) is None
    assert knee([], []) is None


# --- fewer samples --------------------------------------------------------------------------------


def test_thinned_samples_keep_their_groups_ends_and_percentiles() -> None:
    """Each group keeps its lowest, its highest and its percentiles, in a tenth of the rows."""
    rng = np.random.default_rng(3)
    parts = [
        pd.DataFrame({"server": name, "clients": n, "latency_s": rng.lognormal(n / 10, 1, 5000)})
        for name in ("ours", "theirs")
        for n in (1, 10)
    ]
    samples = pd.concat(parts, ignore_index=True)
    few = thinned(samples, 2000)
    assert len(few) == pytest.approx(2000, abs=8)
    for key, group in samples.groupby(["server", "clients"]):
        kept = few.groupby(["server", "clients"]).get_group(key).latency_s
        for share in (0, 0.5, 0.99, 1):
            expected = group.latency_s.quantile(share)
            assert kept.quantile(share) == pytest.approx(expected, rel=0.05)


def test_few_samples_are_all_kept_and_moments_keep_every_digit() -> None:
    """What is small enough stays whole; only digits that nobody measured go, never of a time."""
    samples = pd.DataFrame({"at_s": [1_764_123_456.789], "latency_s": [0.123456789]})
    kept = thinned(samples, 10)
    assert kept.at_s[0] == 1_764_123_456.789
    assert kept.latency_s[0] == 0.12346


def test_a_long_series_is_thinned_though_each_row_is_a_group() -> None:
    """Rows that differ in everything are thinned in their order."""
    samples = pd.DataFrame({"time_s": np.arange(5000.0), "reports": np.arange(5000)})
    kept = thinned(samples, 500)
    assert len(kept) == 500
    assert kept.reports.is_monotonic_increasing
    assert (kept.reports.iloc[0], kept.reports.iloc[-1]) == (0, 4999)


# --- kept and read --------------------------------------------------------------------------------


def test_what_is_kept_is_read_with_its_machine(tmp_path: Path) -> None:
    """A run comes back with its numbers, fewer samples, and the machine it was measured on."""
    many = pd.DataFrame({"latency_s": np.linspace(0, 1, 9999)})
    keep(run(outcome(samples=many, sky_per_s=250_000.0, ratio=0.9)), tmp_path, most=100)
    again = read(tmp_path)
    assert again.machine == MACHINE
    assert again.of("sky").found.numbers["sky_per_s"] == 250_000
    assert len(again.of("sky").found.samples) == 100
    where = "26 November 2026 on 2 cores and 25 GB of memory, Linux x86_64"
    assert again.where == where
    again.machine = {**MACHINE, "count_s": 0.184, "count_end_s": 0.31}
    assert again.where == f"{where}; it counted to ten million in 0.18 s, at the end in 0.31 s"


def test_a_machine_says_how_fast_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told is the time that counting took, by a clock that nobody sets."""
    clock = iter([5.0, 5.25])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    assert machine()["count_s"] == 0.25


def test_a_file_has_the_numbers_without_samples(tmp_path: Path) -> None:
    """A measured.json under another name is read as well, wherever it lies."""
    write(run(outcome(ratio=0.5)), tmp_path / "before.json")
    again = read(tmp_path / "before.json")
    assert again.of("sky").found.numbers == {"ratio": 0.5}
    assert again.of("sky").found.samples.empty


def test_a_figure_of_another_version_is_left_out(tmp_path: Path) -> None:
    """A figure that there is no more does not hinder reading the others."""
    write(run(outcome("gone", p99_s=1), outcome(ratio=0.5)), tmp_path / "measured.json")
    assert [one.figure.name for one in read(tmp_path)] == ["sky"]


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"figures": {"sky": 1}, "machine": {}}'])
def test_a_file_of_something_else_is_refused(text: str, tmp_path: Path) -> None:
    """A file that `flightlib measure` did not write is named, in one line."""
    (tmp_path / "measured.json").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError, match=r"is not what `flightlib measure` writes"):
        read(tmp_path)


# --- the README -----------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]


def test_the_readme_has_the_table_of_the_shipped_run() -> None:
    """What the README says is what the committed run measured, to the letter."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert block(read(ROOT / "notebooks" / "measured")) in readme


def test_the_shipped_run_is_small() -> None:
    """The committed samples are few: at most some thousand rows of each figure."""
    for path in (ROOT / "notebooks" / "measured").glob("*.csv"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= ship.MOST + 200, path.name


def test_a_run_is_shipped_with_its_table(tmp_path: Path) -> None:
    """One command puts a run beside the notebooks and its table between the README's marks."""
    keep(run(outcome(ratio=0.5)), tmp_path / "run")
    readme = tmp_path / "README.md"
    readme.write_text(f"above\n{shipped_marks()}\nbelow\n", encoding="utf-8")
    ship.ship(tmp_path / "run", tmp_path / "notebooks", readme)
    text = readme.read_text(encoding="utf-8")
    assert text.startswith("above\n")
    assert text.endswith("below\n")
    assert block(read(tmp_path / "notebooks" / "measured")) in text
    ship.ship(tmp_path / "run", tmp_path / "notebooks", readme, before=True)
    kept = json.loads((tmp_path / "notebooks" / "measured" / "before.json").read_text())
    assert kept["figures"]["sky"]["numbers"] == {"ratio": 0.5}


def test_a_run_with_a_failure_is_not_shipped(tmp_path: Path) -> None:
    """A run in which a figure could not be measured takes no place, and the figure is named."""
    failed = Outcome(outcome().figure, None, "It did not start.")
    keep(run(failed), tmp_path / "run")
    with pytest.raises(SettingError, match="sky could not be measured"):
        ship.ship(tmp_path / "run", tmp_path / "notebooks", tmp_path / "README.md")
    assert not (tmp_path / "notebooks").exists()


def shipped_marks() -> str:
    """The README's marks with nothing of use between them."""
    return f"{BEGIN}\nold\n{END}"


def test_a_readme_without_marks_is_refused() -> None:
    """Where there is no place for the table, nothing is written."""
    with pytest.raises(SettingError, match="one place between"):
        ship.filled("no marks", run(outcome(ratio=0.5)))


def test_what_is_not_there_is_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a shipped run the notebook gets an empty one, not an error."""
    module = import_module("flightlib.measure.shipped")  # its name is also a function's
    monkeypatch.setattr(module, "shared_folder", lambda _: tmp_path)
    assert shipped() == ()
    assert shipped("before") == ()


# --- pictures -------------------------------------------------------------------------------------


def test_stages_are_those_of_the_way_without_the_whole() -> None:
    """A budget has the parts in their order, and leaves out what is the whole way."""
    table = frames.stages(run(outcome(samples=STAGES)), "sky")
    assert list(table.stage) == ["Kafka", "frame"]
    assert table.p50_s[0] == pytest.approx(0.03)


def test_of_several_paces_the_quickest_is_drawn() -> None:
    """Where clients ask for frames at two paces, latencies are those of the quicker one."""
    two = pd.concat([STAGES.assign(every_s=0.25), STAGES.assign(every_s=1.0, latency_s=9.0)])
    assert frames.whole_ways(run(outcome(samples=two))).latency_s.max() == 0.4


def test_a_figure_without_stages_has_no_budget() -> None:
    """What was not measured, or not by stages, gives a table without rows."""
    found = run(outcome(), outcome("sse", samples=STAGES))
    assert frames.stages(found, "sky").empty
    assert frames.stages(found, "pixel").empty
    assert list(frames.stages(found, "sky").columns) == ["stage", "p50_s", "p95_s"]


def test_servers_and_loads_become_points() -> None:
    """Waits are drawn as the slowest 1 in 100 of each server and number of clients."""
    waits = pd.DataFrame({"server": "ours", "clients": 10, "latency_s": np.linspace(0, 1, 101)})
    table = frames.fan_out_points(run(outcome("fanout", samples=waits)))
    assert table.to_dict("records") == [{"server": "ours", "clients": 10, "latency_s": 0.99}]


def test_what_grows_with_flights_becomes_points() -> None:
    """Latency, lag and work of several numbers of flights each become a panel."""
    loads = pd.DataFrame({"flights": [1000, 1000, 10_000], "latency_s": [0.1, 0.1, 0.5]})
    table = frames.growth_points(run(outcome(samples=loads.assign(cpu_cores=[0.5, 0.5, 1.5]))))
    assert list(table.load) == [1000, 10_000] * 2
    assert list(table.value) == pytest.approx([100, 500, 0.5, 1.5])
    assert table.measure.nunique() == 2


def test_every_picture_has_words_and_a_place() -> None:
    """Each picture is an SVG with its words beside it, and says where it was measured."""
    waits = pd.DataFrame({"server": "ours", "clients": [1, 10], "latency_s": [0.01, 0.1]})
    loads = pd.DataFrame({"flights": [1000, 10_000], "latency_s": [0.1, 0.5]})
    found = run(
        outcome("memory", samples=STAGES, p99_s=0.4),
        outcome("fanout", samples=waits),
        outcome("sky", samples=loads),
    )
    drawn = [
        plots.levels(found, found),
        plots.latencies(found),
        plots.latencies(found, "memory"),
        plots.budget(found, "memory"),
        plots.fan_out(found),
        plots.growth(found),
    ]
    for picture in drawn:
        assert picture.svg.startswith("<svg")
        assert "26 November 2026" in picture.words


def test_a_picture_of_nothing_says_so() -> None:
    """Where a run has not what a picture needs, it is empty and says what to type."""
    pictures = [plots.levels, plots.latencies, plots.fan_out, plots.growth]
    for draw in (*pictures, lambda found: plots.budget(found, "sky")):
        for found in (run(outcome()), Outcomes()):
            assert "Not measured in this run" in draw(found).words


def test_a_budget_of_no_figure_is_refused() -> None:
    """A slip in a figure's name is told with the nearest."""
    with pytest.raises(SettingError, match="Did you mean 'sky'"):
        plots.budget(run(outcome()), "skyy")


def test_the_knee_of_each_server_is_said() -> None:
    """A full run with growing numbers of clients says up to where they come easily."""
    waits = pd.DataFrame({"clients": [1, 10, 100], "latency_s": [0.01, 0.02, 0.9]})
    table = pd.concat([waits.assign(server="ours"), waits.assign(server="x", latency_s=0.01)])
    told = verdict(run(outcome("fanout", samples=table)))
    assert "ours: the knee is at 10 clients (p99 0.02 s)" in str(told)
    assert "x: up to 100 clients the wait (p99) grows more slowly than their number" in str(told)


def test_the_figures_show_themselves() -> None:
    """A list of figures is a table that names each one with its levels."""
    listed = figures()
    assert [one.name for one in listed] == list(NAMES)
    for one in listed:
        assert one.title in listed._repr_html_()
        assert one.name in str(listed)


def test_a_goal_that_was_not_measured_is_not_drawn() -> None:
    """A number that is nothing has no place on the axis."""
    assert frames.level_rows(now=run(outcome(p99_s=nan))).empty
