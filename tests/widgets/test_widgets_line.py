"""Live lines: what is measured of a stream's flights, and the columns of a query."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from browserlike import Sent, frames, say, until
from scripted import Script, event, flight
from scripted_jobs import ScriptedQuery

from flightlib import charts
from flightlib.errors import SettingError, StreamError
from flightlib.widgets import LiveLine
from flightlib.widgets.measures import MEASURES, MOST_POINTS, Samples, points

BEGAN = datetime(2026, 1, 2, 3, 4, 5)


def sky(*flights: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Flights by id."""
    return {one["flight_id"]: one for one in flights}


def rows(count: int, *regions: str) -> list[tuple[Any, ...]]:
    """Windows of ten seconds, one row each for every region."""
    return [
        (BEGAN + timedelta(seconds=10 * i), region, i, 30_000.0 + i)
        for i in range(count)
        for region in regions
    ]


@pytest.fixture
def query() -> ScriptedQuery:
    """A running query without a row yet."""
    return ScriptedQuery()


@pytest.mark.parametrize(
    ("measure", "value"),
    [("delay", 5.0), ("delayed", 25.0), ("altitude", 30_000.0), ("flights", 4)],
)
def test_each_measure_is_what_it_says(measure: str, value: float) -> None:
    """Delay counts on arrival or else departure, unknown ones do not count as zero."""
    flights = [
        flight("A", departure_delay=60, arrival_delay=None, altitude=36_000),
        flight("B", departure_delay=7200, arrival_delay=-60, altitude=30_000),
        flight("C", departure_delay=None, arrival_delay=None, altitude=24_000),
        flight("D", departure_delay=None, arrival_delay=900, altitude=None),
    ]
    assert MEASURES[measure].of(flights) == pytest.approx(value)


def test_nothing_known_is_no_value() -> None:
    """Without a known delay there is no mean, rather than a zero."""
    unknown = [flight("A", departure_delay=None, arrival_delay=None)]
    assert MEASURES["delay"].of(unknown) is None
    samples = Samples("delay", None, 60)
    samples.add(0, sky(*unknown))
    assert points(samples.newest)[0].empty


def test_samples_are_kept_for_the_window_only() -> None:
    """What is older than the window is forgotten, and every sample gives a new picture."""
    samples = Samples("flights", None, 60)
    pictures = []
    for second in range(100):
        samples.add(second * 1000, sky(flight("A")))
        pictures.append(samples.newest)
    table, groups = points(samples.newest)
    assert (len(table), groups) == (61, 1)
    assert len({id(picture) for picture in pictures}) == 100
    assert len(pictures[3]) == 4


def test_of_many_lines_the_busiest_are_drawn() -> None:
    """Ten regions give six lines, those with the most flights, and all ten are counted."""
    samples = Samples("altitude", "region", 60)
    crowd = [flight(f"{r}-{i}", region=f"{5 * r}_0") for r in range(10) for i in range(r + 1)]
    samples.add(0, sky(*crowd))
    table, groups = points(samples.newest)
    assert set(table["line"]) == {f"{5 * r}_0" for r in range(4, 10)}
    assert groups == 10


def test_a_long_window_is_thinned_but_ends_at_the_newest() -> None:
    """An hour of samples is drawn with a few hundred points, the last one among them."""
    samples = Samples("flights", None, 3600)
    for second in range(3600):
        samples.add(second * 1000, sky(flight("A")))
    table, _ = points(samples.newest)
    assert MOST_POINTS / 2 < len(table) <= MOST_POINTS + 1
    assert table["x"].iloc[-1].timestamp() == 3599


def test_a_stream_is_measured_with_every_picture(
    make: Callable[..., LiveLine], script: Script, sent: Sent
) -> None:
    """The line grows with each event, and the browser gets it in both themes."""
    script.say(event("snapshot", flights=[flight("A", altitude=10_000)]))
    widget = make(LiveLine, y="altitude")
    say(widget, type="hello")
    until(lambda: frames(sent) and frames(sent)[-1]["specs"])
    script.say(event("update", flights=[flight("A", altitude=20_000)]))
    until(lambda: len(widget._source.picture()) == 2)
    shown = until(lambda: [m for m in frames(sent) if m["words"] == "Mean altitude in feet"])
    assert set(shown[-1]["specs"]) == set(charts.PALETTES)


def test_a_changed_filter_begins_a_new_line(
    make: Callable[..., LiveLine], script: Script, sent: Sent
) -> None:
    """What was measured of other flights is not joined to what comes now."""
    late = flight("B", status="DELAYED", altitude=1000)
    script.greeting = lambda path: event(
        "snapshot", flights=[late] if "DELAYED" in path else [late, flight("A", altitude=3000)]
    )
    widget = make(LiveLine, y="altitude")
    until(lambda: widget._source.picture())
    widget.filter(status="DELAYED")
    assert [sample.values["all"] for sample in widget._source.picture()] == [(1000.0, 1)]
    assert widget.filters == {"status": "DELAYED"}


def test_a_wrong_filter_keeps_the_line(make: Callable[..., LiveLine], script: Script) -> None:
    """A refused filter leaves what was measured."""
    script.say(event("snapshot", flights=[flight("A")]))
    widget = make(LiveLine, y="flights")
    until(lambda: widget._source.picture())
    with pytest.raises(StreamError, match="A filter cannot be 'tail'"):
        widget.filter(tail="red")
    assert len(widget._source.picture()) == 1


def test_rows_of_a_query_become_lines(
    query: ScriptedQuery, ending: Callable[..., LiveLine], sent: Sent
) -> None:
    """The named columns are drawn, a line for each value of `by`."""
    query.give(*rows(3, "40_-75", "35_-100"), (None, "40_-75", 1, 2.0), (BEGAN, "40_-75", 1, None))
    widget = ending(LiveLine(query, x="window_end", y="mean_altitude", by="region"))
    say(widget, type="hello")
    shown = until(lambda: frames(sent))[-1]
    assert shown["words"] == "Mean altitude by region"
    drawn = widget._source.drawing(query.rows)
    assert sorted(drawn.points["y"].unique()) == [30_000, 30_001, 30_002]
    assert set(drawn.points["line"]) == {"40_-75", "35_-100"}
    assert widget.filters == {}


def test_lines_left_out_are_told(query: ScriptedQuery, ending: Callable[..., LiveLine]) -> None:
    """Of eight groups six are drawn, and the title says so."""
    query.give(*rows(2, *(f"{i}_0" for i in range(0, 40, 5))))
    words = ending(LiveLine(query, y="flights", by="region")).snapshot().words
    assert "Flights by region, the busiest 6 of 8 · 16 rows · running" in words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"y": "altitude"}, r"y cannot be 'altitude'; allowed: flights, mean_altitude\. Did you"),
        ({"y": "region"}, r"y cannot be 'region'; allowed: flights, mean_altitude\."),
        ({"x": "region"}, r"x cannot be 'region'; allowed: window_end, flights, mean_altitude\."),
        ({"by": "status"}, r"by cannot be 'status'; allowed: window_end, region, flights"),
        ({"status": "DELAYED"}, r"filtered by its SQL\. Put it into WHERE\."),
    ],
)
def test_wrong_columns_are_named(query: ScriptedQuery, given: dict[str, Any], words: str) -> None:
    """A column that does not fit is refused with those that do."""
    with pytest.raises(SettingError, match=words):
        LiveLine(query, **{"y": "flights", **given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"y": "speed"}, r"y cannot be 'speed'; allowed: delay, delayed, altitude, flights\."),
        ({"by": "operator"}, r"by cannot be 'operator'; allowed: region, status\."),
        ({"x": "timestamp"}, r"x cannot be 'timestamp'; of a stream, x is time"),
        ({"window_s": 1}, r"window_s cannot be 1; allowed: 10 to 86,400 seconds\."),
    ],
)
def test_wrong_measures_are_named(
    make: Callable[..., LiveLine], given: dict[str, Any], words: str
) -> None:
    """What cannot be measured is refused with what can."""
    with pytest.raises(SettingError, match=words):
        make(LiveLine, **given)


def test_lines_of_something_else_are_refused() -> None:
    """Neither a path nor a query: the line says what is expected."""
    with pytest.raises(SettingError, match="a stream's path or a query, not 5"):
        LiveLine(5)  # type: ignore[arg-type]


def test_a_snapshot_of_lines_stays(
    make: Callable[..., LiveLine], script: Script, query: ScriptedQuery, ending: Callable[..., Any]
) -> None:
    """Both kinds leave SVG and one line of words; without a row a query's lines fail."""
    script.say(*(event("snapshot", flights=[flight("A")]) for _ in range(4)))
    still = make(LiveLine, y="flights", by="status").snapshot()
    assert "Flights by status · 20" in still.words
    assert "10 reports/s" in still.svg
    lines = ending(LiveLine(query, y="flights"))
    query.become("failed", "Flink is not answering on localhost:8081.")
    with pytest.raises(StreamError, match=r"No row came\. Flink is not answering"):
        lines.snapshot(within_s=0.1)
