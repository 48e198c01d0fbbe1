"""Filters of a live widget: changed at the source, without losing the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browserlike import Sent, frames, of_type, say, until
from scripted import Script, event, flight

from flightlib.errors import SettingError, StreamError
from flightlib.widgets import Filters, LiveBars, LiveMap


def greet(path: str) -> str:
    """Two flights for those who want all, one for those who want the delayed."""
    late = flight("LATE", status="DELAYED")
    some = [late] if "status=DELAYED" in path else [late, flight("A")]
    return event("snapshot", flights=some)


@pytest.fixture
def watched(make: Callable[..., LiveMap], script: Script, sent: Sent) -> LiveMap:
    """A map that a browser shows, with two flights on it."""
    script.greeting = greet
    widget = make()
    say(widget, type="hello")
    until(lambda: [m for m in frames(sent) if m["rows"] == 2])
    return widget


def test_a_filter_is_changed_at_the_source(watched: LiveMap, script: Script, sent: Sent) -> None:
    """The backend is asked anew, the old connection ends, and the browser gets the new flights."""
    watched.filter(status="DELAYED")
    until(lambda: frames(sent)[-1]["rows"] == 1)
    assert "status=DELAYED" in script.asked[-1][0]
    assert watched.filters == {"status": "DELAYED"}
    until(lambda: script.listeners == 1)
    watched.filter()
    until(lambda: frames(sent)[-1]["rows"] == 2)


def test_a_changed_filter_shows_no_empty_picture_and_no_new_map(
    watched: LiveMap, sent: Sent
) -> None:
    """Between the old picture and the new one nothing else is sent: no blank, no set-up."""
    setups = len(of_type(sent, "setup"))
    for status in ("DELAYED", None, "DELAYED"):
        watched.filter(status=status)
        rows = 1 if status else 2
        until(lambda rows=rows: frames(sent)[-1]["rows"] == rows)
    assert 0 not in [message["rows"] for message in frames(sent)]
    assert len(of_type(sent, "setup")) == setups


def test_later_events_come_from_the_new_stream(
    watched: LiveMap, script: Script, sent: Sent
) -> None:
    """What the new stream tells afterwards is drawn as before."""
    watched.filter(status="DELAYED")
    until(lambda: script.listeners == 1)
    script.say(event("update", flights=[flight("B", status="DELAYED")]))
    until(lambda: watched.freshness.flights == 2 and frames(sent)[-1]["rows"] == 2)


@pytest.mark.parametrize("given", [{"status": "LATE"}, {"tail": "red"}])
def test_a_wrong_filter_leaves_the_old_one(
    watched: LiveMap, script: Script, given: dict[str, Any]
) -> None:
    """A refused filter raises, and the widget goes on with what it had."""
    if "status" in given:
        script.refuse(422, {"detail": "status cannot be 'LATE'; allowed: ON_TIME, DELAYED."})
    before = watched.stream
    with pytest.raises(StreamError, match=r"cannot be '(LATE|tail)'"):
        watched.filter(**given)
    assert watched.stream is before
    assert watched.filters == {}
    assert watched.stream.running


def test_widgets_that_are_filtered_alike_share_a_stream(
    make: Callable[..., Any], script: Script
) -> None:
    """Two widgets given the same filter follow one connection again."""
    script.greeting = greet
    both = [make(), make(LiveBars)]
    for widget in both:
        widget.filter(status="DELAYED")
    assert both[0].stream is both[1].stream
    until(lambda: script.listeners == 1)
    assert len(script.asked) == 2


def test_a_closed_widget_takes_no_filter(make: Callable[..., LiveMap]) -> None:
    """After close a filter is refused in one line."""
    widget = make()
    widget.close()
    with pytest.raises(StreamError, match="This widget is closed"):
        widget.filter(status="DELAYED")


@pytest.fixture
def box(make: Callable[..., Any], script: Script) -> Filters:
    """Controls over a map and bars, which share a stream."""
    script.greeting = greet
    return Filters(make(bbox="-125,24,-66,50"), make(LiveBars, bbox="-125,24,-66,50"))


def test_controls_change_the_filter_of_every_widget(box: Filters, script: Script) -> None:
    """What the controls say is asked at the source; a widget's other filters stay."""
    box.controls.statuses["DELAYED"].value = True
    box.controls.altitude.value = (10_000, 35_000)
    box.controls.region.value = "40_-75 , 35_-100"
    box.controls.more["delayed"].widget.value = "only delayed"
    expected = {
        "bbox": "-125,24,-66,50",
        "status": ["DELAYED"],
        "region": ["40_-75", "35_-100"],
        "min_altitude": 10_000,
        "max_altitude": 35_000,
        "delayed": True,
    }
    assert [widget.filters for widget in box.steered] == [expected, expected]
    assert "status=DELAYED" in box.note.value
    for part in ("region=40_-75", "region=35_-100", "min_altitude=10000", "delayed=true"):
        assert part in script.asked[-1][0]


def test_controls_at_rest_let_everything_through(box: Filters, script: Script) -> None:
    """After Show all the widgets have the filters they began with, asked for once."""
    box.controls.statuses["DELAYED"].value = True
    box.controls.region.value = "40_-75"
    asked = len(script.asked)
    box.controls.reset.click()
    assert [widget.filters for widget in box.steered] == [{"bbox": "-125,24,-66,50"}] * 2
    assert len(script.asked) == asked + 1
    assert box.note.value == "Every flight is shown."
    assert box.controls.chosen() == {}


def test_a_wrong_value_is_told_beside_the_controls(box: Filters, script: Script) -> None:
    """The refusal stands in one line, nothing is raised, and every widget keeps its filter."""
    box.controls.statuses["DELAYED"].value = True
    before = [widget.filters for widget in box.steered]
    script.refuse(422, {"detail": "region cannot be '41_-75'; allowed: a corner."})
    box.controls.region.value = "41_-75"
    assert box.note.value == (
        "region cannot be '41_-75'; allowed: a corner. The filter stays as it was."
    )
    assert [widget.filters for widget in box.steered] == before
    box.controls.region.value = "40_-75"
    assert "region=40_-75" in box.note.value


def test_when_one_widget_refuses_the_others_go_back(box: Filters, script: Script) -> None:
    """All widgets show the same flights, also after a refusal half way."""
    box.steered[1].close()
    box.controls.statuses["DELAYED"].value = True
    assert "This widget is closed" in box.note.value
    assert box.steered[0].filters == {"bbox": "-125,24,-66,50"}


def test_controls_begin_with_the_filters_there_are(make: Callable[..., Any]) -> None:
    """A map that is filtered already is shown so by its controls."""
    given = {"status": "DELAYED,DIVERTED", "min_altitude": 20_000, "delayed": False}
    controls = Filters(make(**given)).controls
    assert controls.chosen() == {**given, "status": ["DELAYED", "DIVERTED"]}


def test_displaying_the_controls_shows_the_widgets(box: Filters, sent: Sent) -> None:
    """The widgets below the controls are sent everything, as if each were shown by itself."""
    bundle = box._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "application/vnd.jupyter.widget-view+json" in bundle
    until(lambda: len(of_type(sent, "setup")) >= 2)


@pytest.mark.parametrize("wrong", [(), ("/flights/sse",), (5,)])
def test_what_has_no_filter_is_refused(wrong: tuple[Any, ...]) -> None:
    """Controls over nothing, or over what is no live widget, are named."""
    with pytest.raises(SettingError, match="A filter steers"):
        Filters(*wrong)
