"""Live widgets without a browser: what they send, when they rest, how they end."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from browserlike import Sent, of_type, say, until
from scripted import Script, event, flight

from flightlib.errors import SettingError, StreamError
from flightlib.widgets import LiveBars, LiveDensity, pump
from flightlib.widgets.live_widget import LiveWidget


def test_nothing_is_sent_to_nobody(make: Callable[..., LiveWidget], sent: Sent) -> None:
    """A widget that is not displayed follows its stream and sends nothing."""
    make()
    assert sent == []


def test_hello_brings_everything(
    make: Callable[..., LiveWidget], script: Script, sent: Sent
) -> None:
    """A browser's hello is answered with scripts, ground and the whole roster; again on reload."""
    script.say(event("snapshot", flights=[flight("A"), flight("B")]))
    widget = make()
    for times in (1, 2):
        say(widget, type="hello", client="x")
        until(lambda times=times: len(of_type(sent, "setup")) == times)
        until(lambda: [m for m, _ in sent[-3:] if m.get("roster")])
        frame = next(m for m, _ in reversed(sent) if m.get("roster"))
        assert {row[1] for row in frame["roster"]} == {"A", "B"}
    setup, (plot, app, content) = of_type(sent, "setup")[0]
    assert b"LetsPlot" in gzip.decompress(plot)
    assert b"export const map" in gzip.decompress(app)
    payload = json.loads(gzip.decompress(content))
    assert payload["kind"] == "map"
    assert set(payload["specs"]) == {"dark", "light"}
    assert len(payload["data"]) == len(payload["specs"]["dark"]["layers"]) == len(payload["most"])
    assert setup["plot"] != setup["app"]


def test_every_message_says_how_fresh_the_picture_is(
    make: Callable[..., LiveWidget], script: Script, sent: Sent
) -> None:
    """Frames and heartbeats carry the stream's state, and it is the true one."""
    script.say(event("snapshot", flights=[flight("A")]))
    say(make(), type="hello")
    until(lambda: of_type(sent, "frame"))
    script.say(event("state", kafka="down", message="Kafka is not answering."))
    told = until(
        lambda: [m for m, _ in sent if m.get("freshness", {}).get("state") == "kafka down"]
    )
    assert told[0]["freshness"]["message"] == "Kafka is not answering."


def test_only_what_is_new_is_sent_as_a_frame(
    make: Callable[..., LiveWidget], script: Script, sent: Sent
) -> None:
    """While nothing changes a short word goes out instead of the same picture again."""
    script.say(event("snapshot", flights=[flight("A")]))
    say(make(), type="hello")
    until(lambda: of_type(sent, "frame"))
    frames = len(of_type(sent, "frame"))
    until(lambda: len(of_type(sent, "word")) >= 2)
    assert len(of_type(sent, "frame")) == frames


def test_a_busy_kernel_sends_unasked(
    make: Callable[..., LiveWidget],
    script: Script,
    sent: Sent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once displayed, everything goes out although no browser could be heard."""
    monkeypatch.setattr(pump, "UNASKED_AT_S", (0.05, 1.5))
    script.say(event("snapshot", flights=[flight("A")]))
    widget = make()
    widget._repr_mimebundle_()
    until(lambda: len(of_type(sent, "setup")) == 2 and of_type(sent, "frame"))


def test_a_widget_nobody_sees_lets_go_and_wakes(
    make: Callable[..., LiveWidget],
    script: Script,
    sent: Sent,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When its last view is gone the stream ends; a new view starts it again."""
    monkeypatch.setattr(pump, "UNSEEN_S", 0.1)
    monkeypatch.setattr(pump, "HEARTBEAT_S", 0.05)
    script.say(event("snapshot", flights=[flight("A")]))
    widget = make()
    say(widget, type="hello", client="x")
    say(widget, type="views", client="x", count=1)
    until(lambda: of_type(sent, "frame"))
    say(widget, type="views", client="x", count=0)
    until(lambda: not widget.stream.running and not script.listeners)
    assert len(widget.stream.flights) == 1
    script.say(event("snapshot", flights=[flight("A"), flight("B")]))
    say(widget, type="views", client="x", count=1)
    until(lambda: widget.freshness.flights == 2)


def test_closing_says_so_and_ends_every_thread(
    make: Callable[..., LiveWidget], script: Script, sent: Sent
) -> None:
    """After close the stream is over, the browser has been told, and closing again is harmless."""
    script.say(event("snapshot", flights=[flight("A")]))
    widget = make()
    say(widget, type="hello")
    until(lambda: of_type(sent, "frame"))
    widget.close()
    widget.close()
    assert not widget.stream.running
    last = sent[-1][0]["freshness"]
    assert (last["state"], last["ended"], last["flights"]) == ("disconnected", True, 1)


def test_two_widgets_of_one_question_share_a_stream(
    make: Callable[..., LiveWidget], script: Script
) -> None:
    """The same address and filters are asked once; the last widget to close ends it."""
    script.say(event("snapshot", flights=[flight("A")]))
    map_, bars, other = make(), make(LiveBars), make(LiveBars, status="DELAYED")
    assert map_.stream is bars.stream
    assert other.stream is not bars.stream
    assert len(script.asked) == 2
    map_.close()
    assert bars.stream.running
    bars.close()
    assert not bars.stream.running


def test_a_snapshot_is_a_picture_with_its_numbers(
    make: Callable[..., LiveWidget], script: Script
) -> None:
    """Both widgets leave SVG and one line of text, waiting for the first flights."""
    widgets = [make(), make(LiveBars)]
    threading.Timer(
        0.2, script.say, [event("snapshot", flights=[flight("A"), flight("B")])]
    ).start()
    for widget in widgets:
        bundle = widget.snapshot()._repr_mimebundle_()
        assert "2 flights" in bundle["text/plain"]
        assert "UTC · 10 reports/s" in bundle["text/plain"]
        assert "2 flights" in bundle["image/svg+xml"]
        assert "reports/s" in bundle["image/svg+xml"]


def test_a_snapshot_of_nothing_fails_and_says_why(
    make: Callable[..., LiveWidget], script: Script
) -> None:
    """Without flights a report must not look fine: the state's own message is raised."""
    script.say(event("state", kafka="down", message="Kafka is not answering on port 9092."))
    widget = make()
    until(lambda: widget.freshness.state == "kafka down")
    with pytest.raises(StreamError, match=r"within 0\.1 s\. Kafka is not answering on port 9092"):
        widget.snapshot(within_s=0.1)


def test_a_closed_widget_still_shows_its_last_picture(
    make: Callable[..., LiveWidget], script: Script
) -> None:
    """A snapshot after close is of the last picture, and says that it is not live."""
    script.say(event("snapshot", flights=[flight("A")]))
    widget = make()
    widget.snapshot()
    widget.close()
    assert "disconnected" in widget.snapshot().words


def test_a_notebook_keeps_only_the_small_boot_script(make: Callable[..., LiveWidget]) -> None:
    """What is saved with a notebook is a few kilobytes: no plot script, no ground, no frame."""
    state = make().get_state()
    assert len(json.dumps(state, default=str)) < 8_000


def test_text_front_ends_get_one_line(make: Callable[..., LiveWidget], script: Script) -> None:
    """Where widgets cannot be shown, the text says what the picture would."""
    script.say(event("snapshot", flights=[flight("A")]))
    widget = make()
    until(lambda: widget.freshness.flights)
    bundle = widget._repr_mimebundle_()
    bundle = bundle[0] if isinstance(bundle, tuple) else bundle
    assert "LiveMap · live · 1 flights" in bundle["text/plain"]


def test_strange_messages_from_a_browser_harm_nothing(
    make: Callable[..., LiveWidget], script: Script, sent: Sent
) -> None:
    """Unknown, empty and malformed messages are let pass."""
    widget = make()
    for message in ({}, {"type": "nonsense"}, {"type": "views", "count": "many"}, {"theme": 5}):
        say(widget, **message)
    script.say(event("snapshot", flights=[flight("A")]))
    say(widget, type="hello", theme="purple")
    until(lambda: of_type(sent, "frame"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"theme": "blue"}, "theme cannot be 'blue'; allowed: auto, dark, light"),
        ({"height": 5}, "height cannot be 5; allowed: 120 to 4,000"),
        ({"colour": "speed"}, "colour cannot be 'speed'; allowed: status, phase, region"),
        ({"markers": "planes"}, "markers cannot be 'planes'; allowed: auto, arrows, points"),
        ({"region": "moon"}, "region cannot be 'moon'; allowed: us, us-domestic, europe"),
    ],
)
def test_wrong_arguments_are_named(
    make: Callable[..., LiveWidget], given: dict[str, Any], words: str
) -> None:
    """Each argument that is not allowed is refused with what is, before anything is started."""
    with pytest.raises(SettingError, match=words):
        make(**given)


def test_wrong_filters_are_named(make: Callable[..., LiveWidget], script: Script) -> None:
    """A filter of no kind, and one the backend refuses, are raised where the widget is made."""
    with pytest.raises(StreamError, match="A filter cannot be 'colour_of_tail'"):
        make(colour_of_tail="red")
    script.refuse(422, {"detail": "status cannot be 'LATE'; allowed: ON_TIME, DELAYED."})
    with pytest.raises(StreamError, match="status cannot be 'LATE'"):
        make(status="LATE")


def test_a_density_map_counts_by_cells(
    make: Callable[..., LiveDensity], script: Script, sent: Sent
) -> None:
    """The browser gets cells, their numbers and what the colours mean, over the same ground."""
    script.say(event("snapshot", flights=[flight("A"), flight("B"), flight("C", latitude=41.5)]))
    widget = make(LiveDensity, cell=2.0)
    say(widget, type="hello")
    frame = until(lambda: [m for m, _ in of_type(sent, "frame") if m["cells"]["west"]])[-1]
    cells = frame["cells"]
    assert dict(zip(cells["south"], cells["flights"], strict=True)) == {38.0: 2, 40.0: 1}
    assert set(cells["west"]) == {-110.0}
    assert frame["labels"][-1] == "32+"
    content = json.loads(gzip.decompress(of_type(sent, "setup")[0][1][2]))
    assert (content["kind"], content["cell"]) == ("density", 2.0)
    assert set(content["tileSpecs"]) == set(content["specs"]) == {"dark", "light"}
    still = widget.snapshot()
    assert "3 flights over the United States, by cells of 2°" in still.words
    assert "flights in a cell of 2°" in still.svg


@pytest.mark.parametrize("cell", [0, 0.1, 11])
def test_a_cell_of_no_use_is_refused(make: Callable[..., LiveDensity], cell: float) -> None:
    """Cells too small or too large are named with what is allowed."""
    with pytest.raises(SettingError, match=r"cell cannot be .*; allowed: 0\.25 to 10 degrees"):
        make(LiveDensity, cell=cell)
