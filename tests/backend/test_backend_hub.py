"""The hub: newest state of each flight, and a client that always ends up with the same picture."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flightlib.backend.channel import Channel
from flightlib.backend.filters import Filter
from flightlib.backend.group import Group
from flightlib.backend.hub import SILENT_MS, Hub, View, picture, take
from flightlib.errors import RecordError
from flightlib.kafka import Received

T = 1_700_000_000_000


def report(flight: str = "A", at_ms: int = T, **given: Any) -> dict[str, Any]:
    """A decoded report of a flight."""
    plain = {"flight_id": flight, "timestamp": at_ms, "latitude": 40.5, "longitude": -74.5}
    return {**plain, "altitude": 30000, "status": "ON_TIME", **given}


def encode(name: str, seq: int, flights: Iterable[dict[str, Any]], gone: list[str]) -> bytes:
    """Encode a frame so that a test can read it."""
    return json.dumps([name, seq, list(flights), gone]).encode()


def test_a_late_report_never_moves_a_flight_back() -> None:
    """An older timestamp changes nothing, and an equal one is no news either."""
    hub = Hub()
    take(hub, [(report(at_ms=T + 5000, altitude=31000), T + 5000)])
    seq = hub.seq
    take(hub, [(report(at_ms=T, altitude=30000), T + 6000)])
    take(hub, [(report(at_ms=T + 5000, altitude=29000), T + 6000)])
    assert hub.entries["A"].flight["altitude"] == 31000
    assert (hub.seq, hub.newest_ms) == (seq, T + 5000)


def test_a_flight_is_gone_after_a_minute_of_silence() -> None:
    """Silence is counted from the last report received, a late one included."""
    hub = Hub()
    take(hub, [(report("A"), T), (report("B"), T)])
    take(hub, [(report("B", T - 1000), T + 10_000)])
    assert hub.sweep(T + SILENT_MS - 1) == 0
    assert hub.sweep(T + SILENT_MS) == 1
    assert list(hub.entries) == ["B"]
    assert hub.sweep(T + SILENT_MS + 10_000) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"flight_id": None},
        {"flight_id": ""},
        {"flight_id": 7},
        {"timestamp": None},
        {"timestamp": 1.5},
        {"latitude": None},
        {"latitude": float("nan")},
        {"latitude": 91.0},
        {"longitude": float("inf")},
        {"longitude": "-74"},
        {"altitude": "high"},
        {"operator": b"\xff"},
        {"timestamp": T + 301_000},
    ],
)
def test_a_report_that_cannot_be_shown_is_refused_alone(wrong: dict[str, Any]) -> None:
    """What no map could show is refused with a reason; the reports around it are taken."""
    hub = Hub()
    refused = take(hub, [(report("B"), T), ({**report(), **wrong}, T), (report("C"), T)])
    assert list(hub.entries) == ["B", "C"]
    assert len(refused) == 1


def test_a_picture_has_every_key_and_its_region() -> None:
    """A sparse report still gives all keys; the region is the report's own or its cell's."""
    flight = picture(report())
    assert flight["region"] == "40_-75"
    assert flight["callsign"] is None
    assert len(flight) == 20
    assert picture(report(region="45_-80"))["region"] == "45_-80"
    with pytest.raises(RecordError, match="position"):
        picture(report(latitude=None))


class Client:
    """Applies events as a browser would, and forgets nothing it was not told to."""

    def __init__(self, group: Group) -> None:
        self.group, self.picture, self.seq = group, {}, 0
        self.read(group.resume(None))

    def read(self, frame: Any) -> None:
        """Apply one frame."""
        self.seq = frame.seq
        if frame.data:
            name, _, flights, gone = json.loads(frame.data)
            if name == "snapshot":
                self.picture = {}
            self.picture.update({f["flight_id"]: f for f in flights})
            for flight_id in gone:
                self.picture.pop(flight_id, None)

    def listen(self) -> None:
        """Read what the group has for this client, if anything."""
        while frame := self.group.next_for(self.seq):
            self.read(frame)

    def come_back(self) -> None:
        """Reconnect with the last event's id."""
        self.read(self.group.resume(self.seq))


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("report"),
            st.sampled_from("ABCDE"),
            st.integers(-20, 20),
            st.sampled_from([20_000, 36_000]),
        ),
        st.tuples(st.just("time"), st.integers(1, 70)),
        st.tuples(st.just("frame"), st.lists(st.booleans(), min_size=3, max_size=3)),
        st.tuples(st.just("back"), st.integers(0, 2)),
        st.tuples(st.just("join"), st.integers(0, 2)),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_a_client_always_ends_with_the_hubs_own_picture(steps: list[tuple[Any, ...]]) -> None:
    """Frames read or missed, reconnects, late reports, silence: the picture is right each time."""
    hub, now = Hub(), T
    chosen = Filter(min_altitude=35_000)
    group = Group(View(hub, chosen), 1.0, encode)
    clients = [Client(group) for _ in range(3)]
    for step in [*steps, ("frame", [True] * 3)]:
        if step[0] == "report":
            take(hub, [(report(step[1], now + step[2] * 1000, altitude=step[3]), now)])
        elif step[0] == "time":
            now += step[1] * 1000
            hub.sweep(now)
        elif step[0] == "back":
            clients[step[1]].come_back()
        elif step[0] == "join":
            clients[step[1]] = Client(group)
        else:
            group.advance()
            for client in (c for c, reads in zip(clients, step[1], strict=True) if reads):
                client.listen()
    wanted = {i: e.flight for i, e in hub.entries.items() if chosen.lets_through(e.flight)}
    assert [c.picture for c in clients] == [wanted] * 3


@settings(max_examples=200, deadline=None)
@given(STEPS, st.data())
def test_since_tells_all_that_changed_after_any_moment(
    steps: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    """From any number on, what `since` tells turns the view of then into the view of now."""
    hub, now = Hub(), T
    chosen = Filter(min_altitude=35_000)
    view = View(hub, chosen)
    then = {0: {}}
    for step in steps:
        if step[0] == "report":
            take(hub, [(report(step[1], now + step[2] * 1000, altitude=step[3]), now)])
        elif step[0] == "time":
            now += step[1] * 1000
            hub.sweep(now)
        else:
            view.catch_up()
            then[view.seq] = {f["flight_id"]: f for f in view.flights()}
    view.catch_up()
    seq = data.draw(st.sampled_from(sorted(then)))
    flights, gone = view.since(seq)
    merged = {**then[seq], **{f["flight_id"]: f for f in flights}}
    for flight_id in gone:
        merged.pop(flight_id, None)
    assert merged == {f["flight_id"]: f for f in view.flights()}
    assert not set(gone) & {f["flight_id"] for f in flights}


def test_a_frame_is_encoded_once_for_a_hundred_clients() -> None:
    """The number of encodings does not depend on the number of clients."""
    hub, encoded = Hub(), []

    def counting(name: str, *rest: Any) -> bytes:
        encoded.append(name)
        return encode(name, *rest)

    group = Group(View(hub, Filter()), 1.0, counting)
    clients = [Client(group) for _ in range(100)]
    for second in range(5):
        take(hub, [(report(n, T + second * 1000), T) for n in "ABC"])
        assert group.advance()
        for client in clients:
            client.listen()
    assert encoded == ["snapshot"] + ["update"] * 5


def test_a_slow_client_gets_one_snapshot_not_what_it_missed() -> None:
    """A client that missed frames is brought up to date by a single event, shared by the slow."""
    hub, encoded = Hub(), []

    def counting(name: str, *rest: Any) -> bytes:
        encoded.append(name)
        return encode(name, *rest)

    group = Group(View(hub, Filter()), 1.0, counting)
    slow = [Client(group), Client(group)]
    for second in range(10):
        take(hub, [(report("A", T + second * 1000), T)])
        group.advance()
    for client in slow:
        frame = group.next_for(client.seq)
        assert frame is not None
        assert json.loads(frame.data)[0] == "snapshot"
        client.listen()
        assert client.picture["A"]["timestamp"] == T + 9000
        assert group.next_for(client.seq) is None
    assert encoded.count("snapshot") == 2


def test_nothing_to_say_makes_no_frame() -> None:
    """No news, or news of flights that nobody asked for, is silence."""
    hub = Hub()
    group = Group(View(hub, Filter(min_altitude=35_000)), 1.0, encode)
    assert not group.advance()
    take(hub, [(report("A", altitude=20_000), T)])
    assert not group.advance()
    take(hub, [(report("A", T + 1, altitude=36_000), T)])
    assert group.advance()


def test_a_flight_that_leaves_the_filter_is_gone() -> None:
    """Below the asked altitude a flight is told as gone, once, and may come again."""
    hub = Hub()
    group = Group(View(hub, Filter(min_altitude=35_000)), 1.0, encode)
    told = []
    for second, altitude in enumerate([36_000, 20_000, 19_000, 37_000]):
        take(hub, [(report("A", T + second * 1000, altitude=altitude), T)])
        if group.advance():
            _, _, flights, gone = json.loads(group.frame.data)
            told.append((len(flights), gone))
    assert told == [(1, []), (0, ["A"]), (1, [])]


def test_a_number_too_old_or_from_elsewhere_gives_the_snapshot() -> None:
    """Coming back with a number before the view's memory, or after its present, starts over."""
    hub = Hub()
    take(hub, [(report(n), T) for n in "ABC"])
    group = Group(View(hub, Filter()), 1.0, encode)
    for seq in (0, 2, 99, None):
        assert json.loads(group.resume(seq).data)[0] == "snapshot"
    assert group.resume(3).data == b""


def test_memory_of_departures_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When more left than the hub remembers, views start over instead of missing a departure."""
    monkeypatch.setattr("flightlib.backend.hub.REMEMBER", 3)
    hub = Hub()
    group = Group(View(hub, Filter()), 1.0, encode)
    client = Client(group)
    for n in range(20):
        take(hub, [(report(f"F{n}"), T + n)])
        if n == 10:
            group.advance()
            client.listen()
            assert len(client.picture) == 11
    hub.sweep(T + SILENT_MS + 15)
    group.advance()
    client.listen()
    assert set(client.picture) == set(hub.entries) == {"F16", "F17", "F18", "F19"}


def test_a_start_that_sends_seconds_at_once_is_no_flood() -> None:
    """Reports that come together count in the seconds they tell of; a report of no time counts."""
    channel = Channel("flights", lambda *_: None, clock=lambda: T + 3000)
    come = [Received(report(f"F{n}", T + n * 10), T + 2999) for n in range(300)]
    channel._deliver(come)
    assert channel.per_s == 100.0
    channel._deliver([Received(report(timestamp=None), T + 2999)])
    assert channel.per_s == pytest.approx(100.3, abs=0.1)
