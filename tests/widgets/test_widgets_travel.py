"""Time travel: the map as of a chosen snapshot, while the list of snapshots goes on growing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from browserlike import Sent, frames, of_type, say, until
from scripted_answers import ScriptedLake

from flightlib.errors import SettingError, StreamError
from flightlib.lake import Snapshot
from flightlib.records import STATUSES
from flightlib.widgets import TimeTravel
from flightlib.widgets.frames import unpack
from flightlib.widgets.moments import Moments
from flightlib.widgets.positions import flights_of


class Ending:
    """A widget of several parts, as the fixture that closes widgets sees it."""

    def __init__(self, travel: TimeTravel) -> None:
        self.close = travel.close


@pytest.fixture
def make(lake: ScriptedLake, ending: Callable[..., Any]) -> Callable[..., TimeTravel]:
    """Make time travel on the scripted lake, shown in a browser."""

    def create(**given: Any) -> TimeTravel:
        travel = TimeTravel(url=lake.url, **given)
        ending(Ending(travel))
        say(travel.map, type="hello")
        return travel

    return create


@pytest.fixture
def travel(make: Callable[..., TimeTravel], sent: Sent) -> TimeTravel:
    """Time travel whose first map is drawn."""
    made = make()
    until(lambda: frames(sent))
    return made


def told(sent: Sent) -> dict[str, Any]:
    """What the newest message says of the snapshot."""
    freshness: dict[str, Any] = sent[-1][0].get("freshness", {}) if sent else {}
    return freshness


def shows(sent: Sent, snapshot_id: int | None) -> bool:
    """Whether the newest message is of a snapshot."""
    return str(told(sent).get("snapshot")).endswith(str(snapshot_id)[-4:])


def longitude(sent: Sent) -> float:
    """Where the first flight of the newest frame is."""
    return float(unpack(of_type(sent, "frame")[-1][1][0])["longitude"][0])


def asked_of(lake: ScriptedLake) -> list[str]:
    """The snapshots that positions were asked of, in order."""
    return [one.params["snapshot"][0] for one in lake.of("/flights/positions")]


def at(number: int) -> Snapshot:
    """One snapshot."""
    return Snapshot(number, number * 1000, "append", 10, 10 * number, 2, None)


def test_it_begins_with_the_newest_and_follows_it(
    travel: TimeTravel, lake: ScriptedLake, sent: Sent
) -> None:
    """The map is that of the newest commit, the slider is at its right end, and both go on."""
    newest = lake.commits[-1].snapshot_id
    assert (travel.chosen, travel.slider.value, travel.slider.max) == (newest, 2, 2)
    assert shows(sent, newest)
    assert "300 rows · newest of 3" in travel.label.value
    later = lake.commit()
    until(lambda: shows(sent, later))
    assert (travel.chosen, travel.slider.value, travel.slider.max) == (later, 3, 3)


def test_the_slider_moves_the_map(travel: TimeTravel, lake: ScriptedLake, sent: Sent) -> None:
    """A place on the slider is a snapshot: its flights are where they were then."""
    newest = longitude(sent)
    travel.slider.value = 0
    until(lambda: shows(sent, lake.commits[0].snapshot_id))
    assert longitude(sent) == pytest.approx(newest - 0.2, abs=1e-4)
    assert travel.chosen == lake.commits[0].snapshot_id
    assert "100 rows · 1 of 3" in travel.label.value
    assert told(sent)["rows"] == 40


def test_commits_leave_the_chosen_snapshot_chosen(
    travel: TimeTravel, lake: ScriptedLake, sent: Sent
) -> None:
    """The slider grows on its right, and neither the choice nor the picture changes."""
    travel.choose(lake.commits[1].snapshot_id)
    until(lambda: shows(sent, lake.commits[1].snapshot_id))
    drawn, asked = len(frames(sent)), len(asked_of(lake))
    for _ in range(4):
        lake.commit()
    until(lambda: travel.slider.max == 6)
    assert (travel.slider.value, travel.chosen) == (1, lake.commits[1].snapshot_id)
    time.sleep(1.2)
    assert (len(frames(sent)), len(asked_of(lake))) == (drawn, asked)


def test_the_button_goes_to_the_newest(travel: TimeTravel, lake: ScriptedLake, sent: Sent) -> None:
    """Pressed, it follows the newest again, whatever was chosen."""
    travel.slider.value = 0
    until(lambda: shows(sent, lake.commits[0].snapshot_id))
    travel.button.click()
    until(lambda: shows(sent, lake.commits[-1].snapshot_id))
    later = lake.commit()
    until(lambda: travel.chosen == later and travel.slider.value == 3)


def test_a_slider_under_a_hand_keeps_its_length(travel: TimeTravel, lake: ScriptedLake) -> None:
    """While it is being moved a commit does not change what its places mean; afterwards it does."""
    travel.slider.value = 0
    lake.commit()
    until(lambda: len(travel._moments.snapshots) == 4)
    assert travel.slider.max == 2
    travel.slider.value = 1
    assert travel.chosen == lake.commits[1].snapshot_id
    until(lambda: time.monotonic() - travel._touched_s > 1.5)
    lake.commit()
    until(lambda: travel.slider.max == 4)
    assert travel.slider.value == 1


def test_a_quick_hand_does_not_queue_questions(
    travel: TimeTravel, lake: ScriptedLake, sent: Sent
) -> None:
    """While an answer is under way, only the choice that was made last is asked next."""
    for _ in range(20):
        lake.commit()
    until(lambda: travel.slider.max == 22 and shows(sent, lake.commits[-1].snapshot_id))
    asked = len(asked_of(lake))
    lake.doors.clear()
    lake.most_inside = 0
    for place in range(20, 0, -1):
        travel.slider.value = place
        time.sleep(0.01)
    until(lambda: lake.inside == 1)
    lake.doors.set()
    until(lambda: shows(sent, lake.commits[1].snapshot_id))
    assert lake.most_inside == 1
    assert len(asked_of(lake)) - asked <= 3


def test_a_snapshot_is_asked_once(travel: TimeTravel, lake: ScriptedLake, sent: Sent) -> None:
    """What a snapshot holds never changes: it is not asked again while it is shown."""
    until(lambda: shows(sent, lake.commits[-1].snapshot_id))
    time.sleep(1.5)
    assert len(asked_of(lake)) == 1
    assert travel.chosen == lake.commits[-1].snapshot_id


def test_an_expired_snapshot_is_told_and_the_slider_goes_on(
    travel: TimeTravel, lake: ScriptedLake, sent: Sent
) -> None:
    """The picture stays, the label says what happened, and others can be chosen."""
    lake.commit()
    until(lambda: len(travel._moments.snapshots) == 4)
    travel.choose(lake.commits[0].snapshot_id)
    until(lambda: shows(sent, lake.commits[0].snapshot_id))
    gone, lake.commits = lake.commits[0], lake.commits[2:]
    until(lambda: "snapshot 7918…0001 has expired" in travel.label.value)
    assert (travel.chosen, travel.slider.max) == (gone.snapshot_id, 1)
    assert shows(sent, gone.snapshot_id)
    travel.slider.value = 1
    until(lambda: shows(sent, lake.commits[1].snapshot_id))


def test_a_snapshot_that_expires_before_the_answer_is_told_once(
    travel: TimeTravel, lake: ScriptedLake, sent: Sent
) -> None:
    """The backend's line is shown beside the last picture, and it is not asked again and again."""
    lake.refuse = lambda one: "the table has no such one." if "0001" in str(one.params) else ""
    travel.slider.value = 0
    until(lambda: told(sent)["message"] == "the table has no such one.")
    asked = len(asked_of(lake))
    time.sleep(1.5)
    assert len(asked_of(lake)) == asked
    travel.slider.value = 1
    until(lambda: shows(sent, lake.commits[1].snapshot_id) and not told(sent)["message"])


def test_engines_that_are_down_are_told_and_come_back(
    travel: TimeTravel, lake: ScriptedLake, sent: Sent
) -> None:
    """Trino's trouble stands in the line, the catalog's beside the slider; the map stays."""
    drawn = len(frames(sent))
    lake.trouble = (503, {"detail": "Trino is not answering on localhost:1."})
    travel.slider.value = 0
    until(lambda: told(sent)["message"] == "Trino is not answering on localhost:1.")
    assert len(frames(sent)) == drawn
    lake.trouble = None
    until(lambda: shows(sent, lake.commits[0].snapshot_id))
    lake.stop()
    until(lambda: "The Iceberg catalog is not answering" in travel.label.value)
    lake.start()
    until(lambda: "100 rows · 1 of 3" in travel.label.value)


def test_choosing_what_the_table_does_not_have_is_refused(
    travel: TimeTravel, lake: ScriptedLake
) -> None:
    """The number and those there are stand in one line, and the choice stays."""
    have = "there are 3, from 7918000000000000001 to 7918000000000000003"
    with pytest.raises(SettingError, match=rf"snapshot_id cannot be 5; .*{have}"):
        travel.choose(5)
    assert travel.chosen == lake.commits[-1].snapshot_id


def test_a_snapshot_of_the_map_stays(travel: TimeTravel, lake: ScriptedLake) -> None:
    """It is of the chosen snapshot, as SVG with its numbers, and in words."""
    travel.choose(lake.commits[0].snapshot_id)
    bundle = travel.snapshot()._repr_mimebundle_()
    for text in bundle.values():
        assert "40 flights over the United States as of" in text
        assert "snapshot 7918…0001" in text
    assert bundle["image/svg+xml"].startswith("<svg")


def test_a_snapshot_of_nothing_says_why(make: Callable[..., Any], lake: ScriptedLake) -> None:
    """Without an answer a report must not look fine."""
    lake.trouble = (503, {"detail": "Trino is not answering on localhost:1."})
    with pytest.raises(StreamError, match=r"within 0\.5 s\. Trino is not answering"):
        make().snapshot(within_s=0.5)


def test_closed_it_asks_no_more(travel: TimeTravel, lake: ScriptedLake, sent: Sent) -> None:
    """After close a commit changes nothing, and the line says that it is closed."""
    travel.close()
    asked = len(lake.asked)
    lake.commit()
    time.sleep(1.2)
    assert len(lake.asked) == asked
    assert len(travel._moments.snapshots) == 3
    assert told(sent)["message"] == "Closed"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"table": "region_stats"}, "table cannot be 'region_stats'; allowed: flight_data"),
        ({"region": "mars"}, "region cannot be 'mars'"),
        ({"theme": "red"}, "theme cannot be 'red'"),
    ],
)
def test_a_wrong_argument_is_refused(lake: ScriptedLake, given: dict[str, Any], words: str) -> None:
    """What was given and what is allowed stand in one line."""
    with pytest.raises(SettingError, match=words):
        TimeTravel(url=lake.url, **given)


def test_the_label_knows_which_snapshot_is_chosen() -> None:
    """The list may grow on the right and shrink on the left: the choice stays what it was."""
    moments = Moments().landed((at(1), at(2), at(3))).choose(2)
    grown = moments.landed((at(2), at(3), at(4)))
    assert (grown.chosen, grown.place, moments.place) == (2, 0, 1)
    assert grown.label() == "00:00:02 UTC · 20 rows · 1 of 3"
    assert grown.landed((at(3), at(4))).label() == "snapshot 2 has expired"
    assert grown.newest().chosen == 4
    assert Moments().label() == "no snapshot yet"


def position(**given: Any) -> pd.DataFrame:
    """One position, and the one before it ten seconds earlier; keyword arguments replace."""
    now = pd.Timestamp("2026-01-02T03:04:05Z")
    plain = {
        "flight_id": "UAL7-1-2",
        "timestamp": now,
        "latitude": 40.0,
        "longitude": -100.0,
        "altitude": 36_000,
        "status": STATUSES[0],
        "region": "40_-105",
        "previous_latitude": 39.9,
        "previous_longitude": -100.0,
        "previous_timestamp": now - pd.Timedelta(seconds=60),
    }
    return pd.DataFrame([{**plain, **given}])


@pytest.mark.parametrize(
    ("before", "heading"),
    [
        ((39.9, -100.0), 0.0),
        ((40.1, -100.0), 180.0),
        ((40.0, -100.1), 90.0),
        ((40.0, -99.9), 270.0),
    ],
)
def test_the_heading_is_that_of_the_last_two_positions(
    before: tuple[float, float], heading: float
) -> None:
    """An arrowhead points from the place before to the place now."""
    table = position(previous_latitude=before[0], previous_longitude=before[1])
    flight = flights_of(table)["UAL7-1-2"]
    assert flight["heading"] == pytest.approx(heading, abs=0.1)
    assert flight["callsign"] == "UAL7"


def test_speed_is_distance_over_time() -> None:
    """A tenth of a degree of latitude in a minute is 360 knots; standing still is the ground."""
    flying = flights_of(position())["UAL7-1-2"]
    assert flying["ground_speed"] == pytest.approx(360, rel=0.01)
    assert flying["phase"] is None
    standing = flights_of(position(previous_latitude=40.0))["UAL7-1-2"]
    assert (standing["ground_speed"], standing["phase"], standing["heading"]) == (0, "TAXI", 0)


def test_a_flight_seen_once_has_no_speed() -> None:
    """Without a position before, heading is north, speed is unknown, and it is not grounded."""
    nothing = {"previous_latitude": None, "previous_longitude": None, "previous_timestamp": None}
    flight = flights_of(position(**nothing))["UAL7-1-2"]
    assert (flight["heading"], flight["ground_speed"], flight["phase"]) == (0, None, None)
    untimed = flights_of(position().drop(columns="previous_timestamp"))["UAL7-1-2"]
    assert (untimed["ground_speed"], untimed["phase"]) == (None, None)
