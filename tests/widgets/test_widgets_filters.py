"""Filters of a live widget: changed at the source, without losing the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browserlike import Sent, frames, of_type, say, until
from scripted import Script, event, flight

from flightlib.errors import StreamError
from flightlib.widgets import LiveBars, LiveMap


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
