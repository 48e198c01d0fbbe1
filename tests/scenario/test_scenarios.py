"""Scenarios in a sky: each starts, shows, composes and ends; the built-in ones fit every sky."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from flightlib import scenario
from flightlib.errors import SettingError
from flightlib.scenario import Scenario, running
from flightlib.scenario.model import KINDS
from flightlib.sky import PRESETS, Sky
from flightlib.sky.delivery import Duplicates, Garbage, Lateness, Outage, Surge

T = 1_764_000_000_000


@pytest.mark.parametrize("region", PRESETS)
@pytest.mark.parametrize("name", scenario.names())
def test_a_built_in_scenario_fits_every_sky(name: str, region: str) -> None:
    """Each can be started anywhere, and shows on the map for as long as it says it lasts."""
    sky, one = Sky(10, region), Scenario(name)
    assert one.start(sky, T) is one
    begin_ms = min(at_ms for at_ms, _ in one.steps)
    assert sky.marks(T + begin_ms + 1000)
    assert sky.marks(T + one.lasts_ms + 60_000) == ()
    assert one.title
    assert one.watch.endswith(".")


def test_every_kind_of_step_is_in_some_scenario() -> None:
    """The built-in scenarios show all that there is."""
    kinds = {step.kind for one in scenario.scenarios() for _, step in one.steps}
    assert kinds == set(KINDS) - {"include"}


def test_steps_begin_when_they_say() -> None:
    """The times of a disturbance are those of its step after the start."""
    late, double = Scenario("late").disturbances("us", T)
    assert isinstance(late, Lateness)
    assert isinstance(double, Duplicates)
    assert (late.start_ms, late.end_ms) == (T, T + 180_000)
    outage = Scenario("outage").disturbances("us", T)[0]
    assert isinstance(outage, Outage)
    assert (outage.start_ms, outage.end_ms) == (T + 5_000, T + 50_000)


def test_a_hub_is_the_busiest_of_the_sky() -> None:
    """The hot region is the cell of the busiest airport: Atlanta, or London."""
    cells = {region: Scenario("hot-region").disturbances(region, T)[0] for region in PRESETS}
    assert all(isinstance(cell, Surge) for cell in cells.values())
    assert cells["us-domestic"].box == (30.0, -85.0, 35.0, -80.0)
    assert cells["europe"].box == (50.0, -5.0, 55.0, 0.0)


def test_scenarios_compose() -> None:
    """Two started together disturb a sky as both do, and one may be stopped alone."""
    sky = Sky(10)
    late, hot = Scenario("late").start(sky, T), Scenario("hot-region").start(sky, T)
    assert set(sky.disturbances) == {*late.disturbances("us", T), *hot.disturbances("us", T)}
    assert [run.scenario.name for run in running(sky, T + 1000)] == ["late", "hot-region"]
    late.stop(sky)
    assert set(sky.disturbances) == {*hot.disturbances("us", T)}
    late.stop(sky)
    scenario.stop(sky, T + 1000)
    assert running(sky, T + 1000) == ()


def test_starting_again_starts_anew() -> None:
    """The second start of a scenario takes the place of the first."""
    sky, hot = Sky(10), Scenario("hot-region")
    hot.start(sky, T).start(sky, T + 60_000)
    before, *after = sky.disturbances
    assert before.end_ms == T + 60_000
    assert after == [*hot.disturbances("us", T + 60_000)]
    assert [run.begin_ms for run in running(sky, T + 60_001)] == [T + 60_000]


def test_a_run_is_over_when_its_time_is_or_the_sky_is_calmed() -> None:
    """What has ended, and what somebody called off, no longer counts as running."""
    sky = Sky(10)
    Scenario("hot-region").start(sky, T)
    assert running(sky, T + 179_000)
    assert running(sky, T + 180_000) == ()
    sky.calm()
    assert running(sky, T + 1000) == ()


def test_without_a_time_a_scenario_starts_now() -> None:
    """A start without a time is one at the time that the clock says."""
    sky, before_ms = Sky(10), scenario.now_ms()
    Scenario("hot-region").start(sky)
    assert before_ms <= sky.disturbances[0].start_ms <= scenario.now_ms()


def test_a_running_stream_sees_what_is_started() -> None:
    """A scenario that is started while a stream runs disturbs its next ticks."""
    sky = Sky(20)
    stream: Iterator[Any] = sky.reports(T, until_ms=T + 30_000)
    first = list(islice(stream, 40))
    Scenario("poison").start(sky, first[-1].timestamp)
    assert len([one for one in stream if isinstance(one, Garbage)]) == 3


def test_the_same_start_gives_the_same_stream() -> None:
    """Seed, time and scenario alone decide every report and its place."""

    def disturbed() -> list[Any]:
        sky = Sky(15)
        Scenario("bad-day").start(sky, T - 180_000)
        return list(sky.reports(T, until_ms=T + 60_000))

    assert disturbed() == disturbed()


def test_an_airport_of_another_sky_is_refused(tmp_path: Path) -> None:
    """A scenario for Heathrow cannot be started over the US, and leaves that sky as it was."""
    file = tmp_path / "heathrow.yaml"
    file.write_text(
        "title: T\nwatch: W\nsteps:\n- {kind: poison}\n"
        "- {kind: holding, airport: EGLL, for: 1 min, laps: 1}\n"
    )
    sky = Sky(10)
    with pytest.raises(SettingError, match="EGLL is no airport of a sky over 'us-domestic'"):
        Scenario.from_file(file).start(sky, T)
    assert sky.disturbances == ()
    Scenario.from_file(file).start(Sky(10, "europe"), T)


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    """A slip in a name is met with all there are, and the one that was probably meant."""
    with pytest.raises(SettingError, match=r"'strom'; allowed: bad-day, .* Did you mean 'storm'"):
        Scenario("strom")
    with pytest.raises(SettingError, match=r"none\.yaml cannot be read"):
        scenario.chosen("none.yaml")


def test_scenarios_show_themselves_as_text(tmp_path: Path) -> None:
    """A scenario and the list are tables in a notebook, and what looks like markup is text."""
    file = tmp_path / "odd.yaml"
    file.write_text("title: <b>T</b>\nwatch: <i>W</i>\nsteps:\n- {kind: poison, at: 90 s}\n")
    shown = Scenario.from_file(file)._repr_html_()
    assert "&lt;b&gt;T" in shown
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert "after 1 min 30 s" in shown
    listed = scenario.scenarios()
    assert [one.name for one in listed] == list(scenario.names())
    for one in listed:
        assert f"<code>{one.name}</code>" in listed._repr_html_()
        assert one.name in repr(listed)


def test_a_stop_gives_back_no_time() -> None:
    """Ended half way, a hold keeps those who hold, an outage bursts, and a storm is called off."""
    sky = Sky(10)
    for name in ("holding", "outage", "storm", "poison"):
        Scenario(name).start(sky, T)
    scenario.stop(sky, T + 20_000)
    left = {type(one).__name__: one for one in sky.disturbances}
    assert left.pop("Storm").called_off_ms == T + 20_000
    assert set(left) == {"Holding", "Outage"}
    assert {one.end_ms for one in left.values()} == {T + 20_000}
    assert [mark.label for mark in sky.marks(T + 21_000)] == ["Late burst"]
    Scenario("holding").start(sky, T + 30_000).stop(sky, T + 30_000)
    assert {type(one).__name__ for one in sky.disturbances} == {"Holding", "Outage", "Storm"}


def test_a_ground_delay_that_is_stopped_is_called_off() -> None:
    """Who should have left by then still waits, nobody else does, and the mark is gone."""
    sky = Sky(10)
    Scenario("ground-delay").start(sky, T)
    told = sky.disturbances[0]
    scenario.stop(sky, T + 20_000)
    assert sky.disturbances == (replace(told, called_off_ms=T + 20_000),)
    assert len(sky.marks(T + 19_999)) == 1
    assert sky.marks(T + 20_000) == ()


def test_a_storm_shows_at_once_how_large_it_becomes() -> None:
    """While it is small its mark has a wide second outline, and none once it has grown."""
    sky = Sky(10)
    Scenario("storm").start(sky, T)
    young, grown = sky.marks(T + 1000)[0], sky.marks(T + 6 * 60_000)[0]
    assert "grows to 90 nm" in young.label
    assert "grows" not in grown.label
    assert grown.reach == ()
    for outline, least, most in ((young.outline, 0.1, 0.5), (young.reach, 2.5, 3.5)):
        latitudes = [latitude for _, latitude in outline]
        assert least < max(latitudes) - min(latitudes) < most
    assert young.anchor == young.reach[0]


def test_equal_storms_of_two_scenarios_are_stopped_alone(tmp_path: Path) -> None:
    """Started in the same millisecond, one is stopped and the storm of the other goes on."""
    file = tmp_path / "mine.yaml"
    file.write_text("title: T\nwatch: W\nsteps:\n- {kind: include, scenario: storm}\n")
    sky, mine, storm = Sky(10), Scenario.from_file(file), Scenario("storm")
    mine.start(sky, T)
    storm.start(sky, T)
    assert len(sky.disturbances) == 2
    mine.stop(sky, T + 60_000)
    assert sky.disturbances == storm.disturbances("us", T)
    assert [run.scenario.name for run in running(sky, T + 60_000)] == ["storm"]
    storm.stop(sky, T + 90_000)
    assert [one.called_off_ms for one in sky.disturbances] == [T + 90_000]


def test_a_faster_sky_has_its_own_time() -> None:
    """In a stream at speed 60 a storm of 20 minutes lasts as long for whoever watches."""
    sky = Sky(10)
    sky.reports(T, speed=60.0)
    Scenario("storm").start(sky, T + 60_000)
    storm = sky.disturbances[0]
    assert (storm.start_ms, storm.end_ms) == (T + 3_600_000, T + 21 * 3_600_000)
    assert sky.marks(T + 50_000) == sky.marks(T + 21 * 60_000) == ()
    assert "Storm" in sky.marks(T + 20 * 60_000)[0].label
