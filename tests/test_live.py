"""Following a stream over a real socket: pictures, refusals, breaks, and clean ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pandas as pd
import pytest
from scripted import END, Script, Server, event, flight, serving

from flightlib import backend
from flightlib.errors import StreamError
from flightlib.live import COLUMNS, Picture, Stream, to_frame
from flightlib.live.picture import Link

Follow = Callable[..., Stream]


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server of scripted events."""
    with serving() as running:
        yield running


@pytest.fixture
def script(server: Server) -> Script:
    """What that server says."""
    return server.script


@pytest.fixture
def follow(script: Script) -> Iterator[Follow]:
    """Start streams on the scripted server; all are stopped after the test."""
    streams: list[Stream] = []

    def start(**given: object) -> Stream:
        streams.append(Stream(script.url, **given))
        return streams[-1].start()

    yield start
    for stream in streams:
        stream.stop()
    assert not [t for t in threading.enumerate() if t.name == "flightlib-stream"]


def reaches(stream: Stream, state: str) -> bool:
    """Wait until the stream is in a state."""
    return stream.wait_for(lambda s: s.freshness.state == state, 10)


def test_a_snapshot_then_updates_make_the_picture(script: Script, follow: Follow) -> None:
    """A snapshot sets the picture; updates change it, add to it and take the gone away."""
    script.say(event("snapshot", flights=[flight("A"), flight("B")]))
    stream = follow()
    assert stream.wait_for(lambda s: set(s.flights) == {"A", "B"}, 10)
    script.say(event("update", flights=[flight("A", altitude=100), flight("C")], gone=["B"]))
    assert stream.wait_for(lambda s: set(s.flights) == {"A", "C"}, 10)
    assert stream.flights["A"]["altitude"] == 100
    script.say(event("snapshot", flights=[flight("D")]))
    assert stream.wait_for(lambda s: set(s.flights) == {"D"}, 10)


def test_a_picture_once_read_never_changes(script: Script, follow: Follow) -> None:
    """Whoever holds a picture may go through it while the stream goes on."""
    script.say(event("snapshot", flights=[flight("A")]))
    stream = follow()
    assert stream.wait_for(lambda s: bool(s.flights), 10)
    held = stream.flights
    script.say(event("update", gone=["A"], flights=[flight("B")]))
    assert stream.wait_for(lambda s: "B" in s.flights, 10)
    assert set(held) == {"A"}


def test_the_age_goes_on_counting_between_events() -> None:
    """Age is now minus the newest report, whenever it is asked."""
    picture = Picture().after("snapshot", {"flights": [flight()], "newest_ms": 1_000}, 1_500)
    link = Link("live", "", 900)
    assert picture.freshness(link, 10, 2_000).age_s == 1.0
    assert picture.freshness(link, 10, 4_500).age_s == 3.5


def test_nothing_for_long_is_called_silence_and_counts_no_reports() -> None:
    """Past the quiet time a connected stream is silent, and its old rate is not repeated."""
    picture = Picture().after(
        "snapshot", {"flights": [flight()], "newest_ms": 1_000, "reports_per_s": 9.0}, 1_000
    )
    link = Link("live", "", 0)
    assert picture.freshness(link, 10, 9_000).state == "live"
    late = picture.freshness(link, 10, 12_000)
    assert (late.state, late.reports_per_s, late.since_ms) == ("silent", 0.0, 1_000)
    assert late.flights == 1


def test_an_empty_sky_is_silent_and_says_what_to_look_for() -> None:
    """Connected without a single flight, the stream asks for the publisher."""
    told = Picture().after("snapshot", {"flights": []}, 1).freshness(Link("live", "", 0), 10, 2)
    assert told.state == "silent"
    assert "publisher" in told.message


def test_an_empty_filtered_sky_names_the_filter() -> None:
    """Where nothing passes the filter, that is said before a publisher is looked for."""
    picture = Picture().after("snapshot", {"flights": []}, 1)
    for now_ms in (2, 60_000):
        told = picture.freshness(Link("live", "", 0), 10, now_ms, filtered=True)
        assert (told.state, told.message) == (
            "silent",
            "No flight passes the filter, or nobody publishes.",
        )


def test_kafka_down_is_told_and_ends(script: Script, follow: Follow) -> None:
    """The backend's word on Kafka becomes the state; the flights stay; up again is live again."""
    script.say(event("state", kafka="up", message=""), event("snapshot", flights=[flight()]))
    stream = follow()
    assert reaches(stream, "live")
    script.say(event("state", kafka="down", message="Kafka is not answering."))
    assert reaches(stream, "kafka down")
    told = stream.freshness
    assert (told.flights, told.message) == (1, "Kafka is not answering.")
    script.say(event("state", kafka="up", message=""))
    assert reaches(stream, "live")


def test_a_broken_stream_goes_on_where_it_was(script: Script, follow: Follow) -> None:
    """After a break the stream comes back with the last id it heard."""
    script.say(event("snapshot", "g-7", flights=[flight("A")]), END)
    stream = follow()
    assert stream.wait_for(lambda _: len(script.asked) == 2, 10)
    assert [last for _, last in script.asked] == [None, "g-7"]
    script.say(event("update", "g-8", flights=[flight("B")]))
    assert stream.wait_for(lambda s: set(s.flights) == {"A", "B"}, 10)


def test_a_backend_that_stops_is_reported_and_found_again(
    server: Server, script: Script, follow: Follow
) -> None:
    """Down, the stream says so and keeps the picture; up again, it is live without being asked."""
    script.say(event("snapshot", flights=[flight()]))
    stream = follow()
    assert reaches(stream, "live")
    server.stop()
    assert reaches(stream, "disconnected")
    assert stream.freshness.flights == 1
    assert stream.wait_for(lambda s: "not answering" in s.freshness.message, 10)
    server.start()
    script.say(event("snapshot", flights=[flight(), flight("B")]))
    assert reaches(stream, "live")
    assert len(stream.flights) == 2


def test_nobody_there_is_no_error_but_a_state(server: Server, script: Script) -> None:
    """A backend that does not answer yet makes a stream that says so and keeps trying."""
    server.stop()
    stream = Stream(script.url).start()
    try:
        assert stream.freshness.state == "disconnected"
        assert str(server.port) in stream.freshness.message
    finally:
        stream.stop()


@pytest.mark.parametrize(
    ("detail", "words"),
    [
        ("every cannot be '9'; allowed: a number from 0.25 to 5.", ["every", "9", "0.25"]),
        ([{"loc": ["query", "bbox"], "msg": "must have four", "input": "1"}], ["bbox", "four"]),
    ],
)
def test_a_refused_parameter_is_named_at_start(
    script: Script, follow: Follow, detail: object, words: list[str]
) -> None:
    """What the backend finds wrong with the question is raised at once, in its words."""
    script.refuse(422, {"detail": detail})
    with pytest.raises(StreamError) as caught:
        follow()
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


def test_an_address_that_is_no_stream_is_refused(script: Script, follow: Follow) -> None:
    """A missing page is named with its address."""
    script.refuse(404, {"detail": "Not Found"})
    with pytest.raises(StreamError, match=r"/flights/sse answers 404: there is no such stream"):
        follow()


def test_a_full_backend_is_asked_again_when_it_said(script: Script, follow: Follow) -> None:
    """503 with Retry-After: the stream waits as long as told, says so, and then is live."""
    script.refuse(503, {"detail": "full"}, Retry_After="1")
    script.say(event("snapshot", flights=[flight()]))
    stream = follow()
    assert "trying again in 1 s" in stream.freshness.message
    assert reaches(stream, "live")


def test_what_is_no_picture_breaks_the_connection_not_the_stream(
    script: Script, follow: Follow
) -> None:
    """Garbage from a server is reported in one line, and the next good snapshot is taken."""
    script.say("event: snapshot\ndata: {not json\n\n", END)
    stream = follow()
    assert stream.wait_for(lambda s: "not understood" in s.freshness.message, 10)
    script.say(event("snapshot", flights=[flight()]))
    assert reaches(stream, "live")


def test_every_filter_reaches_the_backend(script: Script, follow: Follow) -> None:
    """Filters travel as the backend's own parameters; those not given do not travel."""
    follow(every=0.5, bbox=(-10, 40, 5, 50.5), status=["DELAYED"], delayed=True, region=None)
    path = script.asked[0][0]
    assert "every=0.5" in path
    assert "bbox=-10%2C40%2C5%2C50.5" in path
    assert "status=DELAYED" in path
    assert "delayed=true" in path
    assert "region" not in path


def test_an_unknown_filter_is_refused_with_the_known_ones() -> None:
    """A misspelt filter is not silently dropped."""
    with pytest.raises(StreamError, match=r"'statuss'; allowed: bbox, status.*Did you mean"):
        Stream("/flights/sse", statuss="DELAYED")


@pytest.mark.parametrize("url", ["flights/sse", "ftp://x/y", ""])
def test_an_address_of_no_kind_is_refused(url: str) -> None:
    """What is neither a path nor a web address is named."""
    with pytest.raises(StreamError, match="expected a path"):
        Stream(url).start()


def test_a_path_without_a_backend_says_what_to_type() -> None:
    """A bare path needs this process's backend, and the error says how to start it."""
    backend.stop()
    with pytest.raises(StreamError, match=r"Run `%load_ext flightlib` first"):
        Stream("/flights/sse").start()


def test_starting_and_stopping_twice_is_harmless(script: Script, follow: Follow) -> None:
    """One stream is one connection, however often it is started; after stop it starts anew."""
    script.say(event("snapshot", flights=[flight()]))
    stream = follow()
    assert reaches(stream, "live")
    assert stream.start() is stream
    assert len(script.asked) == 1
    stream.stop()
    stream.stop()
    assert (stream.freshness.state, stream.running) == ("disconnected", False)
    stream.start()
    assert stream.wait_for(lambda _: len(script.asked) == 2, 10)


def test_listeners_hear_every_event_until_they_leave(
    script: Script, follow: Follow, caplog: pytest.LogCaptureFixture
) -> None:
    """A listener is called after each event; one that fails is logged and harms nobody."""
    stream = follow()
    heard: list[int] = []
    forget = stream.on_change(lambda s: heard.append(len(s.flights)))
    stream.on_change(lambda _: 1 / 0)
    with caplog.at_level(logging.CRITICAL + 1):
        script.say(event("snapshot", flights=[flight()]))
        assert stream.wait_for(lambda _: heard[-1:] == [1], 10)
        forget()
        script.say(event("snapshot", flights=[flight(), flight("B")]))
        assert stream.wait_for(lambda s: len(s.flights) == 2, 10)
    assert 2 not in heard


def test_a_table_of_flights_has_times_and_all_columns() -> None:
    """The table has a row per flight, the stream's columns, and UTC times."""
    table = to_frame({"A": flight("A", timestamp=1_700_000_000_000), "B": flight("B")})
    assert list(table.columns) == COLUMNS
    assert table["timestamp"][0] == pd.Timestamp("2023-11-14T22:13:20Z")
    assert to_frame({}).empty
